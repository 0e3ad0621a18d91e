"""A replicate that diverges leaves its block; the others end with the bits that they always had."""

import re

import numpy as np
import pytest
import torch

from prunescape.evaluation import columns, evaluating, gates, table
from prunescape.fitting import divergence, training
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.fitting.divergence import Divergence
from prunescape.fitting.resuming import Progress
from prunescape.foundations import files
from prunescape.networks import products
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.optimising import first_images
from prunescape.optimising.objectives import Likelihood, Variational
from prunescape.pruning import selection
from tests.helpers.evaluations import dense, outcomes, record, row
from tests.helpers.factories import checkpoint, uint8_images
from tests.helpers.fits import MOMENTUM, PERCEPTRON, POINT, POSTERIOR, PSGD, SPARSE

FITS = {
    "Adam, a posterior": (PERCEPTRON, POSTERIOR, {"kind": "adam", "learning_rate": 0.003}),
    "momentum, k-winners, sparse weights": (SPARSE, POINT, MOMENTUM),
    "preconditioned SGD": (PERCEPTRON, POINT, PSGD),
}
LOST = Divergence(2, 3, 4, "nan", "0.5", "optimiser.learning_rate 9 (lower it)", "checkpoint")


class KilledError(Exception):
    """Stands for the end of a process in the middle of an epoch."""


@pytest.fixture(params=[500, 10_000], ids=["input by input", "unit by unit"])
def fit(request, monkeypatch):
    """Return a function that trains, and can poison members of a replicate, or die, at a step."""
    monkeypatch.setattr(products, "LARGE", request.param)  # how weights after k-winners lie
    generator = np.random.default_rng(0)
    labels = torch.from_numpy(generator.integers(0, 10, 200))
    images = torch.from_numpy(generator.integers(0, 256, (200, 1, 8, 8)).astype(np.uint8))
    scaling = Scaling.fit("signed", images)

    def train(
        layers, objective, optimiser, replicates, poison=None, dies_at=None, after=None, **options
    ):
        steps = [0]

        def disturbed(real):
            def descend(goal, ensemble, *rest):
                steps[0] += 1
                if steps[0] == dies_at:
                    raise KilledError
                if poison and steps[0] == poison[0]:
                    with torch.no_grad():
                        for name in goal.network.shapes:
                            ensemble.tensors[name][poison[1]] = torch.inf
                losses = real(goal, ensemble, *rest)
                if after and steps[0] == after[0]:
                    with torch.no_grad():
                        for name in goal.network.shapes:
                            ensemble.tensors[name][after[1]] = after[2]
                return losses

            return descend

        with monkeypatch.context() as patched:
            for owner in (Variational, Likelihood, first_images):
                patched.setattr(owner, "descend", disturbed(owner.descend))
            settings = {"objective": objective, "optimiser": optimiser, "batch_size": 32}
            settings |= {"initial_weights": {"distribution": "he_uniform"}, "epochs": 5}
            network = Network(layers, (1, 8, 8))
            common = (network, scaling, images, labels, settings, (1, "study"), replicates)
            return training.fit(*common, **options)

    return train


def equal(found, expected):
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert np.array_equal(found[name], values), name


@pytest.mark.parametrize("settings", FITS.values(), ids=FITS)
def test_the_others_end_with_the_bits_of_an_undisturbed_run(fit, settings, capsys):
    undisturbed = fit(*settings, [1, 2, 3])
    assert undisturbed.diverged == []

    found = fit(*settings, [1, 2, 3], poison=(10, 1))  # of 7 steps an epoch

    assert found.replicates == [1, 3]
    [lost] = found.diverged
    assert (lost.replicate, lost.epoch, lost.step, lost.loss) == (2, 2, 3, "nan")
    assert float(lost.before) > 0
    kind = settings[2]["kind"]
    assert lost.setting.startswith("optimiser.scale" if kind == "psgd" else "optimiser.learning_ra")
    equal(found.arrays, {name: each[[0, 2]] for name, each in undisturbed.arrays.items()})
    assert f"{lost}\n" in capsys.readouterr().err.replace("\r", "\n")


def test_under_masks_a_replicate_leaves_all_arms_and_held_weights_stay(fit):
    settings = FITS["momentum, k-winners, sparse weights"]
    members = [1, 2, 3, 1, 2, 3]
    before = fit(*settings, [1, 2, 3]).arrays
    start = {name: np.concatenate([each, each]) for name, each in before.items()}
    generator = np.random.default_rng(1)
    free = {"1.weight": generator.random(start["1.weight"].shape) < 0.5}
    options = {"start": start, "trainable": free, "first_epoch": 5}
    undisturbed = fit(*settings, members, **options).arrays

    found = fit(*settings, members, poison=(10, 4), **options)

    assert found.replicates == [1, 3, 1, 3]
    assert [each.replicate for each in found.diverged] == [2]
    equal(found.arrays, {name: each[[0, 2, 3, 5]] for name, each in undisturbed.items()})


@pytest.mark.parametrize("settings", FITS.values(), ids=FITS)
def test_who_diverged_before_a_kill_is_known_after_it(fit, settings, tmp_path):
    whole = fit(*settings, [1, 2, 3], poison=(10, 0))

    def progress():
        return Progress(str(tmp_path / "checkpoint"), interval=0)

    with pytest.raises(KilledError):
        fit(*settings, [1, 2, 3], poison=(10, 0), dies_at=24, progress=progress())
    resumed = fit(*settings, [1, 2, 3], progress=progress())

    assert resumed.diverged == whole.diverged
    assert resumed.replicates == [2, 3]
    equal(resumed.arrays, whole.arrays)


def test_a_last_step_that_leaves_no_number_is_a_divergence(fit):
    rate = {"kind": "sgd", "learning_rate": float("inf"), "momentum": 0.0}
    with pytest.raises(ValueError, match="all 2 replicates diverged; replicate 2 diverged in epo"):
        fit(PERCEPTRON, POINT, rate, [1, 2])


def test_a_last_step_after_which_logits_overflow_is_a_divergence(fit):
    rate = {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.0}
    last = 5 * 7

    found = fit(PERCEPTRON, POINT, rate, [1, 2], after=(last, 1, 1e25))

    assert all(np.isfinite(values).all() for values in found.arrays.values())
    assert found.replicates == [1]
    [lost] = found.diverged
    assert (lost.replicate, lost.epoch, lost.step) == (2, 5, 7)


def test_a_fit_that_goes_on_from_another_lacks_its_replicates_under_the_others_name():
    lost = divergence.records([Divergence(2, 3, 4, "nan", "", "rate", "run/a/likely/r1-2/c")])[0]
    key = {"study": "a", "dataset": "mnist", "network": "net"}
    missing = [key | {"fit": fit, "divergence": lost} for fit in ("likely", "posterior")]
    for order in (missing, missing[::-1]):
        [found] = divergence.rows([{"missing": order}])
        assert found["fit"] == "likely"


def test_what_cannot_be_the_learning_rate_is_not_blamed_on_it():
    settings = {"optimiser": MOMENTUM, "initial_weights": {"distribution": "normal", "scale": 1e30}}
    assert divergence.likely(settings, 1, 1).startswith("initial_weights {'distribution'")
    assert divergence.likely(settings, 1, 2).startswith("optimiser.learning_rate 0.1")
    assert divergence.likely({"optimiser": MOMENTUM}, 1, 1).startswith("optimiser.learning_rate")


def test_a_checkpoint_names_who_is_missing_and_is_the_same_file_if_nobody_is(tmp_path):
    whole = checkpoint(PERCEPTRON, replicates=[1, 3])
    whole.save(str(tmp_path / "whole"))
    assert "diverged" not in files.read_tensors(tmp_path / "whole")[1]
    lost = Divergence(2, 3, 4, "nan", "0.5", "optimiser.learning_rate 9")
    path = str(tmp_path / "checkpoint")
    Checkpoint(
        *(whole.layers, whole.image, whole.scaling, whole.arrays, [1, 3], {}), diverged=(lost,)
    ).save(path)

    [found] = Checkpoint.load(path).diverged

    assert (found.replicate, found.step, found.checkpoint) == (2, 4, path)
    assert "\n" not in str(found)


def test_evaluations_name_the_networks_that_are_missing():
    fitted = checkpoint(PERCEPTRON, replicates=[1, 3])
    short = Checkpoint(
        *(fitted.layers, fitted.image, fitted.scaling, fitted.arrays, [1, 3], {}), diverged=(LOST,)
    )
    shapes = {layer.name: (3, *layer.shape) for layer in fitted.network.weighted}
    generator = np.random.default_rng(0)
    kept = {f"snr/global/{k}": generator.random(shape) < 0.5 for k, shape in shapes.items()}
    arm = {"criterion": "snr", "scope": "global", "selection": "exact_k", "schedule": "oneshot"}
    arm |= {"within": ["global"], "effects": ["zero"], "points": [[0, "0.50"], [0, "0.90"]]}
    packed = selection.pack(kept), [1, 2, 3]  # of a step before, when all three were there
    cases = evaluating.cases(short, [], [packed, packed], arm, [[("none", "0")]] * 2)

    labels = torch.zeros(30, dtype=torch.long)
    rows = evaluating.rows(cases, {}, uint8_images(30), labels, (1, "a"))
    by_replicate = {row["replicate"]: row["kept_weights"] for row in rows}
    counts = np.sum([mask.reshape(3, -1).sum(1) for mask in kept.values()], axis=0)
    assert by_replicate == {1: counts[0], 3: counts[2]}
    missing = evaluating.missing(cases)
    assert [(each["level"], each["replicate"]) for each in missing] == [(0.5, 2), (0.9, 2)]
    assert {each["divergence"]["checkpoint"] for each in missing} == {"checkpoint"}


# What the table accepts.


def explained(*networks):
    """Return a record that names networks as missing."""
    keys = list(columns.KEY)[: gates.NETWORK]
    lost = {"divergence": divergence.records([LOST])[0]}
    named = [{key: network[key] for key in keys} | lost for network in networks]
    return record() | {"missing": named}


ROWS = [make(replicate=r) for r in (1, 2, 3) for make in (dense, row)]
EXPECTED = [tuple(each[name] for name in columns.KEY) for each in ROWS]
WITHOUT = [each for each in ROWS if each["replicate"] != 2]


def test_rows_of_a_diverged_replicate_may_be_missing_and_are_listed(tmp_path):
    records = [record(*WITHOUT), explained(ROWS[2], ROWS[3])]
    scores = gates.passed(records, EXPECTED, map(outcomes, records))
    assert sorted(set(scores["replicate"])) == [1, 3]
    table.write_csv(table.of_diverged(records), tmp_path / "diverged.csv")
    [found] = divergence.read(tmp_path / "diverged.csv")
    assert divergence.sentence(found) == (
        "graves / mnist / logistic / vi: replicate 2 of checkpoint diverged in epoch 3: loss nan "
        "at step 4 (0.5 before it); likely setting: optimiser.learning_rate 9 (lower it)"
    )


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([record(*WITHOUT)], "complete: 2 rows missing"),
        ([record(*WITHOUT), explained(ROWS[3])], "complete: 1 row missing: .*none none none none"),
        (
            [record(*WITHOUT[1:]), explained(ROWS[2], ROWS[3])],
            "complete: 1 row missing: .* replicate 1 ",
        ),
        (
            [record(*ROWS), explained(ROWS[3])],
            "complete: 1 row of a replicate that is said to have diverged",
        ),
        (
            [record(*ROWS), explained(row(replicate=9))],
            "complete: 1 row said to be missing, but not expected",
        ),
        (
            [record(*WITHOUT), record() | {"missing": [{"study": "graves"}]}],
            "missing network: expected a divergence and a key",
        ),
        (
            [record(*WITHOUT), record() | {"missing": [ROWS[2] | {"divergence": {"no": 1}}]}],
            "not the record of a divergence",
        ),
    ],
    ids=[
        "nothing said",
        "another arm",
        "another replicate",
        "rows too",
        "unknown",
        "key",
        "record",
    ],
)
def test_only_what_is_explained_may_be_missing(records, message):
    with pytest.raises(ValueError, match=message) as error:
        gates.passed(records, EXPECTED, map(outcomes, records))
    assert re.fullmatch(r"[^\n]*", str(error.value))
