"""A training that was killed goes on from its last epoch and ends with the same bits."""

import time

import numpy as np
import pytest
import torch

from prunescape.fitting import resuming, training
from prunescape.fitting.resuming import Progress
from prunescape.foundations import files
from prunescape.networks import products
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.running import log_endings
from tests.helpers.fits import MOMENTUM, PERCEPTRON, POINT, POSTERIOR, PSGD, SPARSE

DECAY = {"kind": "linear", "hold": 0.4}
ADAM = {"kind": "adam", "learning_rate": 0.003, "decay": DECAY}
RECIPE_OBJECTIVE = POINT | {"label_smoothing": 0.1}
RECIPE = MOMENTUM | {
    "nesterov": True,
    "weight_decay": {"rate": 0.001, "reaches": "weights"},
    "clip_norm": 0.5,
    "average": 0.9,
    "warm_up": {"epochs": 1, "start": 0.1},
    "decay": {"kind": "cosine"},
}
AUGMENTATION = {"crop": {"padding": 1}, "flip": True, "mixup": {"alpha": 0.3}}
FITS = {
    "Adam, a posterior": (PERCEPTRON, POSTERIOR, ADAM),
    "momentum, k-winners, sparse weights": (SPARSE, POINT, MOMENTUM),
    "preconditioned SGD": (PERCEPTRON, POINT, PSGD),
    "a recipe": (PERCEPTRON, RECIPE_OBJECTIVE, RECIPE),
}


class KilledError(Exception):
    """Stands for the end of a process in the middle of an epoch."""


@pytest.fixture(params=[500, 10_000], ids=["input by input", "unit by unit"])
def fit(request, tmp_path, monkeypatch):
    """Return a function that trains 5 epochs, or dies in the one that it is told."""
    monkeypatch.setattr(products, "LARGE", request.param)  # how weights after k-winners lie
    monkeypatch.setattr(log_endings, "_elsewhere", {"memory": 0.0, "seconds": 0.0, "start": 0.0})
    generator = np.random.default_rng(0)
    labels = torch.from_numpy(generator.integers(0, 10, 200))
    images = torch.from_numpy(generator.integers(0, 256, (200, 1, 8, 8)).astype(np.uint8))
    scaling = Scaling.fit("signed", images)
    draw = training.batch_order

    def train(layers, objective, optimiser, progress=None, dies_in=None):
        def order(*arguments):
            if arguments[3] == dies_in:
                raise KilledError
            epochs.append(arguments[3])
            return draw(*arguments)

        epochs = []
        monkeypatch.setattr(training, "batch_order", order)
        settings = {
            "objective": objective,
            "initial_weights": {"distribution": "he_uniform"},
            "optimiser": optimiser,
            "batch_size": 32,
            "epochs": 5,
        }
        if optimiser is RECIPE:
            settings["augmentation"] = AUGMENTATION
        network = Network(layers, (1, 8, 8))
        common = (network, scaling, images, labels, settings, (1, "study"), [1, 2])
        return training.fit(*common, progress=progress).arrays, epochs

    return train


def progress(folder, *identity):
    return Progress(str(folder / "checkpoint"), *identity, interval=0)


@pytest.mark.parametrize("settings", FITS.values(), ids=FITS)
def test_a_killed_training_ends_with_the_bits_of_an_undisturbed_one(fit, tmp_path, settings):
    whole, _ = fit(*settings)
    with pytest.raises(KilledError):
        fit(*settings, progress(tmp_path), dies_in=3)

    resumed, epochs = fit(*settings, progress(tmp_path))

    assert epochs == [3, 4]
    assert resumed.keys() == whole.keys()
    for name, values in whole.items():
        assert np.array_equal(resumed[name], values), name


def test_what_was_spent_before_a_kill_counts(fit, tmp_path):
    settings, begun = FITS["preconditioned SGD"], time.process_time()
    for dies_in in (2, 4):
        with pytest.raises(KilledError):
            fit(*settings, progress(tmp_path), dies_in=dies_in)
    both = time.process_time() - begun
    before = log_endings.earlier()  # of the first, when the second took it over
    kept = files.read_metadata(progress(tmp_path).path)["cpu_seconds"]
    assert 0 < before < kept < both
    fit(*settings, progress(tmp_path))
    assert log_endings.earlier() == before + kept


def test_what_another_training_kept_is_not_used(fit, tmp_path, monkeypatch):
    settings = FITS["Adam, a posterior"]
    with pytest.raises(KilledError):
        fit(*settings, progress(tmp_path, "seed 1"), dies_in=3)

    assert fit(*settings, progress(tmp_path, "seed 2"))[1] == [0, 1, 2, 3, 4]

    with pytest.raises(KilledError):
        fit(*settings, progress(tmp_path, "seed 1"), dies_in=3)
    monkeypatch.setattr(torch, "__version__", "0.0")
    assert fit(*settings, progress(tmp_path, "seed 1"))[1] == [0, 1, 2, 3, 4]


def test_a_file_that_was_read_decides_by_its_bytes(fit, tmp_path):
    read = tmp_path / "net.py"
    read.write_text("units = 5")
    same = progress(tmp_path, "seed 1", [files.sha256(read)])
    with pytest.raises(KilledError):
        fit(*FITS["Adam, a posterior"], same, dies_in=3)

    def begun():
        output = str(tmp_path / "checkpoint")
        return Progress.of_files(output, [str(read)], "seed 1").begun()

    assert begun() == 1
    read.write_text("units = 6")
    assert begun() == 0


@pytest.mark.parametrize("content", [b"", b"half a file", None], ids=["empty", "broken", "cut"])
def test_a_broken_file_is_not_used(fit, tmp_path, content):
    settings = FITS["preconditioned SGD"]
    with pytest.raises(KilledError):
        fit(*settings, progress(tmp_path), dies_in=3)
    kept = progress(tmp_path).path
    kept.write_bytes(kept.read_bytes()[:-100] if content is None else content)

    assert fit(*settings, progress(tmp_path))[1] == [0, 1, 2, 3, 4]


def test_little_is_written_and_nothing_stays(fit, tmp_path):
    settings = FITS["preconditioned SGD"]
    rare = Progress(str(tmp_path / "checkpoint"))
    fit(*settings, rare)
    assert list(tmp_path.iterdir()) == []  # five epochs took less than a minute

    often = progress(tmp_path)
    fit(*settings, often)
    assert files.read_tensors(often.path)[1]["epochs"] == 5
    often.end()
    assert list(tmp_path.iterdir()) == []


def test_an_edit_of_the_library_begins_anew(tmp_path, monkeypatch):
    module = tmp_path / "prunescape" / "fitting" / "training.py"
    module.parent.mkdir(parents=True)
    module.write_text("epochs = 1\n")
    monkeypatch.setattr(resuming, "WORKFLOW", tmp_path)
    before = resuming._digest("fit")
    module.write_text("epochs = 2\n")

    assert resuming._digest("fit") != before


def test_a_training_is_of_every_module_and_every_script():
    folders = {str(path.parent.relative_to(resuming.WORKFLOW)) for path in resuming.code()}
    rooms = ["configuration", "data", "drawing", "evaluation", "explorer", "exports", "figures"]
    rooms += [
        "fitting",
        "foundations",
        "jobs",
        "label",
        "networks",
        "optimising",
        "pipeline",
        "pruning",
    ]
    rooms += ["report", "running", "scoring", "verdicts", "data/readers"]
    assert folders == {"prunescape", "scripts", *(f"prunescape/{room}" for room in rooms)}
    named = ["scripts/train.py", "prunescape/__init__.py", "prunescape/fitting/training.py"]
    assert {resuming.WORKFLOW / name for name in named} <= set(resuming.code())
