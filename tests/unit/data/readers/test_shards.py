import re
from pathlib import Path

import numpy as np
import pytest

from prunescape.data import own_images
from prunescape.data.readers import shards
from prunescape.data.readers.found import Found
from tests.helpers.images import OPENML, SQUARE


def read_one(path):
    """Return made-up images: as many as the number in the file's name, all with this number."""
    count = int(re.search(r"\d+", path.name)[0])
    found = Found(np.full((count, 4), count), np.full(count, count), path.name, path.name)
    return found, [f"read {path.name}"]


def read(*names):
    return shards.read([Path(name) for name in names], read_one, Path("folder"))


def test_a_folder_of_tables_has_parts(tmp_path):
    OPENML[:20].to_csv(tmp_path / "mnist_train.csv", index=False)
    OPENML[20:].to_csv(tmp_path / "mnist_test.csv", index=False)
    parts = own_images.read(tmp_path).parts
    joined = np.concatenate([parts[part][0][:, 0] for part in ("train", "test")])
    assert (joined == SQUARE).all()
    OPENML.to_csv(tmp_path / "more.csv", index=False)
    with pytest.raises(ValueError, match="expected train, validation or test in the name of each"):
        own_images.read(tmp_path)


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["mnist_test3.csv"], {"train": [3, 3, 3]}),  # one file is all there is
        (["a2.csv", "b1.csv"], {"train": [2, 2, 1]}),
        (["train-1.csv", "train-2.csv", "val1.csv"], {"train": [1, 2, 2], "validation": [1]}),
        (["test-1.csv", "test-2.csv"], {"test": [1, 2, 2]}),
    ],
)
def test_rows_are_joined_in_the_order_of_the_files(names, parts):
    reading = read(*names)
    assert {part: found.labels.tolist() for part, found in reading.parts.items()} == parts
    assert {part: found.images[:, 0].tolist() for part, found in reading.parts.items()} == parts
    assert reading.notes == [f"read {name}" for name in names]


def test_a_part_in_some_names_only_is_refused():
    with pytest.raises(ValueError, match=r"^folder: files val1\.csv, more1\.csv, expected train"):
        read("val1.csv", "more1.csv")


def test_files_of_other_columns_are_not_joined():
    def wider(path):
        found, notes = read_one(path)
        found.images = np.zeros((2, 4 if path.name == "a2.csv" else 5))
        return found, notes

    with pytest.raises(ValueError, match=r"b2\.csv \(5,\), but a2\.csv \(4,\): expected images"):
        shards.read([Path("a2.csv"), Path("b2.csv")], wider, Path("folder"))
