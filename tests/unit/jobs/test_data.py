"""Jobs of data.smk: raw files, and which split a job reads."""

import pytest

from prunescape.configuration import validation
from prunescape.jobs import data, evaluate, export, label, targets
from tests.helpers.configurations import changed
from tests.helpers.given import FILES, pruned, with_given
from tests.helpers.jobs import EXPORT, filled, job

CONFIG = filled()
JOB = job()


def own(place):
    """Return CONFIG with a data set of the user's own at a place."""
    dataset = {"source": "mine", "background": 7, "colour": False}
    return CONFIG | {"sources": {"mine": [place]}, "datasets": {"digits": dataset}}


def test_raw_files_of_a_known_source():
    assert data.raw_files(CONFIG, JOB) == ["data/digits/raw/digits.csv.gz"]
    assert data.read_images(CONFIG, JOB) == ["--raw", "data/digits/raw/digits.csv.gz"]
    official = CONFIG | {"datasets": {"digits": {"source": "mnist"}}}
    assert data.read_images(official, JOB) == [
        "--raw",
        "data/mnist/raw/train-images-idx3-ubyte",
        "data/mnist/raw/train-labels-idx1-ubyte",
        "data/mnist/raw/t10k-images-idx3-ubyte",
        "data/mnist/raw/t10k-labels-idx1-ubyte",
    ]


def test_pictures_of_ones_own_are_inputs_but_only_their_folder_is_named(tmp_path):
    for name in ("a/1.png", "b/2.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    config = own(f"classes:{tmp_path}")
    assert data.raw_files(config, JOB) == [f"{tmp_path}/a/1.png", f"{tmp_path}/b/2.png"]
    assert data.read_images(config, JOB) == ["--own", str(tmp_path), "--background", 7]
    config["datasets"]["digits"] |= {"resize": 32, "crop": 28, "colour": True}
    how = ["--resize", "32", "--crop", "28", "--colour"]
    assert data.read_images(config, JOB) == ["--own", str(tmp_path), "--background", 7, *how]


def test_a_collection_is_downloaded_by_a_job():
    config = own("torchvision:SVHN")
    assert data.collections(config) == [("mine", "SVHN")]
    assert data.raw_files(config, JOB) == ["data/mine/raw/images.safetensors"]
    assert data.collections(own("file:mine.npz")) == []
    # What the library knows by itself has mirrors, one of which may be torchvision.
    assert data.collections(CONFIG | {"sources": {"mnist": ["torchvision"]}}) == []


@pytest.mark.parametrize(
    ("split", "trained", "evaluated"),
    [("final", ["train", "validation"], "test"), ("tune", ["train"], "validation")],
)
def test_the_test_images_wait_for_the_final_split(split, trained, evaluated):
    config = CONFIG | {"split": split}
    assert data.training_images(config, JOB) == [
        f"data/digits/{name}.safetensors" for name in trained
    ]
    assert data.evaluated_images(config, JOB) == f"data/digits/{evaluated}.safetensors"


def test_training_reads_the_validation_images_if_it_is_to_measure_accuracy():
    config = CONFIG | {"split": "tune"}
    assert data.validation_images(config | {"validate_every": 0}, JOB) == []
    assert data.validation_images(config | {"validate_every": 2}, JOB) == [
        "data/digits/validation.safetensors"
    ]


TRAINED = ["data/digits/train.safetensors", "data/digits/validation.safetensors"]
APART = ["data/digits/calibration.safetensors"]
MINE = job(fit="mine", schedule="fine", part="s0")


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Return a function: a config with given networks, whose data set has more settings."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        (tmp_path / name).touch()

    def made(**settings):
        arm = pruned("wanda") | {"effects": ["recalibrate", "compensate"]}
        config = with_given({"catalogue.study.arms": [arm], "networks.net": "net.py:Net"})
        (tmp_path / "net.py").write_text("class Net: pass\n")
        if settings.get("train") == 0:
            fits = config["catalogue"]["study"]["fits"]
            config["catalogue"]["study"]["fits"] = {"mine": fits["mine"]}
        config = changed(config, {"catalogue.study.noise": []})
        config["datasets"]["digits"] |= settings
        config["exports"] = {
            "out": EXPORT
            | {"fit": "mine", "criterion": "wanda", "schedule": "oneshot"}
            | {"effect": "recalibrate"}
        }
        config["label"] = {"study": "study"}
        config["fits"] = ["mine"]
        validation.validate(config)
        return config

    return made


@pytest.mark.parametrize(
    ("settings", "trained", "measured", "checked"),
    [
        ({}, TRAINED, TRAINED, TRAINED),
        ({"calibration": 50}, TRAINED, APART, TRAINED),
        ({"train": 0, "calibration": 50}, [], APART, APART),
    ],
)
def test_statistics_of_given_networks_are_of_calibration_images(
    given, settings, trained, measured, checked
):
    config = given(**settings)
    assert data.training_images(config, MINE) == trained
    assert data.measured_images(config, MINE) == measured
    assert data.measured_apart(config, MINE) == ([] if measured == trained else measured)
    assert data.checked_images(config, MINE) == checked
    assert label.training(config) == label.measured_on(config) == measured
    assert export.exported_training(config, "out") == measured
    place = {"criterion": "wanda", "scope": "global", "selection": "exact_k"}
    evaluated = job(fit="mine", schedule="oneshot", batch="1", **place)
    assert evaluate.measured_images(config, evaluated) == measured
    assert evaluate.counted_images(config) == trained
    assert data.evaluated_images(config, MINE) == "data/digits/test.safetensors"
    files = data.split_files(config, "digits")
    assert files == [*trained, *(APART if settings else []), "data/digits/test.safetensors"]
    assert targets.intermediates(config)[: len(files)] == files


def test_fits_that_train_read_what_they_train_on(given):
    config = given(calibration=50)
    assert data.measured_images(config, job(fit="point")) == TRAINED
    assert data.measured_apart(config, job(fit="point")) == []


def test_each_data_set_is_prepared_by_the_rule_of_its_parts():
    named = {
        "plain": {"train": 500},
        "apart": {"calibration": 9},
        "shown": {"train": 0},
        "both": {"train": 0, "calibration": 9},
    }
    config = CONFIG | {"datasets": named}
    assert data.with_parts(config, "train", "validation", "test") == ["plain"]
    assert data.with_parts(config, "train", "validation", "calibration", "test") == ["apart"]
    assert data.with_parts(config, "calibration", "test") == ["shown", "both"]
    counts = [(data.learnt_from(config, j), data.set_apart(config, j)) for j in map(of, named)]
    assert counts == [([500], []), ([], [9]), ([0], []), ([0], [9])]


def of(dataset):
    """Return the job that prepares a data set."""
    return job(dataset=dataset)
