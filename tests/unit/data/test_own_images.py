import io
import pickle
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from prunescape.data import datasets, own_images, own_sources, prepared_parts, splitting
from prunescape.foundations import files
from tests.helpers.images import COLOUR, GREY, LABELS, N, photograph


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
    read = own_images.read(path)
    found, labels = read.parts["train"]
    assert found.dtype == expected.dtype
    assert np.asarray(found).flags.c_contiguous
    assert np.array_equal(found, expected)
    assert labels.dtype == np.int64
    assert labels.tolist() == LABELS.tolist()
    assert (read.classes, read.names, list(read.parts)) == (3, None, ["train"])


def test_a_test_set_of_ones_own_is_official(tmp_path):
    path = save(
        tmp_path / "mine.npz",
        images=GREY,
        labels=LABELS,
        test_images=GREY[:5],
        test_labels=LABELS[:5],
    )
    read = own_images.read(path)
    split = splitting.split(read.parts, "mine", "official", 1)
    assert (split["test"][0] == GREY[:5, None]).all()
    assert {name: len(part[1]) for name, part in split.items()} == {
        "train": 27,
        "validation": 3,
        "test": 5,
    }
    assert read.classes == 3


@pytest.mark.parametrize("names", [["test"], ["val", "test"], ["val"]])
def test_images_to_evaluate_may_be_all_that_there_is(tmp_path, names):
    arrays = {f"{name}_images": GREY for name in names}
    arrays |= {f"{name}_labels": np.array(["cat", "dog", "ant"])[LABELS] for name in names}
    read = own_images.read(save(tmp_path / "mine.npz", **arrays))
    part = "test" if "test" in names else "validation"
    assert read.names == ["ant", "cat", "dog"]
    assert (read.parts[part][0] == GREY[:, None]).all()
    with pytest.raises(ValueError, match=r"10 image\(s\) of the part .*, expected > 10"):
        own_images.read(
            save(tmp_path / "few.npz", **{k: array[:10] for k, array in arrays.items()})
        )


def test_a_validation_set_of_ones_own_stays_as_it_is(tmp_path):
    path = save(
        tmp_path / "medmnist.npz",
        train_images=GREY[:20],
        train_labels=LABELS[:20, None],
        val_images=GREY[20:26],
        val_labels=LABELS[20:26, None],
        test_images=GREY[26:],
        test_labels=LABELS[26:, None],
    )
    parts = own_images.read(path).parts
    for test, kept in (("official", 20), (6, 18)):
        split = splitting.split(parts, "mine", test, 1)
        assert (split["validation"][0] == GREY[20:26, None]).all()
        assert split["validation"][1].tolist() == LABELS[20:26].tolist()
        assert len(split["train"][1]) == kept
        there = np.concatenate([split[part][0] for part in ("train", "test")])[:, 0]
        left = np.concatenate([GREY[:20], GREY[26:]])
        assert np.array_equal(np.sort(there, axis=None), np.sort(left, axis=None))


@pytest.mark.parametrize(
    "names", [("x_train", "y_train"), ("XTrain", "YTrain"), ("data", "target")]
)
def test_arrays_are_known_by_other_names(tmp_path, names):
    path = save(tmp_path / "mine.npz", **dict(zip(names, (GREY, LABELS), strict=True)))
    assert (own_images.read(path).parts["train"][0][:, 0] == GREY).all()


def test_arrays_that_are_no_images_are_left_alone_and_named(tmp_path):
    path = save(tmp_path / "m.npz", images=GREY, labels=LABELS, class_names=np.array(["a", "b"]))
    assert own_images.read(path).notes == [f"{path}: left alone class_names"]


NOT_A_NUMBER = np.where(np.arange(N)[:, None, None] == 7, np.nan, GREY / 255)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"labels": LABELS - 1}, "labels -1 .. 1, expected integers from 0 on"),
        ({"labels": LABELS * 2}, "class 1 has no image to learn from, but the labels go up to 4"),
        ({"labels": LABELS + 10**15}, "class 0 has no image to learn from"),
        ({"labels": LABELS + 0.5}, "labels are float64 such as .*, expected integers"),
        ({"labels": LABELS[:-1]}, r"labels \(29,\), expected \(30,\), one for each image"),
        ({"labels": np.array([[0.5, 0.5]] * N)}, r"labels.argmax\(1\)"),
        ({"labels": np.ones((N, 3), int)}, "30 rows have no 1 or several"),
        ({"labels": LABELS * 0}, "one class, expected at least two"),
        ({"images": GREY[:1], "labels": LABELS[:1]}, r"1 image\(s\) to learn from, expected > 10"),
        ({"images": GREY[:0], "labels": LABELS[:0]}, "expected at least one image"),
        ({"images": NOT_A_NUMBER}, "image 7 has a pixel that is NaN or infinite"),
        ({"images": GREY / 85}, "pixels from 0.0 to 3.0, expected floats in .0, 1. or integers in"),
        ({"images": GREY * 257.0}, "images = images / 65535"),
        ({"images": GREY / 255 - 0.5}, r"pixels from -0.5 to .*images = \(images \+ 1\) / 2"),
        ({"images": GREY // 16}, "brightest pixel is 15 where white is 255, .* nearly black"),
        ({"images": GREY / 255 / 255}, "brightest pixel is 0.0039.* where white is 1"),
        ({"images": GREY * 0}, "nearly black"),
        ({"images": GREY * 0 + 200}, "30 of 30 images have one colour everywhere"),
        ({"images": GREY[:1].repeat(N, 0)}, "30 of 30 images are equal"),
        ({"images": GREY.astype(np.int16) + 1}, "pixels from 1 to 256"),
        ({"images": GREY.reshape(N, -1)}, r"\(30, 24\), .*reshape\(-1, 3, H, W\)"),
        ({"images": np.moveaxis(GREY, 0, 2)}, r"numpy.moveaxis\(images, -1, 0\)"),
        ({"images": COLOUR[:, :2]}, "1 or 3 channels: the last of 2 is not opaque"),
        ({"images": COLOUR[..., :3]}, "only one axis that can be the channels"),
        ({"pixels": GREY}, "arrays .*pixels.*; expected images and labels"),
        ({"test_images": GREY}, "test_images is there, but no labels of the part test"),
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
    with pytest.raises(ValueError, match=rf"bad\{suffix}: (n.* readable|it is empty)"):
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


@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_pictures_are_read_class_by_class(tmp_path, images, suffix):
    folder = photograph(tmp_path / "mine", images, suffix=suffix)
    (folder / ".DS_Store").touch()
    (folder / "b" / ".hidden").touch()
    read = own_images.read(folder)
    found, labels = read.parts["train"]
    order = np.argsort(LABELS, kind="stable")
    assert (found == images.reshape(N, -1, 4, 6)[order]).all()
    assert found.dtype == np.uint8
    assert labels.tolist() == LABELS[order].tolist()
    assert (read.classes, read.names) == (3, ["a", "b", "c"])
    assert read.notes == ["classes: 0 is a, 1 is b, 2 is c"]


def _truncate(folder):
    path = folder / "b" / "01.png"
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_truncate, r"mine: 1 is no readable picture: .*b/01\.png \("),
        (lambda f: (f / "b/notes.doc").write_text("x"), r"b/notes\.doc \(of another format"),
        (lambda f: (f / "notes.doc").write_text("x"), r"notes\.doc: beside the class folders"),
        (lambda f: (f / "d").mkdir(), "mine/d: an empty class"),
        (lambda f: Image.new("RGB", (6, 5)).save(f / "b/x.png"), r"1 of 5 x 6 pixels .*b/x\.png"),
        (lambda f: (f / "b/x.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0"), r"b/x\.eps \(of ano"),
    ],
    ids=["truncated", "document", "beside", "empty class", "larger", "program"],
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
    assert len(own_images.read(tmp_path / "mine").parts["train"][1]) == len(found)


def test_the_script_prepares_data_of_ones_own(tmp_path):
    path = save(tmp_path / "mine.npz", images=COLOUR, labels=np.array(["c", "a", "b"])[LABELS])
    parts = prepared_parts.of({})
    outputs = [tmp_path / f"{name}.safetensors" for name in parts]
    command = [sys.executable, "workflow/scripts/prepare.py", "--dataset", "own", "--source", "s"]
    command += ["--own", path, "--test", "6", "--seed", "1"]
    for name, output in zip(parts, outputs, strict=True):
        command += [f"--{name}-output", output]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert told.startswith("classes: 0 is a, 1 is b, 2 is c\n")
    assert files.read_tensors(outputs[2])[1]["names"] == ["a", "b", "c"]
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
