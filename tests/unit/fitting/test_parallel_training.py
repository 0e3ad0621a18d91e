"""Training in several processes: the bits of one process, its divergences, its resumption."""

import numpy as np
import pytest
import torch

from prunescape.fitting import parallel_training, training
from prunescape.fitting.resuming import Progress
from prunescape.fitting.training import AllDivergedError
from prunescape.foundations import files, streams
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from tests.helpers.fits import MOMENTUM, PERCEPTRON, POINT, POSTERIOR, PSGD, SPARSE

ADAM = {"kind": "adam", "learning_rate": 0.003, "decay": {"kind": "linear", "hold": 0.4}}
FITS = {
    "Adam": (PERCEPTRON, POINT, ADAM),
    "Adam, a posterior": (PERCEPTRON, POSTERIOR, ADAM),
    "momentum, k-winners, sparse weights": (SPARSE, POINT, MOMENTUM),
    "preconditioned SGD": (PERCEPTRON, POINT, PSGD),
}
REPLICATES = [4, 1, 2, 7, 3]
ROOT = (1, "study")


def images():
    generator = np.random.default_rng(0)
    labels = torch.from_numpy(generator.integers(0, 10, 200))
    return torch.from_numpy(generator.integers(0, 256, (200, 1, 8, 8)).astype(np.uint8)), labels


def fit(fitted, processes, replicates=REPLICATES, progress=None, **more):
    layers, objective, optimiser = fitted
    settings = {
        "objective": objective,
        "initial_weights": {"distribution": "he_uniform"},
        "optimiser": optimiser,
        "batch_size": 32,
        "epochs": 4,
    }
    pictures, labels = images()
    network, scaling = Network(layers, (1, 8, 8)), Scaling.fit("signed", pictures)
    return parallel_training.fit(
        network,
        scaling,
        pictures,
        labels,
        settings,
        ROOT,
        replicates,
        progress=progress,
        processes=processes,
        **more,
    )


def assert_same(found, expected):
    assert found.replicates == expected.replicates
    assert found.diverged == expected.diverged
    assert found.arrays.keys() == expected.arrays.keys()
    for name, values in expected.arrays.items():
        assert found.arrays[name].dtype == values.dtype
        assert found.arrays[name].tobytes() == values.tobytes(), name


@pytest.mark.parametrize("fitted", FITS.values(), ids=FITS)
def test_bits_are_the_same_for_one_two_and_five_processes(fitted):
    one = fit(fitted, 1)
    assert one.replicates == REPLICATES
    for processes in (2, 5):
        assert_same(fit(fitted, processes), one)


def test_members_of_several_arms_start_with_their_weights_and_masks():
    twice = [*REPLICATES, *REPLICATES]
    start = fit(FITS["Adam"], 1, twice).arrays
    generator = np.random.default_rng(1)
    weights = [name for name in start if name.endswith(".weight")]
    free = {name: generator.random(start[name].shape) < 0.5 for name in weights}
    start = {name: value + np.float32(0.1) for name, value in start.items()}
    one, two = (
        fit(FITS["Adam"], many, twice, start=start, trainable=free, first_epoch=4)
        for many in (1, 2)
    )
    assert_same(two, one)
    for name, trained in free.items():
        assert np.array_equal(two.arrays[name][~trained], start[name][~trained])


def poisoned(monkeypatch, epochs):
    """Give replicates an infinite loss in an epoch."""
    plain = training._Training.epoch

    def epoch(self, members, number, *rest):
        losses, batch = plain(self, members, number, *rest)
        for place, replicate in enumerate(members.replicates):
            if epochs.get(replicate) == number:
                losses[1, place] = torch.inf
        return losses, batch

    monkeypatch.setattr(training._Training, "epoch", epoch)


def test_who_diverges_is_missing_and_named_as_in_one_process(monkeypatch):
    # With five processes 1 and 3 are each alone; with two, 4 and 1 are in the first.
    poisoned(monkeypatch, {1: 2, 4: 1, 3: 2})
    one = fit(FITS["Adam"], 1)
    assert one.replicates == [2, 7]
    assert [(each.epoch, each.replicate) for each in one.diverged] == [(2, 4), (3, 1), (3, 3)]
    for processes in (2, 5):
        assert_same(fit(FITS["Adam"], processes), one)


def test_a_job_fails_only_if_all_replicates_diverge(monkeypatch):
    poisoned(monkeypatch, {4: 2, 1: 0, 2: 2, 7: 1, 3: 1})
    lines = []
    for processes in (1, 2, 5):
        with pytest.raises(AllDivergedError) as raised:
            fit(FITS["Adam"], processes)
        lines.append(str(raised.value))
    assert lines[0].startswith("all 5 replicates diverged; replicate 2 diverged in epoch 3: ")
    assert set(lines) == {lines[0]}


def progress(folder, identity=""):
    return Progress(str(folder / "checkpoint"), identity, interval=0)


@pytest.fixture
def killed(tmp_path, monkeypatch):
    """Return a function that kills a training when replicate 7 begins its third epoch."""

    def kill(fitted, processes):
        plain = streams.generator

        def generator(*name):
            if name[2:] == ("batches", 7, 2):
                raise ValueError("killed")
            return plain(*name)

        with monkeypatch.context() as patch:
            patch.setattr(streams, "generator", generator)
            with pytest.raises(ValueError, match="killed"):
                fit(fitted, processes, progress=progress(tmp_path))

    return kill


@pytest.mark.parametrize("before", [1, 2, 5])
@pytest.mark.parametrize("after", [1, 2, 5])
def test_a_killed_training_goes_on_with_other_processes(killed, tmp_path, capfd, before, after):
    fitted = FITS["Adam, a posterior"]
    whole = fit(fitted, 1)
    killed(fitted, before)
    capfd.readouterr()

    again = progress(tmp_path)
    assert_same(fit(fitted, after, progress=again), whole)

    assert "goes on after epoch 2 of 4" in capfd.readouterr().err
    again.end()
    assert list(tmp_path.iterdir()) == []


def test_shares_of_another_training_are_not_used(killed, tmp_path):
    killed(FITS["Adam"], 2)
    assert progress(tmp_path).begun() == 2
    other = progress(tmp_path, "another")
    assert other.begun() == 0
    assert len(files.read_metadata(tmp_path / "checkpoint.resume.0")) > 2
    (tmp_path / "checkpoint.resume.1").write_bytes(b"half a file")
    (tmp_path / "checkpoint.resume.0").unlink()
    assert progress(tmp_path).begun() == 0


def test_one_process_shows_how_far_the_training_is(capfd):
    fit(FITS["Adam"], 5)
    shown = capfd.readouterr().err
    assert shown.count("epoch 4, loss") == 1
