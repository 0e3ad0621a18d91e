import numpy as np
import pytest

from prunescape.data import own_images
from prunescape.data.readers.preparing import Preparation
from tests.helpers.images import COLOUR, LABELS, photograph


def train(folder, background="white"):
    read = own_images.read(folder, Preparation(background))
    return read.parts["train"][0], read.notes


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "valid", "TESTING")])
def test_parts_in_folders(tmp_path, names):
    for name, some in zip(names, (slice(0, 20), slice(20, 25), slice(25, 30)), strict=True):
        photograph(tmp_path / "wrap" / name, COLOUR[some], LABELS[some])
    parts = own_images.read(tmp_path).parts
    assert {part: len(labels) for part, (_, labels) in parts.items()} == {
        "train": 20,
        "validation": 5,
        "test": 5,
    }
    order = np.argsort(LABELS[25:], kind="stable")
    assert (parts["test"][0] == COLOUR[25:][order]).all()
    assert parts["test"][1].tolist() == LABELS[25:][order].tolist()


def test_a_test_part_may_lack_a_class(tmp_path):
    photograph(tmp_path / "train")
    photograph(tmp_path / "test", COLOUR[1:3], LABELS[1:3])
    read = own_images.read(tmp_path)
    assert (read.parts["test"][1].tolist(), read.classes) == ([1, 2], 3)


def test_files_beside_pictures_are_left_alone_and_named(tmp_path):
    folder = photograph(tmp_path)
    for name in ("Thumbs.db", ".DS_Store", "a/desktop.ini", "b/.x.png"):
        (folder / name).write_bytes(b"x")
    assert train(folder)[1] == ["classes: 0 is a, 1 is b, 2 is c"]
    for name in ("labels.csv", "README", "a/00.txt", "b/01.json"):
        (folder / name).write_text("x")
    assert train(folder)[1][0].startswith(f"{folder}: left alone 1 .csv, 1 .json, 1 .txt, 1 README")


def test_all_empty_classes_and_folders_among_pictures_are_named(tmp_path):
    folder = photograph(tmp_path)
    for name in "de":
        (folder / name).mkdir()
    with pytest.raises(ValueError, match=r"d, .*e: an empty class"):
        own_images.read(folder)
    for name in "de":
        (folder / name / "x").mkdir()
    with pytest.raises(ValueError, match=r"d/x, .*e/x: folders in folders"):
        own_images.read(folder)
