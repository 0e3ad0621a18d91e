import io
import pickle
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from prunescape.data import datasets, own_images, own_sources
from prunescape.foundations import files, streams

N = 30
LABELS = np.arange(N) % 3
GREY = streams.generator("test", "own images").integers(0, 256, (N, 4, 6), dtype=np.uint8)
COLOUR = streams.generator("test", "own colours").integers(0, 256, (N, 3, 4, 6), dtype=np.uint8)


def save(path, **arrays):
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        files.write_tensors(path, arrays, {})
    return path


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (GREY, GREY[:, None]),
        (GREY[:, None], GREY[:, None]),
        (GREY[..., None], GREY[:, None]),
        (COLOUR, COLOUR),
        (np.moveaxis(COLOUR, 1, 3), COLOUR),
        (GREY.astype(np.int64), GREY[:, None]),
        (GREY / 255, (GREY[:, None] / 255).astype(np.float32)),
    ],
    ids=["HW", "1HW", "HW1", "3HW", "HW3", "int64", "float64"],
)
def test_images_of_every_layout_become_channels_first(tmp_path, suffix, images, expected):
    path = save(tmp_path / f"mine{suffix}", images=images, labels=LABELS.astype(np.uint16))
    [(found, labels)], classes = own_images.read(path)
    assert found.dtype == expected.dtype
    assert found.flags.c_contiguous
    assert np.array_equal(found, expected)
    assert labels.dtype == np.int64
    assert labels.tolist() == LABELS.tolist()
    assert classes == 3


def test_a_test_set_of_ones_own_is_official(tmp_path):
    path = save(
        tmp_path / "mine.npz",
        images=GREY,
        labels=LABELS,
        test_images=GREY[:5],
        test_labels=LABELS[:5],
    )
    parts, classes = own_images.read(path)
    split = datasets.split(parts, "mine", "official", 1)
    assert (split["test"][0] == GREY[:5, None]).all()
    assert {name: len(part[1]) for name, part in split.items()} == {
        "train": 27,
        "validation": 3,
        "test": 5,
    }
    assert classes == 3


NOT_A_NUMBER = np.where(np.arange(N)[:, None, None] == 7, np.nan, GREY / 255)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"labels": LABELS - 1}, "labels -1 .. 1, expected integers from 0 on"),
        ({"labels": LABELS * 2}, "class 1 has no image to learn from, but the labels go up to 4"),
        ({"labels": LABELS + 10**15}, "class 0 has no image to learn from"),
        ({"labels": LABELS.astype(float)}, "labels are float64, expected integers"),
        ({"labels": LABELS[:-1]}, r"labels \(29,\), expected \(30,\), one for each image"),
        ({"labels": LABELS[:, None]}, r"labels \(30, 1\), expected \(30,\)"),
        ({"labels": LABELS * 0}, "one class, expected at least two"),
        ({"images": GREY[:1], "labels": LABELS[:1]}, r"1 image\(s\) to learn from, expected > 10"),
        ({"images": GREY[:0], "labels": LABELS[:0]}, "expected at least one image"),
        ({"images": NOT_A_NUMBER}, "image 7 has a pixel that is NaN or infinite"),
        ({"images": GREY / 1.0}, "expected floats in .0, 1. or integers in 0 .. 255"),
        ({"images": GREY / 255 - 0.5}, "pixels from -0.5 to"),
        ({"images": GREY.astype(np.int16) + 1}, "pixels from 1 to 256"),
        ({"images": GREY.reshape(N, -1)}, r"images are \(30, 24\), expected \[N, H, W\]"),
        ({"images": COLOUR[:, :2]}, "1 or 3 channels"),
        ({"images": COLOUR[..., :3]}, "only one axis that can be the channels"),
        ({"pixels": GREY}, "arrays .*pixels.*; expected images and labels"),
        ({"test_images": GREY}, "test_images and test_labels go together"),
        ({"test_images": GREY, "test_labels": LABELS + 1}, "test_labels 1 .. 3, expected 0 .. 2"),
        ({"test_images": GREY[:, 1:], "test_labels": LABELS}, "test images of 3 x 6 pixels"),
        ({"test_images": GREY / 255, "test_labels": LABELS}, "test images are float32"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, suffix, arrays, message):
    path = save(tmp_path / f"bad{suffix}", **{"images": GREY, "labels": LABELS, **arrays})
    with pytest.raises(ValueError, match=rf"bad\{suffix}: .*{message}"):
        own_images.read(path)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("cut", [0, 1, 7, 100, 500, -1])
def test_a_truncated_file_is_named(tmp_path, suffix, cut):
    path = save(tmp_path / f"bad{suffix}", images=GREY, labels=LABELS)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match=rf"bad\{suffix}: n.* readable"):
        own_images.read(path)


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('unpickled')",)


def test_nothing_is_unpickled(tmp_path):
    bare, inside = tmp_path / "bare.npz", tmp_path / "inside.npz"
    bare.write_bytes(pickle.dumps(Bomb()))
    array = io.BytesIO()
    np.save(array, np.array([Bomb()], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(inside, "w") as opened:
        opened.writestr("images.npy", array.getvalue())
        opened.writestr("labels.npy", pickle.dumps(Bomb()))
    for path in (bare, inside):
        with pytest.raises(ValueError, match=f"{path.name}: no readable .npz file of plain arrays"):
            own_images.read(path)


# Pictures.


def photograph(folder, images=COLOUR, labels=LABELS, suffix="png"):
    """Write images into class folders a, b, c."""
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        pixels = np.moveaxis(image, 0, 2) if image.ndim == 3 else image
        path = folder / "abc"[label] / f"{number:02}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder


@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_pictures_are_read_class_by_class(tmp_path, images, suffix):
    folder = photograph(tmp_path / "mine", images, suffix=suffix)
    (folder / ".DS_Store").touch()
    (folder / "b" / ".hidden").touch()
    [(found, labels)], classes = own_images.read(folder)
    order = np.argsort(LABELS, kind="stable")
    assert (found == images.reshape(N, -1, 4, 6)[order]).all()
    assert found.dtype == np.uint8
    assert labels.tolist() == LABELS[order].tolist()
    assert classes == 3


def test_folders_train_and_test_are_an_official_split(tmp_path):
    photograph(tmp_path / "train")
    photograph(tmp_path / "test", COLOUR[1:3], LABELS[1:3])
    (train, test), classes = own_images.read(tmp_path)
    assert len(train[1]) == N
    assert (test[0] == COLOUR[1:3]).all()
    assert (test[1].tolist(), classes) == ([1, 2], 3)


def _truncate(folder):
    path = folder / "b" / "01.png"
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_truncate, r"b/01\.png: not a readable picture"),
        (lambda f: (f / "b/notes.txt").write_text("x"), r"b/notes\.txt: not a readable picture"),
        (lambda f: (f / "notes.txt").write_text("x"), r"notes\.txt: beside the class folders"),
        (lambda f: (f / "d").mkdir(), "mine/d: an empty class"),
        (lambda f: Image.new("L", (6, 4)).save(f / "b/x.png"), "4 x 6 pixels, 1 channel.*, but .*"),
        (lambda f: Image.new("RGB", (6, 5)).save(f / "b/x.png"), r"b/x\.png: 5 x 6 pixels, 3 ch"),
        (lambda f: Image.new("I;16", (6, 4)).save(f / "b/x.png"), "mode is I;16, expected 8 bits"),
        (lambda f: (f / "b/x.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0"), r"b/x\.eps: not a"),
    ],
    ids=["truncated", "text", "beside", "empty class", "grey", "larger", "16 bits", "program"],
)
def test_wrong_pictures_are_named(tmp_path, spoil, message):
    folder = photograph(tmp_path / "mine")
    spoil(folder)
    with pytest.raises(ValueError, match=message):
        own_images.read(folder)


def test_every_picture_is_an_input_of_the_workflow(tmp_path):
    photograph(tmp_path / "mine")
    (tmp_path / "elsewhere").mkdir()
    Image.new("RGB", (6, 4)).save(tmp_path / "elsewhere/x.png")
    (tmp_path / "mine/d").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "mine/.git").mkdir()
    (tmp_path / "mine/.git/index").touch()
    found = own_sources.files("mine", f"classes:{tmp_path}/mine")
    assert len(found) == N + 1
    assert found == sorted(found)
    assert f"{tmp_path}/mine/d/x.png" in found
    (labels,) = (part[1] for part in own_images.read(tmp_path / "mine")[0])
    assert len(labels) == len(found)


def test_the_script_prepares_data_of_ones_own(tmp_path):
    path = save(tmp_path / "mine.npz", images=COLOUR, labels=LABELS)
    outputs = [tmp_path / f"{name}.safetensors" for name in datasets.SPLITS]
    command = [sys.executable, "workflow/scripts/prepare.py", "--dataset", "own", "--source", "s"]
    command += ["--own", path, "--test", "6", "--seed", "1"]
    for name, output in zip(datasets.SPLITS, outputs, strict=True):
        command += [f"--{name}-output", output]
    subprocess.run(command, check=True, capture_output=True)
    split = datasets.load(outputs[:2])
    assert split.classes == 3
    assert split.images.shape == (24, 3, 4, 6)
    path.write_bytes(b"no zip")
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"prepare.py: {path}: no readable .npz file")
    assert done.stderr.count("\n") == 1


def test_a_header_that_promises_too_much_is_no_traceback(tmp_path):
    path = tmp_path / "bad.npz"
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000000,), }\n"
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("images.npy", array)
    with pytest.raises(ValueError, match=r"bad\.npz: no readable"):
        own_images.read(path)
