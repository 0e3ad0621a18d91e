"""The course of a training: numbers by hand, and that measuring it changes nothing."""

import numpy as np
import pytest
import torch

from prunescape.evaluation import metrics
from prunescape.fitting import history, parallel_training, training
from prunescape.fitting.history_names import CORRECT, LOSS, WRONG
from prunescape.fitting.resuming import Progress
from prunescape.foundations import files
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.optimising import objectives
from tests.helpers.fits import MOMENTUM, PERCEPTRON, POINT, POSTERIOR, PSGD, SPARSE

ADAM = {"kind": "adam", "learning_rate": 0.003}
FITS = {
    "Adam": (PERCEPTRON, POINT, ADAM),
    "Adam, a posterior": (PERCEPTRON, POSTERIOR, ADAM),
    "momentum, k-winners, sparse weights": (SPARSE, POINT, MOMENTUM),
    "preconditioned SGD": (PERCEPTRON, POINT, PSGD),
}
REPLICATES = [3, 1, 2]
EPOCHS = 5


def images(count, seed):
    generator = np.random.default_rng(seed)
    labels = torch.from_numpy(generator.integers(0, 10, count))
    return torch.from_numpy(generator.integers(0, 256, (count, 1, 8, 8)).astype(np.uint8)), labels


TRAINED, HELD_OUT = images(100, 0), images(70, 1)
SCALING = Scaling.fit("signed", TRAINED[0])


def fit(chosen, validation=None, replicates=REPLICATES, train=parallel_training.fit, **options):
    layers, objective, optimiser = chosen
    settings = {
        "objective": objective,
        "initial_weights": {"distribution": "he_uniform"},
        "optimiser": optimiser,
        "batch_size": 32,
        "epochs": EPOCHS,
    } | options.pop("settings", {})
    arguments = (Network(layers, (1, 8, 8)), SCALING, *TRAINED, settings, (1, "study"))
    return train(*arguments, replicates, validation=validation, **options).arrays


def looks(every):
    return history.Validation(*HELD_OUT, every)


@pytest.mark.parametrize("chosen", FITS.values(), ids=FITS)
def test_measuring_accuracy_moves_no_bit_and_is_that_of_the_table(chosen):
    blind, seeing = fit(chosen), fit(chosen, looks(2))
    assert seeing.keys() - blind.keys() == {CORRECT, WRONG}
    assert all(np.array_equal(values, seeing[name]) for name, values in blind.items())
    measured = [epoch in (1, 3, 4) for epoch in range(EPOCHS)]
    total = (seeing[CORRECT] + seeing[WRONG]).tolist()
    assert total == [[70 * each for each in measured]] * len(REPLICATES)
    network = Network(chosen[0], (1, 8, 8))
    parameters = {name: torch.from_numpy(seeing[name]) for name in network.shapes}
    parameters |= {name: torch.from_numpy(seeing[name]) for name in network.buffers}
    found = metrics.measure(network, parameters, SCALING, *HELD_OUT)
    assert seeing[CORRECT][:, -1].tolist() == found["n_correct"]


@pytest.mark.parametrize("chosen", FITS.values(), ids=FITS)
def test_a_member_has_the_history_that_it_has_alone_and_in_several_processes(chosen):
    together = fit(chosen, looks(1))
    spread = fit(chosen, looks(1), processes=2)
    alone = fit(chosen, looks(1), [REPLICATES[2]])
    for name in (LOSS, CORRECT, WRONG):
        assert np.array_equal(spread[name], together[name])
        assert np.array_equal(alone[name][0], together[name][2])
        assert together[name].shape == (len(REPLICATES), EPOCHS)


def test_the_loss_is_the_mean_over_batches_of_that_before_each_step():
    whole = {"settings": {"batch_size": 100, "epochs": 2}}
    found = fit(FITS["Adam"], **whole)
    before = fit(FITS["Adam"], settings=whole["settings"] | {"epochs": 1})
    network = Network(PERCEPTRON, (1, 8, 8))
    goal = objectives.objective(network, POINT)
    pictures = SCALING(TRAINED[0])[None].expand(len(REPLICATES), -1, -1, -1, -1)
    batch = objectives.Batch(pictures, TRAINED[1].expand(len(REPLICATES), -1))
    weights = {name: torch.from_numpy(before[name]) for name in network.shapes}
    losses = goal.loss(weights, batch).numpy()
    assert found[LOSS][:, 1] == pytest.approx(losses, rel=1e-5)

    kept = history.begin(2, 3, None)
    history.keep_losses(kept, 1, torch.tensor([[1.0, 5.0], [2.0, 5.0], [6.0, 8.0]]))
    assert kept[LOSS][:, 1].tolist() == [3.0, 6.0]
    assert np.isnan(kept[LOSS][:, [0, 2]]).all()


def test_some_epochs_alone_have_a_history_of_their_own():
    found = fit(FITS["Adam"], looks(1), settings={"span": [1, 4]})
    assert found[LOSS].shape == (len(REPLICATES), 3)
    assert np.isfinite(found[LOSS]).all()
    assert (found[CORRECT] + found[WRONG] == 70).all()


def test_a_killed_training_goes_on_with_its_history(tmp_path, monkeypatch):
    chosen, progress = FITS["Adam, a posterior"], Progress(str(tmp_path / "it"), interval=0)
    whole = fit(chosen, looks(2), train=training.fit)
    draw = training.batch_order

    def killed(*arguments):
        if arguments[3] == 3:
            raise KeyboardInterrupt
        return draw(*arguments)

    monkeypatch.setattr(training, "batch_order", killed)
    with pytest.raises(KeyboardInterrupt):
        fit(chosen, looks(2), train=training.fit, progress=progress)
    monkeypatch.setattr(training, "batch_order", draw)
    resumed = fit(chosen, looks(2), train=training.fit, progress=progress)
    for name in (LOSS, CORRECT, WRONG):
        assert np.array_equal(resumed[name], whole[name]), name


def test_held_out_images_are_those_of_the_files(tmp_path):
    pictures, labels = (each.numpy() for each in HELD_OUT)
    path = tmp_path / "validation.safetensors"
    metadata = {"dataset": "made_up", "source": "drawn", "split": "validation", "classes": 10}
    files.write_tensors(path, {"images": pictures, "labels": labels}, metadata)
    found = history.held_out([str(path)], 3, torch.device("cpu"))
    assert torch.equal(found.images, HELD_OUT[0])
    assert torch.equal(found.labels, HELD_OUT[1])
    assert [epoch for epoch in range(8) if found.due(epoch, 8)] == [2, 5, 7]
    assert history.held_out([], 0, torch.device("cpu")) is None
