"""Jobs of data.smk: raw files, and which split a job reads."""

import pytest

from prunescape.jobs import data
from tests.helpers.jobs import filled, job

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
