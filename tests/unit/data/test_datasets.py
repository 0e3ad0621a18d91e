import dataclasses
import gzip
import os
import subprocess
import sys

import numpy as np
import pytest

from prunescape.data import datasets, splitting
from prunescape.foundations import files
from tests.helpers.raw_files import DIGITS, IDX, idx, write_raw


@pytest.fixture
def raw(tmp_path):
    """MNIST's four raw files and sizes, with numbered images."""
    return write_raw(tmp_path / "raw", 60_000, 10_000)


TRAINED = ("train", "validation", "test")


def write_all(folder, test="540", seed="42", dataset="digits", parts=TRAINED, more=()):
    outputs = [folder / f"{name}.safetensors" for name in parts]
    names = [f"--{name}-output" for name in parts]
    command = [sys.executable, "workflow/scripts/prepare.py", "--dataset", dataset]
    command += ["--source", "digits", "--raw", DIGITS, "--test", test, "--seed", seed]
    command += [word for pair in zip(names, outputs, strict=True) for word in pair]
    subprocess.run([*command, *more], check=True, capture_output=True, text=True)
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
    expected = splitting.split(datasets.read_raw([DIGITS]), "digits", 540, 42)
    assert (both.images[1131:] == expected["validation"][0]).all()
    assert (both.labels[:1131] == expected["train"][1]).all()
    assert (alone.images == expected["test"][0]).all()
    with pytest.raises(dataclasses.FrozenInstanceError):
        alone.classes = 3


def test_images_to_evaluate_alone_by_the_script(tmp_path):
    apart, test = write_all(
        tmp_path, "rest", parts=("calibration", "test"), more=("--train", "0", "--calibration", "9")
    )
    found = datasets.load([apart])
    assert (len(found.labels), list(found.opened)) == (9, ["calibration"])
    assert len(datasets.load([test]).labels) == 1788
    with pytest.raises(subprocess.CalledProcessError) as refused:
        write_all(tmp_path, "rest", more=("--train", "0"))
    assert "--train-output: allowed: a file for each of calibration, test" in refused.value.stderr


def test_the_calibration_part_alone_may_have_no_image(tmp_path):
    nothing = np.zeros((0, 1, 2, 2), np.uint8), np.zeros(0, np.int64)
    path = tmp_path / "empty.safetensors"
    datasets.write(path, nothing, "own", "calibration", "own", 4)
    found = datasets.load([path])
    assert (found.images.shape, found.classes) == ((0, 1, 2, 2), 4)
    datasets.write(path, nothing, "own", "test", "own", 4)
    with pytest.raises(ValueError, match="N > 0"):
        datasets.load([path])


def test_split_of_a_file_is_what_its_metadata_says(tmp_path):
    """A test set under the name of a training set is still known as a test set."""
    *_, test = write_all(tmp_path)
    renamed = test.rename(tmp_path / "train.safetensors")
    assert list(datasets.load([renamed]).opened) == ["test"]


def test_images_that_stand_in_both_parts_are_told_where_there_are_some(tmp_path):
    part = np.zeros((12, 1, 2, 2), np.uint8), np.arange(12) % 4
    for name, count in (("test", 0), ("train", 3)):
        path = tmp_path / f"{name}.safetensors"
        datasets.write(path, part, "own", name, "own", 4, repeated=count)
        assert datasets.repeated(path) == count
        assert datasets.load([path]).classes == 4


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
