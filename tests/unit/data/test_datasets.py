import dataclasses
import gzip
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from prunescape.data import datasets
from prunescape.foundations import files

IDX = [
    f"{prefix}-{kind}-ubyte"
    for prefix in ("train", "t10k")
    for kind in ("images-idx3", "labels-idx1")
]
DIGITS = Path(importlib.util.find_spec("sklearn").origin).parent / "datasets/data/digits.csv.gz"


def idx(array):
    sizes = np.array(array.shape, dtype=">u4").tobytes()
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def numbered(count, first=0):
    """Images of 1 x 4 pixels that spell their number, so that each can be told from the others."""
    number = np.arange(first, first + count, dtype=">u4")
    return number.view(np.uint8).reshape(count, 1, 4), number % 10


def numbers(part):
    """The numbers that the images of a part spell; each must still have its own label."""
    images, labels = part
    found = np.ascontiguousarray(images).reshape(-1, 4).view(">u4")[:, 0]
    assert (found % 10 == labels).all(), "images and labels were shuffled apart"
    return found


@pytest.fixture
def raw(tmp_path):
    """MNIST's four raw files and sizes, with numbered images."""
    return write_raw(tmp_path / "raw", 60_000, 10_000)


def write_raw(folder, train, test):
    folder.mkdir()
    arrays = (*numbered(train), *numbered(test, first=train))
    for name, array in zip(IDX, arrays, strict=True):
        (folder / name).write_bytes(idx(array))
    return [folder / name for name in IDX]


def test_official_split_keeps_the_test_set(raw):
    parts = datasets.read_raw(raw)
    split = datasets.split(parts, "mnist", "official", 100)
    found = {name: numbers(part) for name, part in split.items()}
    assert {name: len(n) for name, n in found.items()} == {
        "train": 54_000,
        "validation": 6_000,
        "test": 10_000,
    }
    assert (found["test"] == np.arange(60_000, 70_000)).all()
    fitted = np.concatenate([found["train"], found["validation"]])
    assert (np.sort(fitted) == np.arange(60_000)).all()
    # Shuffled: the validation set is a fair sample, and hardly anything is where it was.
    assert 28_000 < found["validation"].mean() < 32_000
    assert (fitted == np.arange(60_000)).mean() < 0.001


def test_pooled_split_takes_the_test_set_from_the_shuffled_whole(raw):
    split = datasets.split(datasets.read_raw(raw), "mnist", 21_000, 100)
    found = {name: numbers(part) for name, part in split.items()}
    assert [len(n) for n in found.values()] == [44_100, 4_900, 21_000]
    assert (np.sort(np.concatenate(list(found.values()))) == np.arange(70_000)).all()
    # One image in seven comes from the official test set: standard deviation 42.
    assert abs((found["test"] >= 60_000).sum() - 3_000) < 210


def test_split_is_a_function_of_source_and_seed(tmp_path):
    parts = datasets.read_raw(write_raw(tmp_path / "raw", 900, 100))

    def validation(source="mnist", seed=1, test=100):
        return numbers(datasets.split(parts, source, test, seed)["validation"]).tolist()

    assert validation() == validation()
    assert validation() != validation(seed=2)
    assert validation() != validation(source="fashion_mnist")


def test_digits():
    images, labels = datasets.read_raw([DIGITS])["train"]
    assert images.shape == (1797, 1, 8, 8)
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0, 1)
    # The file's first line, in sixteenths.
    assert (images[0, 0, 0] * 16).tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert labels[:11].tolist() == [*range(10), 0]
    split = datasets.split({"train": (images, labels)}, "digits", 540, 42)
    assert [len(part[1]) for part in split.values()] == [1131, 126, 540]
    seen = np.concatenate([part[0] for part in split.values()]).reshape(1797, 64)
    assert (np.unique(seen, axis=0) == np.unique(images.reshape(1797, 64), axis=0)).all()


def test_a_split_by_sklearn_is_sklearns_own(tmp_path, raw):
    """Training and test set in its order; the end of the training set is for validation."""
    digits = datasets.read_raw([DIGITS])
    whole = {"digits": (digits, 540, 0.3, 42), "mnist": (datasets.read_raw(raw), 21_000, 0.3, 100)}
    for source, (parts, test, share, seed) in whole.items():
        images = np.concatenate([part[0] for part in parts.values()])
        labels = np.concatenate([part[1] for part in parts.values()])
        expected = train_test_split(images, labels, test_size=share, random_state=seed)
        found = datasets.split(parts, source, test, seed, "sklearn")
        fitted = [np.concatenate([found["train"][i], found["validation"][i]]) for i in (0, 1)]
        for ours, theirs in zip((*fitted, *found["test"]), (0, 2, 1, 3), strict=True):
            np.testing.assert_array_equal(ours, expected[theirs])
    with pytest.raises(ValueError, match="found official with split: sklearn; allowed: a number"):
        datasets.split(datasets.read_raw(raw), "mnist", "official", 1, "sklearn")


def test_the_digits_of_the_public_code_have_61_pixels_that_change():
    found = datasets.split(datasets.read_raw([DIGITS]), "digits", 540, 42, "sklearn")
    fitted = np.concatenate([found["train"][0], found["validation"][0]]).reshape(1257, 64)
    assert (fitted.std(0) > 0).sum() == 61


@pytest.mark.parametrize("test", ["official", 0, 1788, -5])
def test_impossible_test_sets(test):
    parts = datasets.read_raw([DIGITS])
    with pytest.raises(ValueError, match=r"datasets\.<name>\.test: .*digits"):
        datasets.split(parts, "digits", test, 42)


def write_all(folder, test="540", seed="42", dataset="digits"):
    outputs = [folder / f"{name}.safetensors" for name in datasets.SPLITS]
    names = [f"--{name}-output" for name in datasets.SPLITS]
    command = [sys.executable, "workflow/scripts/prepare.py", "--dataset", dataset]
    command += ["--source", "digits", "--raw", DIGITS, "--test", test, "--seed", seed]
    command += [word for pair in zip(names, outputs, strict=True) for word in pair]
    subprocess.run(command, check=True, capture_output=True)
    return outputs


def test_same_seed_same_bytes_by_the_script(tmp_path):
    first, again, other = (
        [path.read_bytes() for path in write_all(tmp_path / name, seed=seed)]
        for name, seed in (("first", "42"), ("again", "42"), ("other", "43"))
    )
    assert first == again
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_load_joins_files_and_says_which_were_opened(tmp_path):
    train, validation, test = write_all(tmp_path)
    both = datasets.load([train, validation])
    assert both.images.shape == (1257, 1, 8, 8)
    assert both.images.dtype == np.float32
    assert both.labels.shape == (1257,)
    assert both.labels.dtype == np.int64
    assert both.classes == 10
    assert both.opened == {"train": files.sha256(train), "validation": files.sha256(validation)}
    alone = datasets.load([test])
    assert alone.opened == {"test": files.sha256(test)}
    expected = datasets.split(datasets.read_raw([DIGITS]), "digits", 540, 42)
    assert (both.images[1131:] == expected["validation"][0]).all()
    assert (both.labels[:1131] == expected["train"][1]).all()
    assert (alone.images == expected["test"][0]).all()
    with pytest.raises(dataclasses.FrozenInstanceError):
        alone.classes = 3


def test_split_of_a_file_is_what_its_metadata_says(tmp_path):
    """A test set under the name of a training set is still known as a test set."""
    *_, test = write_all(tmp_path)
    renamed = test.rename(tmp_path / "train.safetensors")
    assert list(datasets.load([renamed]).opened) == ["test"]


def test_load_refuses_what_does_not_belong_together(tmp_path):
    train, validation, _ = write_all(tmp_path / "one")
    other, *_ = write_all(tmp_path / "two", dataset="other")
    with pytest.raises(ValueError, match="at least one"):
        datasets.load([])
    with pytest.raises(ValueError, match="second file of the split train"):
        datasets.load([train, train])
    with pytest.raises(ValueError, match="different data sets"):
        datasets.load([other, validation])
    foreign = tmp_path / "foreign.safetensors"
    files.write_tensors(foreign, {"weight": np.zeros(3)}, {"split": "train"})
    with pytest.raises(ValueError, match=r"foreign\.safetensors: not a split"):
        datasets.load([foreign])


GREY = np.zeros((3, 1, 2, 2), np.float32)
ZEROS = np.zeros(3, np.int64)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (GREY, np.array([0, 10, 3]), "labels 0 .. 10, expected 0 .. 9"),
        (GREY, np.array([0, -1, 3]), "labels -1 .. 3"),
        (GREY + np.float32(np.nan), ZEROS, "expected finite"),
        (GREY + np.float32(1.01), ZEROS, "intensities 1.0"),
        (GREY - np.float32(0.01), ZEROS, "intensities -0.0"),
        (GREY, ZEROS[:2], r"\(3, 1, 2, 2\) with labels \(2,\)"),
        (GREY[:, 0], ZEROS, r"expected \[N, C, H, W\]"),
        (GREY[:0], ZEROS[:0], "N > 0"),
        (GREY.astype(np.float64), ZEROS, "float64"),
        (GREY, ZEROS.astype(np.uint8), "labels uint8"),
    ],
)
def test_load_refuses_bad_content_and_names_the_file(tmp_path, images, labels, message):
    path = tmp_path / "bad.safetensors"
    datasets.write(path, (images, labels), "digits", "train", "digits")
    with pytest.raises(ValueError, match=rf"bad\.safetensors: .*{message}"):
        datasets.load([path])


@pytest.mark.parametrize("cut", [-1, 16, 15, 5, 3, 0])
def test_truncated_idx(tmp_path, cut):
    paths = write_raw(tmp_path / "raw", 20, 10)
    paths[0].write_bytes(paths[0].read_bytes()[:cut])
    with pytest.raises(ValueError, match=IDX[0]):
        datasets.read_raw(paths)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (0, lambda raw: raw + b"\0", "expected 96"),
        (0, lambda raw: b"\0\0\x0d\3" + raw[4:], "no IDX file"),  # floats
        (0, lambda raw: b"\0\0\x08\1" + raw[4:], "no IDX file"),
        (0, gzip.compress, "no IDX file"),
        (1, lambda raw: raw[:-1] + b"\x0a", "labels 0 .. 10"),
        (1, lambda raw: idx(np.zeros(19)), r"with labels \(19,\)"),
        (2, lambda raw: idx(np.zeros((10, 2, 4))), "another size"),
        (2, lambda raw: idx(np.zeros((0, 1, 4))), "labels"),
    ],
)
def test_wrong_idx_is_named(tmp_path, file, change, message):
    paths = write_raw(tmp_path / "raw", 20, 10)
    paths[file].write_bytes(change(paths[file].read_bytes()))
    images = IDX[file // 2 * 2]
    with pytest.raises(ValueError, match=rf"raw/{images}.*{message}|{message}.*{images}"):
        datasets.read_raw(paths)


def test_missing_raw_file(tmp_path):
    paths = write_raw(tmp_path / "raw", 20, 10)
    with pytest.raises(ValueError, match="expected t10k-images-idx3-ubyte and t10k-labels"):
        datasets.read_raw(paths[:3])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["0"] * 64 + ["10"], "labels 10 .. 10"),
        (["17"] + ["0"] * 64, r"intensities 0\.0 .. 1\.06"),
        (["0"] * 63 + ["9"], "64 columns"),
        (["0.5"] + ["0"] * 64, "whole numbers"),
        (["nan"] + ["0"] * 64, "whole numbers"),
    ],
)
def test_wrong_digits_are_named(tmp_path, line, message):
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(gzip.compress(",".join(line).encode()))
    with pytest.raises(ValueError, match=rf"digits\.csv\.gz: .*{message}"):
        datasets.read_raw([path])


@pytest.mark.parametrize("spoil", [lambda c: c[: len(c) // 2], lambda c: os.urandom(99)])
def test_damaged_digits_are_named(tmp_path, spoil):
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(spoil(DIGITS.read_bytes()))
    with pytest.raises(ValueError, match=r"digits\.csv\.gz: no gzipped table"):
        datasets.read_raw([path])
