"""What reads images that a data set doesn't have is a line, before anything runs."""

import pytest

from prunescape.configuration import validation
from tests.helpers.configurations import changed
from tests.helpers.given import FILES, GIVEN, pruned, with_given

DATASET = "datasets.digits"
SHOWN = {"source": "digits", "test": "rest", "train": 0, "seed": 42}
APART = SHOWN | {"calibration": 100}
ARMS = "catalogue.study.arms"
LACKING = "and data set digits has none (datasets.digits.train: 0)"


@pytest.fixture(autouse=True)
def _files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        (tmp_path / name).touch()


def lines(arms, dataset=SHOWN, changes=(), **fit):
    """Return the lines on a study of given networks alone."""
    config = with_given({DATASET: dataset, ARMS: arms, "catalogue.study.noise": []})
    config["catalogue"]["study"]["fits"] = {"mine": GIVEN | fit}
    return validation.problems(changed(config, dict(changes)))


@pytest.mark.parametrize(
    "criterion", ["magnitude", "random", "lamp", "shuffled_magnitude", "shuffled_lamp"]
)
def test_criteria_of_weights_alone_need_no_image(criterion):
    assert lines([pruned(criterion)]) == []
    assert lines([pruned(criterion) | {"effects": ["zero"]}], APART) == []


@pytest.mark.parametrize("criterion", ["wanda", "taylor", "obd", "shuffled_obd_empirical"])
def test_criteria_that_read_statistics_of_images(criterion):
    assert lines([pruned("magnitude") | {"criteria": ["magnitude", criterion]}]) == [
        f"{ARMS}[0].criteria[1]: found '{criterion}', which reads statistics of training images, "
        f"{LACKING}; allowed: random, magnitude, lamp, or datasets.digits.calibration: <how many>"
    ]
    assert lines([pruned(criterion)], APART) == []


def test_posteriors_are_read_without_images():
    assert lines([pruned("snr")], posterior=True) == []
    (line,) = lines([pruned("wanda")], posterior=True)
    assert "allowed: random, magnitude, snr, inverse_sigma, log_alpha, lamp, or" in line


def test_criteria_and_effects_of_ones_own(tmp_path):
    (tmp_path / "own.py").write_text(
        "def plain(weight, power=2): return weight.abs() ** power\n"
        "def read(weight, fisher): return fisher\n"
        "def shrink(weight, mask, bias): return weight * mask\n"
        "def lift(weight, mask, input_mean): return weight * mask\n"
    )
    own = {
        "criteria": {"plain": "own.py:plain", "read": "own.py:read"},
        "effects": {"shrink": "own.py:shrink", "lift": "own.py:lift"},
    }
    arm = pruned("plain") | {"criteria": ["plain", "read"], "effects": ["shrink", "lift"]}
    found = lines([arm], changes=own)
    assert [line.partition(", ")[0] for line in found] == [
        f"{ARMS}[0].criteria[1]: found 'read'",
        f"{ARMS}[0].effects[1]: found 'lift'",
    ]
    assert lines([arm], APART, own) == []


@pytest.mark.parametrize("effect", ["compensate", "reconstruct"])
def test_effects_that_measure(effect):
    arm = pruned("magnitude") | {"effects": ["zero", "freeze", effect]}
    assert lines([arm]) == [
        f"{ARMS}[0].effects[2]: found '{effect}', which measures on training images, {LACKING}; "
        "allowed: zero, freeze, or datasets.digits.calibration: <how many>"
    ]
    assert lines([arm], APART) == []


@pytest.mark.parametrize("dataset", [SHOWN, APART])
def test_nothing_is_trained(dataset):
    how = {"optimiser": {"kind": "adam", "learning_rate": 0.001}, "batch_size": 32}
    tuned = {"catalogue.study.schedules": {"tuned": {"kind": "retrain", "epochs": 1, "fit": how}}}
    assert lines([pruned("magnitude", "tuned")], dataset, tuned) == [
        f"{ARMS}[0].schedules[0]: found 'tuned', which learns from training images, {LACKING}; "
        "allowed: oneshot"
    ]
    config = with_given({DATASET: dataset})
    assert [line for line in validation.problems(config) if ".fits." in line] == [
        f"catalogue.study.fits.{fit}: found a fit that learns from training images, {LACKING}; "
        "allowed: kind: given"
        for fit in ("point", "vi")
    ]


def test_nothing_is_evaluated_but_the_test_images():
    tune = {"split": "tune"}
    assert lines([pruned("magnitude")], SHOWN, tune) == [
        f"split: found 'tune', which evaluates validation images, {LACKING}; allowed: final"
    ]
    learnt = {"source": "digits", "test": 540, "seed": 42, "calibration": 100}
    assert lines([pruned("magnitude")], learnt, tune) == []


@pytest.mark.parametrize("dataset", [SHOWN, APART, SHOWN | {"train": 50, "calibration": 9}])
def test_scaling_is_that_of_the_networks_training(dataset):
    (line,) = lines([pruned("magnitude")], dataset, scaling="standardised")
    assert line == (
        "catalogue.study.fits.mine.scaling: found 'standardised', which is measured on training "
        "images, not on those for calibration; allowed: mean and std of the network's training, or "
        "a fixed one"
    )
    assert lines([pruned("magnitude")], dataset, scaling={"mean": [0.3], "std": [0.4]}) == []


@pytest.mark.parametrize("train", [5, False, "0", -1])
def test_numbers_of_images(train):
    (line,) = lines([pruned("magnitude")], SHOWN | {"train": train})
    assert line.startswith("datasets.digits.train: found ")
    assert "allowed: 0 or an integer >= 10" in line
    (line,) = lines([pruned("magnitude")], SHOWN | {"calibration": 0})
    assert line == "datasets.digits.calibration: found 0; allowed: an integer >= 1"
