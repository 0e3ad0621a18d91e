import copy
import json
from dataclasses import replace
from itertools import product

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from prunescape.jobs import targets
from prunescape.pipeline import paths, plan
from prunescape.pipeline.schedules import Point, batches
from tests.helpers.places import ROOT

DEFAULT = yaml.safe_load(ROOT.joinpath("config.yaml").read_text())
DEFAULT["studies"] = list(DEFAULT["catalogue"])


def arm(**changes):
    return {
        "fits": ["vi"],
        "criteria": ["snr", "random"],
        "scopes": ["global", "layer"],
        "selection": "exact_k",
        "effects": ["zero", "compensate"],
        "schedules": ["oneshot"],
        "levels": ["0.50", "0.90", "0.95"],
    } | changes


SCHEDULES = {
    "tuned": {"kind": "retrain", "epochs": 4},
    "chain": {
        "kind": "chain",
        "steps": [["0", 1], ["0.50", 1], ["0.90", 2], ["0.90", 2], ["0.95", 2]],
    },
}


def config(*arms, noise=(), schedules=None, **changes):
    """Return a study with the fits vi (on two networks) and point."""
    return {
        "studies": ["graves"],
        "replicates": [2],
        "levels_per_job": 2,
        "catalogue": {
            "graves": {
                "dataset": "mnist",
                "fits": {"vi": {"networks": ["logistic", "wide"]}, "point": {"networks": ["wide"]}},
                "arms": list(arms),
                "noise": list(noise),
                "schedules": schedules or {},
            },
            "other": {"dataset": "digits", "fits": {"vi": {"networks": ["wide"]}}, "arms": []},
        },
    } | changes


def test_a_study_may_have_replicates_of_its_own():
    made = config(arm(), studies=["graves", "other"], replicates=[2])
    made["catalogue"]["other"]["replicates"] = [1, 3]
    for whole in (made, plan.outline(made)):
        keys = list(plan.keys(whole))
        assert {key[11] for key in keys if key[0] == "graves"} == {1, 2}
        assert {key[11] for key in keys if key[0] == "other"} == {1, 2, 3, 4}
        files = list(plan.row_files(whole))
        assert {path.split("/")[4] for path in files if path.startswith("other")} == {
            "r1-1",
            "r2-4",
        }


def test_models_of_the_studies_that_run():
    assert plan.models(config()) == [
        ("graves", "mnist", "logistic", "vi"),
        ("graves", "mnist", "wide", "vi"),
        ("graves", "mnist", "wide", "point"),
    ]
    assert len(plan.models(config(studies=["other", "graves"]))) == 4


def test_arms_are_the_combinations_of_an_entry():
    made = config(arm(scopes=["global", "floor"], floor=4), arm(fits=["point"], criteria=["snr"]))
    dense, *arms = plan.arms(made, "graves", "vi", "wide")
    assert dense == plan.DENSE
    assert [(a.criterion, a.scope) for a in arms] == list(
        product(["snr", "random"], ["global", "floor"])
    )
    assert {a.floor for a in arms} == {4}
    assert arms[0].effects == ("zero", "compensate")
    assert arms[0].points == ((0, "0.50"), (0, "0.90"), (0, "0.95"))
    assert [(a.criterion, a.floor) for a in plan.arms(made, "graves", "point", "wide")] == [
        ("none", 0),
        ("snr", 0),
        ("snr", 0),
    ]


def test_the_same_arm_twice_is_named():
    twice = config(arm(), arm(criteria=["magnitude", "random"], scopes=["layer"], levels=["0.10"]))
    with pytest.raises(
        ValueError, match=r"graves.*fit vi.*random / layer / exact_k / oneshot twice"
    ):
        plan.arms(twice, "graves", "vi", "wide")
    # Another selection, schedule or fit makes another arm.
    for change in (
        {"selection": "threshold"},
        {"schedules": ["tuned"], "effects": ["zero"]},
        {"fits": ["point"]},
        {"networks": ["logistic"]},
    ):
        made = config(arm(), arm(**change), schedules=SCHEDULES)
        controls = 1 if "schedules" in change else 0
        pruned = 4 if "fits" in change or "networks" in change else 8
        assert len(plan.arms(made, "graves", "vi", "wide")) == 1 + controls + pruned


def test_an_arm_may_name_some_of_its_fits_networks():
    made = config(arm(networks=["logistic"]), arm(criteria=["magnitude"]))
    by_network = {
        network: [a.criterion for a in plan.arms(made, "graves", "vi", network)]
        for network in ("logistic", "wide")
    }
    assert by_network == {
        "logistic": ["none", "snr", "snr", "random", "random", "magnitude", "magnitude"],
        "wide": ["none", "magnitude", "magnitude"],
    }


def test_batches():
    levels = ("0.10", "0.20", "0.30", "0.40", "0.50")
    assert batches(levels, 2) == [("0.10", "0.20"), ("0.30", "0.40"), ("0.50",)]
    assert batches(levels, 5) == [levels]
    assert batches(levels, 99) == [levels]


@given(st.integers(1, 12), st.integers(1, 40))
def test_an_appended_level_leaves_full_batches_as_they_were(size, many):
    levels = tuple(f"0.{number:02}" for number in range(many))
    before, after = batches(levels, size), batches((*levels, "0.99"), size)
    full = many // size
    assert after[:full] == before[:full]
    assert sum(after, ()) == (*levels, "0.99")
    assert len(after) == full + 1
    assert {len(batch) for batch in after[:full]} <= {size}


NOISE = [
    {"kind": "grey_raw", "levels": ["0.10", "0.2"], "sparsities": ["0", "0.9"]},
    {"kind": "gaussian", "levels": ["0.30"]},
]


def test_noise_at_the_sparsities_that_it_names():
    made = config(arm(), noise=NOISE)
    _, some, *_ = plan.arms(made, "graves", "vi", "wide")
    grey, gaussian = [("grey_raw", "0.1"), ("grey_raw", "0.2")], [("gaussian", "0.3")]
    clean = [("none", "0")]

    model = plan.Model("graves", "mnist", "wide", "vi")

    def at(which, level):
        return plan.conditions(made, model, which, Point(0, level))

    assert at(plan.DENSE, "0") == clean + grey + gaussian
    assert at(some, "0.90") == clean + grey + gaussian  # 0.9 and 0.90 are one sparsity
    assert at(some, "0.50") == clean + gaussian
    threshold = replace(some, selection="threshold")
    assert at(threshold, "0.90") == clean
    assert plan.conditions(config(), model, some, Point(0, "0.90")) == clean
    made["catalogue"]["graves"]["noise"] = [NOISE[0] | {"networks": ["logistic"]}, *NOISE[1:]]
    assert at(some, "0.90") == clean + gaussian
    del made["catalogue"]["graves"]["noise"]
    assert at(some, "0.90") == clean


def test_the_control_of_a_chain_meets_the_noise_of_its_step():
    chain = {"kind": "chain", "steps": [["0", 1], ["0.50", 1], ["0.90", 1]]}
    made = config(
        arm(criteria=["snr"], scopes=["global"], schedules=["slow"]),
        noise=NOISE[:1],
        schedules={"slow": chain},
    )
    model = plan.Model("graves", "mnist", "wide", "vi")
    dense, control, pruned = plan.arms(made, "graves", "vi", "wide")
    assert control.criterion == "none"
    assert control.schedule == "slow"
    for point, level in enumerate(["0", "0.50", "0.90"]):
        at_control = plan.conditions(made, model, control, control.points[point])
        assert at_control == plan.conditions(made, model, pruned, Point(point, level))
    assert plan.conditions(made, model, control, control.points[1]) == [("none", "0")]
    assert len(plan.conditions(made, model, dense, Point(0, "0"))) > 1


def test_keys_are_complete():
    made = config(
        arm(),
        arm(fits=["vi", "point"], criteria=["magnitude"], selection="threshold", levels=["-1.5"]),
        noise=NOISE,
    )
    keys = list(plan.keys(made))
    assert len(keys) == len(set(keys))
    # Dense: 4 conditions. Exact k: 4 criteria and scopes x 2 effects x (2 + 4 + 2) conditions.
    # Thresholds: 2 scopes x 2 effects, clean. Two networks of vi, one of point, two replicates.
    assert len(keys) == 2 * (2 * (4 + 4 * 2 * 8 + 4) + (4 + 4))
    head = ("graves", "mnist", "wide", "point")
    dense = [key for key in keys if key[:4] == head and key[4] == "none"]
    none = ("none",) * 5
    assert dense == [
        (*head, *none, 0, 0.0, replicate, noise, noise_level, "mean")
        for noise, noise_level in [
            ("none", 0.0),
            ("grey_raw", 0.1),
            ("grey_raw", 0.2),
            ("gaussian", 0.3),
        ]
        for replicate in (1, 2)
    ]
    vi = ("graves", "mnist", "logistic", "vi")
    arms = ("random", "layer", "exact_k", "compensate", "oneshot")
    assert (*vi, *arms, 0, 0.9, 2, "grey_raw", 0.1, "mean") in keys
    assert (*vi, *arms, 0, 0.5, 2, "grey_raw", 0.1, "mean") not in keys
    arms = ("magnitude", "layer", "threshold", "compensate", "oneshot")
    assert (*head, *arms, 0, -1.5, 1, "none", 0.0, "mean") in keys


def test_posteriors_that_are_not_trained_on_have_predictive_averages_too():
    study = DEFAULT["catalogue"]["sparse_vd"]
    asked = {**DEFAULT, "studies": ["sparse_vd"], "posterior_samples": 7}
    means, averages = (
        [key for key in plan.keys(asked) if key[-1] == prediction]
        for prediction in ("mean", "sampled")
    )
    assert means == list(plan.keys({**asked, "posterior_samples": 0}))
    fits = {fit for fit, each in study["fits"].items() if each["objective"]["kind"] != "likelihood"}
    expected = [key for key in means if key[3] in fits and key[8] in ("none", "oneshot")]
    assert fits
    assert [key[:-1] for key in averages] == [key[:-1] for key in expected]
    outlined = plan.outline(asked)
    assert list(plan.keys(outlined)) == list(plan.keys(asked))
    assert "posterior_samples" not in plan.outline({**asked, "posterior_samples": 0})


def test_rows_have_files_of_their_own():
    made = config(arm(), replicates=[2, 1])
    files = list(plan.row_files(made))
    assert len(files) == len(set(files))
    # Dense and 4 arms in 2 batches; 2 blocks; 2 networks of vi; dense alone for point.
    assert len(files) == 2 * (2 * (1 + 4 * 2) + 1)
    assert "graves/mnist/wide/vi/r3-3/evaluate/snr/layer/exact_k/oneshot/b2/rows.json" in files
    assert "graves/mnist/wide/point/r1-2/evaluate/none/none/none/none/b1/rows.json" in files


def test_an_arm_that_ends_at_a_loss_is_evaluated_in_one_job():
    ending, model = config(arm(until_lost=10)), plan.Model("graves", "mnist", "wide", "vi")
    points = [len(points) for _, _, points in plan.evaluations(ending, model)]
    assert points == [1, 3, 3, 3, 3]  # dense and 4 arms
    assert list(plan.keys(ending)) == list(plan.keys(config(arm())))
    some = only(ending, ("vi", SNR, "zero", (0, 0.9)), ("vi", SNR, "zero", (0, 0.95)))
    [narrowed] = plan.arms(some, "graves", "vi", "logistic")
    assert narrowed.until_lost is None  # each of these rows is wanted


def test_outcomes_with_some_rows_are_those_of_their_arms_and_batches():
    made = config(arm(), noise=NOISE, replicates=[2, 1])
    chosen = [
        key
        for key in plan.keys(made)
        if key[3] == "vi" and key[4] in ("none", "snr") and key[10] < 0.6
    ]
    assert chosen
    files = list(plan.outcome_files_with(made, chosen[:1]))
    [model] = {"/".join(key[:4]) for key in chosen[:1]}
    name = "evaluate/none/none/none/none/b1/outcomes.safetensors"
    assert files == [f"{model}/{block}/{name}" for block in ("r1-2", "r3-3")]
    several = list(plan.outcome_files_with(made, chosen))
    assert set(several) < set(plan.outcome_files(made))
    assert {path.split("/")[6] for path in several} == {"none", "snr"}
    assert not [path for path in several if "/b2/" in path]
    assert list(plan.outcome_files_with(made, plan.keys(made))) == list(plan.outcome_files(made))


def test_what_is_appended_adds_files_and_moves_none():
    before = config(arm(levels=["0.50", "0.90"]))
    more_levels = config(arm(levels=["0.50", "0.90", "0.95"]))
    more_replicates = before | {"replicates": [2, 4]}
    for after, new in [(more_levels, "/b2/"), (more_replicates, "/r3-6/")]:
        added = set(plan.row_files(after)) - set(plan.row_files(before))
        assert set(plan.row_files(before)) <= set(plan.row_files(after))
        assert added
        assert all(new in path for path in added)
        assert set(plan.keys(before)) < set(plan.keys(after))


def test_the_outline_has_all_that_decides_the_rows():
    for whole in (DEFAULT, config(arm(), noise=NOISE, replicates=[2, 1]), chained(noise=NOISE)):
        outline = json.loads(json.dumps(plan.outline(whole)))
        assert list(plan.keys(outline)) == list(plan.keys(whole))
        assert list(plan.row_files(outline)) == list(plan.row_files(whole))


def test_the_outline_tells_how_numbers_are_rounded():
    made = config(arm(), studies=["graves", "other"])
    made["catalogue"]["other"]["rounding"] = "down"
    for whole in (made, plan.outline(made)):
        assert plan.roundings(whole) == {"graves": "nearest", "other": "down"}


def test_the_outline_has_nothing_of_training():
    changed = copy.deepcopy(DEFAULT)
    for study in changed["catalogue"].values():
        for fit in study["fits"].values():
            fit |= {"epochs": 1, "batch_size": 2, "optimiser": {}, "objective": {}, "scaling": ""}
    changed |= {"device": "cuda", "seed": 1, "figures": {}, "networks": {}, "sources": {}}
    assert plan.outline(changed) == plan.outline(DEFAULT)


def test_the_outline_is_the_same_however_a_sparsity_is_spelled():
    noise = {"kind": "gaussian", "levels": ["0.1"]}
    one, other, third = (
        plan.outline(config(arm(), noise=[noise | {"sparsities": sparsities}]))
        for sparsities in (["0", "0.90"], ["0.900", "0"], ["0", "0.80"])
    )
    assert one == other != third


def test_the_default_run():
    keys = list(plan.keys(DEFAULT))
    assert len(keys) == len(set(keys))
    rows = list(plan.row_files(DEFAULT))
    assert len(rows) == len(set(rows))
    # A job writes a folder, but for the splits of a data set; beside these the run has a handful.
    folders = {path.rpartition("/")[0] for path in targets.intermediates(DEFAULT)}
    assert len(rows) + len(folders) + 30 <= 400


def test_levels_are_never_formatted_floats():
    made = config(arm(levels=["0.50", "0.5000"]))
    _, some, *_ = plan.arms(made, "graves", "vi", "wide")
    assert [paths.MASKS.format(**FIELDS, level=point.level) for point in some.points] == [
        "s/d/n/f/r1-2/prune/exact_k/0.50/masks.safetensors",
        "s/d/n/f/r1-2/prune/exact_k/0.5000/masks.safetensors",
    ]


# Training after pruning.


def chained(noise=(), schedules=SCHEDULES, **changes):
    """Return a config in which two arms go through a chain, and three train level by level."""
    chain = arm(
        criteria=["magnitude", "random"], scopes=["global"], effects=["zero"], schedules=["chain"]
    )
    del chain["levels"]
    tuned = arm(criteria=["magnitude", "snr"], scopes=["global"], effects=["zero", "freeze"])
    tuned |= {"schedules": ["tuned"]}
    more = arm(criteria=["magnitude"], scopes=["layer"], effects=["zero"], schedules=["tuned"])
    more |= {"levels": ["0.50", "0.70", "0.80", "0.85", "0.95"]}
    return config(chain, tuned, more, noise=noise, schedules=schedules, **changes)


VI = plan.Model("graves", "mnist", "logistic", "vi")


def arms_of(made):
    """Return the arms of VI by their names."""
    return {a.name: a for a in plan.arms(made, "graves", "vi", "logistic")}


CHAIN = ("magnitude", "global", "exact_k", "chain")
CHAIN_CONTROL = ("none", "none", "none", "chain")
TUNED = ("magnitude", "global", "exact_k", "tuned")
TUNED_CONTROL = ("none", "none", "none", "tuned")


def test_a_chain_gives_its_levels_and_a_control_at_every_step():
    arms = arms_of(chained())
    levels = ["0", "0.50", "0.90", "0.90", "0.95"]
    assert arms[CHAIN].points == tuple(enumerate(levels))
    assert arms["random", "global", "exact_k", "chain"].points == arms[CHAIN].points
    control = arms[CHAIN_CONTROL]
    assert control.points == tuple((step, "0") for step in range(5))
    assert control.effects == ("none",)


def test_a_studys_own_scope_is_an_arm_of_its_name():
    own = {"inner": {"kind": "layer", "except": [1, -1]}}
    made = config(arm(scopes=["layer", "inner"]))
    made["catalogue"]["graves"]["scopes"] = own
    found = arms_of(made)
    assert found["snr", "inner", "exact_k", "oneshot"].within == ("layer", (), (1, -1), (), "")
    assert found["snr", "layer", "exact_k", "oneshot"].within == ("layer", (), (), (), "")
    outline = plan.outline(made)
    assert list(plan.keys(outline)) == list(plan.keys(made))
    assert {key[5] for key in plan.keys(made)} == {"none", "layer", "inner"}
    assert plan.own_scopes(outline) == {"graves": {"inner": "layer"}}
    assert plan.own_scopes(config(arm())) == {"graves": {}}
    assert any("/evaluate/snr/inner/exact_k/oneshot/" in path for path in plan.row_files(made))


def test_levels_that_are_trained_independently_have_one_control():
    arms = arms_of(chained())
    assert arms[TUNED].points == ((0, "0.50"), (0, "0.90"), (0, "0.95"))
    assert arms[TUNED_CONTROL].points == ((0, "0"),)
    # Each schedule has one control, however many arms it has; oneshot and unused ones have none.
    assert sorted(name[3] for name in arms if name[0] == "none") == ["chain", "none", "tuned"]
    assert plan.arms(chained(), "graves", "point", "wide") == [plan.DENSE]
    assert all(name[0] != "none" or name[3] == "none" for name in arms_of(config(arm())))


def test_levels_of_a_oneshot_arm_and_a_chain_in_one_entry():
    both = arm(criteria=["snr"], scopes=["global"], effects=["zero"])
    both |= {"schedules": ["oneshot", "chain"]}
    arms = arms_of(config(both, schedules=SCHEDULES))
    assert arms["snr", "global", "exact_k", "oneshot"].points == (
        *((0, "0.50"), (0, "0.90"), (0, "0.95")),
    )
    assert arms["snr", "global", "exact_k", "chain"].points[-1] == (4, "0.95")


def test_a_step_trains_all_arms_of_its_chain_and_the_control():
    made = chained()
    for step, level in enumerate(["0", "0.50", "0.90", "0.90", "0.95"]):
        found = plan.retrained(made, VI, "chain", f"s{step}")
        assert [(a.name, points) for a, points in found] == [
            (CHAIN_CONTROL, [(step, "0")]),
            (CHAIN, [(step, level)]),
            (("random", "global", "exact_k", "chain"), [(step, level)]),
        ]
    assert plan.retrained(made, VI, "chain", "s5") == []


def test_a_batch_trains_its_levels_of_every_arm_and_the_first_the_control():
    made = chained()  # two levels a job
    layer = ("magnitude", "layer", "exact_k", "tuned")
    snr = ("snr", "global", "exact_k", "tuned")
    first, second, third = (
        {a.name: [level for _, level in points] for a, points in found}
        for found in (plan.retrained(made, VI, "tuned", f"b{batch}") for batch in (1, 2, 3))
    )
    assert first == {
        TUNED_CONTROL: ["0"],
        TUNED: ["0.50", "0.90"],
        snr: ["0.50", "0.90"],
        layer: ["0.50", "0.70"],
    }
    assert second == {TUNED: ["0.95"], snr: ["0.95"], layer: ["0.80", "0.85"]}
    assert third == {layer: ["0.95"]}
    assert plan.retrained(made, VI, "tuned", "b4") == []
    assert plan.retrained(made, VI._replace(fit="point", network="wide"), "tuned", "b1") == []


@given(st.integers(1, 7))
def test_every_point_is_trained_in_exactly_the_jobs_that_are_named(size):
    made = chained(levels_per_job=size)
    for one in arms_of(made).values():
        parts = plan.parts(made, "graves", one, one.points)
        if one.schedule == "none":
            assert parts == []
            continue
        trained = [
            point
            for part in parts
            for other, points in plan.retrained(made, VI, one.schedule, part)
            for point in points
            if other == one
        ]
        assert trained == list(one.points)
        # An evaluation of a batch of levels reads one batch of trained ones.
        for batch in batches(one.points, size):
            few = plan.parts(made, "graves", one, batch)
            assert len(few) == (len(batch) if one.schedule == "chain" else 1)


def test_rows_of_a_recurring_level_differ_in_their_step():
    made = chained(noise=NOISE)
    keys = list(plan.keys(made))
    assert len(keys) == len(set(keys))
    vi = ("graves", "mnist", "logistic", "vi")
    clean = [key for key in keys if key[:4] == vi and key[-5:] == (0.9, 1, "none", 0.0, "mean")]
    chain = [key for key in clean if key[8] == "chain"]
    assert chain == [
        (*vi, criterion, "global", "exact_k", "zero", "chain", step, 0.9, 1, "none", 0.0, "mean")
        for criterion in ("magnitude", "random")
        for step in (2, 3)
    ]
    control = [key for key in keys if key[:4] == vi and key[4] == "none" and key[8] == "chain"]
    assert {(key[9], key[10]) for key in control} == {(step, 0.0) for step in range(5)}
    # Of each network, clean: 2 arms and a control at 5 steps; at 3 levels 2 arms with 2 effects, at
    # 5 levels one, and a control; the dense network. Two replicates.
    clean = [key for key in keys if key[:4] == vi and key[-3] == "none"]
    assert len(clean) == 2 * (3 * 5 + 2 * 2 * 3 + 5 + 1 + 1)


def test_the_control_of_a_schedule_has_rows_and_a_file_of_its_own():
    files = list(plan.row_files(chained()))
    assert len(files) == len(set(files))
    place = "graves/mnist/logistic/vi/r1-2/evaluate"
    for name in ("none/none/none/none/b1", "none/none/none/chain/b1", "none/none/none/tuned/b1"):
        assert f"{place}/{name}/rows.json" in files
    assert f"{place}/none/none/none/chain/b3/rows.json" in files
    assert f"{place}/magnitude/global/exact_k/chain/b3/rows.json" in files
    assert f"{place}/none/none/none/tuned/b2/rows.json" not in files


def test_an_appended_step_extends_the_chain_and_moves_nothing():
    steps = SCHEDULES["chain"]["steps"]
    longer = {"kind": "chain", "steps": [*steps, ["0.95", 2]]}
    before, after = chained(), chained(schedules=SCHEDULES | {"chain": longer})
    for step in range(len(steps)):
        old, new = (plan.retrained(made, VI, "chain", f"s{step}") for made in (before, after))
        assert [(a.name, points) for a, points in old] == [(a.name, points) for a, points in new]
    assert set(plan.row_files(before)) <= set(plan.row_files(after))
    added = set(plan.keys(after)) - set(plan.keys(before))
    assert set(plan.keys(before)) < set(plan.keys(after))
    assert {(key[8], key[9]) for key in added} == {("chain", 5)}


def test_the_fine_schedule_of_the_default_run():
    arms = plan.arms(DEFAULT, "magnitude", "adam", "mlp_250_100")
    fine = {a.name: a for a in arms if a.schedule == "fine"}
    assert set(fine) == {
        ("none", "none", "none", "fine"),
        ("magnitude", "global", "exact_k", "fine"),
        ("magnitude", "floor", "exact_k", "fine"),
    }
    points = fine["magnitude", "floor", "exact_k", "fine"].points
    assert len(points) == 23
    assert [point.step for point in points if point.level == "0.90"] == [14, 15]
    assert fine["none", "none", "none", "fine"].points == tuple((step, "0") for step in range(23))
    assert {a.floor for a in fine.values() if a.scope == "floor"} == {500}
    keys = [key for key in plan.keys(DEFAULT) if key[0] == "magnitude" and key[8] == "fine"]
    at = {key[9] for key in keys if key[4] == "magnitude" and key[10] == 0.9}
    assert at == {14, 15}


FIELDS = {
    "study": "s",
    "dataset": "d",
    "network": "n",
    "fit": "f",
    "first": 1,
    "last": 2,
    "selection": "exact_k",
}


def test_a_run_of_some_fits_has_models_of_no_other():
    some = {**DEFAULT, "fits": ["as_published"]}
    expected = [model for model in plan.models(DEFAULT) if model.fit == "as_published"]
    assert plan.models(some) == expected != []
    assert {key[3] for key in plan.keys(plan.outline(some))} == {"as_published"}


# Blocks that were appended for some rows.


def only(made, *rows):
    """Return the config with some rows alone; a row: fit, arm's name, effect, point, noise."""
    found = [
        ("logistic", fit, *arm[:3], effect, arm[3], *point, *noise)
        for fit, arm, effect, point, *noise in rows
    ]
    return {**made, "rows": frozenset((*row, "none", 0.0)[:11] for row in found)}


SNR = ("snr", "global", "exact_k", "oneshot")
CHAINED = ("magnitude", "global", "exact_k", "chain")


def test_only_the_arms_points_and_effects_with_rows_are_left():
    rows = ("vi", SNR, "zero", (0, 0.9)), ("vi", SNR, "compensate", (0, 0.5))
    made = only(config(arm(), schedules=SCHEDULES), *rows, ("vi", SNR, "zero", (0, 0.95)))
    zero, compensate = plan.arms(made, "graves", "vi", "logistic")
    assert zero.name == compensate.name == SNR
    assert (zero.effects, zero.points) == (("zero",), (Point(0, "0.90"), Point(0, "0.95")))
    assert (compensate.effects, compensate.points) == (("compensate",), (Point(0, "0.50"),))
    assert plan.arms(made, "graves", "vi", "wide") == []
    model = plan.Model("graves", "mnist", "logistic", "vi")
    # One after the other, so that no two jobs have the same files.
    assert [(number, points) for _, number, points in plan.evaluations(made, model)] == [
        (1, zero.points),
        (2, compensate.points),
    ]
    assert [each[1] for each in plan.evaluations({**made, "levels_per_job": 1}, model)] == [1, 2, 3]


def test_only_the_noise_of_the_rows_is_left():
    noise = [{"kind": "grey_raw", "levels": ["0.1", "0.20"]}]
    made = config(arm(), noise=noise)
    dense = ("none", "none", "none", "none")
    rows = ("vi", SNR, "zero", (0, 0.9), "grey_raw", 0.2), ("vi", dense, "none", (0, 0.0))
    made = only(made, *rows)
    model = plan.Model("graves", "mnist", "logistic", "vi")
    [unpruned, pruned] = plan.arms(made, "graves", "vi", "logistic")
    assert plan.conditions(made, model, pruned, pruned.points[0]) == [("grey_raw", "0.2")]
    assert plan.conditions(made, model, unpruned, unpruned.points[0]) == [plan.NO_NOISE]


def test_a_chain_is_trained_to_the_last_step_with_a_row_and_evaluated_where_rows_are():
    steps = arm(criteria=["magnitude"], effects=["zero"], schedules=["chain"])
    steps.pop("levels")
    control = ("none", "none", "none", "chain")
    made = config(steps, schedules=SCHEDULES)
    made = only(made, ("vi", CHAINED, "zero", (3, 0.9)), ("vi", control, "none", (1, 0.0)))
    model = plan.Model("graves", "mnist", "logistic", "vi")
    dense, pruned = plan.arms(made, "graves", "vi", "logistic")
    assert [point.step for point in dense.points] == [0, 1]
    assert [point.step for point in pruned.points] == [0, 1, 2, 3]
    assert [len(plan.retrained(made, model, "chain", f"s{step}")) for step in range(5)] == [
        *(2, 2, 1, 1),
        0,
    ]
    evaluated = [points for _, _, points in plan.evaluations(made, model)]
    assert evaluated == [(Point(1, "0"),), (Point(3, "0.90"),)]


def test_appended_rows_join_the_table_and_their_jobs_stand_apart():
    row = {"network": "logistic", "fit": "vi", "criterion": "snr", "scope": "global"}
    row |= {"selection": "exact_k", "effect": "zero", "schedule": "oneshot", "step": 0}
    row |= {"level": 0.9, "noise": "none", "noise_level": 0.0}
    before = config(arm())
    entries = [{"first": 3, "last": 5, "rows": [row]}]
    after = before | {"appended": {"graves": entries}}
    begin = ("graves", "mnist", "logistic", "vi", *SNR[:3], "zero", "oneshot", 0, 0.9)
    assert set(plan.keys(after)) - set(plan.keys(before)) == {
        (*begin, replicate, "none", 0.0, "mean") for replicate in (3, 4, 5)
    }
    assert len(list(plan.keys(after))) == len(list(plan.keys(before))) + 3
    added = set(plan.row_files(after)) - set(plan.row_files(before))
    assert added == {
        "graves/mnist/logistic/vi/r3-5_1/evaluate/snr/global/exact_k/oneshot/b1/rows.json"
    }
    # Of rows that the config hasn't any more nothing is left.
    gone = config(arm(levels=["0.50"])) | {"appended": {"graves": entries}}
    assert list(plan.keys(gone)) == list(plan.keys(config(arm(levels=["0.50"]))))
    assert not any("_1/" in path for path in plan.row_files(gone))


def test_the_noise_is_checked_on_the_blocks_that_were_appended_for_it():
    model = plan.Model("graves", "mnist", "logistic", "vi")
    entries = [{"first": 3, "last": 5, "rows": [{"network": "logistic", "fit": "vi"}]}]
    made = config(arm(), appended={"graves": entries})
    assert [block[:2] for block in plan.checked(made, model)] == [(1, 2), (3, 5)]
    assert [block[:2] for block in plan.checked(made, model._replace(fit="point"))] == [(1, 2)]
    assert list(plan.keys(made)) == list(plan.keys(config(arm())))
