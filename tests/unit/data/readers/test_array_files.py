import sys
import zipfile

import h5py
import numpy as np
import pytest
import scipy.io

from prunescape.data import own_images
from prunescape.data.readers import hdf5
from tests.helpers.images import COLOUR, GREY, LABELS, N

LAST = np.moveaxis(COLOUR, 1, 3)


def check(path, expected=COLOUR):
    read = own_images.read(path)
    assert (read.parts["train"][0] == expected).all()
    assert read.parts["train"][1].tolist() == LABELS.tolist()
    return read


# .npy


def test_npy_files_beside_each_other(tmp_path):
    np.save(tmp_path / "x_train.npy", np.asfortranarray(LAST))
    np.save(tmp_path / "y_train.npy", LABELS)
    np.save(tmp_path / "embedding.npy", np.zeros((N, 7)))
    check(tmp_path / "x_train.npy")
    np.save(tmp_path / "x_test.npy", LAST[:4])
    with pytest.raises(ValueError, match="x_test is there, but no labels of the part test"):
        own_images.read(tmp_path / "x_train.npy")
    np.save(tmp_path / "y_test.npy", LABELS[:4])
    assert len(check(tmp_path).parts["test"][1]) == 4


def test_npy_files_that_cannot_be_read_are_named(tmp_path):
    np.save(tmp_path / "images.npy", LAST)
    with pytest.raises(ValueError, match="arrays images; expected images and labels"):
        own_images.read(tmp_path / "images.npy")
    np.save(tmp_path / "labels.npy", np.array(["a", None] * 15), allow_pickle=True)
    with pytest.raises(ValueError, match=r"labels\.npy: no .*numpy\.array\(objects\.tolist\(\)\)"):
        own_images.read(tmp_path / "images.npy")
    (tmp_path / "labels.npy").write_bytes(b"\x93NUMPY\x01\x00\x10\x00{'descr': ((((\n")
    with pytest.raises(ValueError, match=r"labels\.npy: no readable"):
        own_images.read(tmp_path)


# .npz


def encrypt(path):
    """Set the bit for encryption of all members."""
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(mark)
        while place >= 0:
            content[place + offset] |= 1
            place = content.find(mark, place + 4)
    path.write_bytes(content)


def test_an_encrypted_archive_is_told(tmp_path):
    np.savez(tmp_path / "own.npz", images=GREY, labels=LABELS)
    encrypt(tmp_path / "own.npz")
    with pytest.raises(ValueError, match=r"images\.npy, labels\.npy need a password"):
        own_images.read(tmp_path / "own.npz")


def test_objects_are_told_how_to_convert(tmp_path):
    np.savez(tmp_path / "own.npz", images=GREY, labels=LABELS.astype(object))
    with pytest.raises(ValueError, match=r"numpy\.array\(labels\.tolist\(\)\) is the same"):
        own_images.read(tmp_path / "own.npz")
    np.savez(tmp_path / "own.npz", images=GREY, labels=LABELS, names=np.array(["a", None]))
    assert own_images.read(tmp_path / "own.npz").notes == [f"{tmp_path}/own.npz: left alone names"]


def test_one_role_twice_is_refused(tmp_path):
    np.savez(tmp_path / "own.npz", images=GREY, x_train=GREY, labels=LABELS)
    with pytest.raises(ValueError, match="images and x_train are both images, expected one"):
        own_images.read(tmp_path / "own.npz")


def test_a_zip_of_something_else_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "own.npz", "w") as opened:
        opened.writestr("images/1.png", b"x")
    with pytest.raises(ValueError, match=r"own\.npz: no readable \.npz"):
        own_images.read(tmp_path / "own.npz")


# .mat


@pytest.mark.parametrize("compressed", [False, True])
def test_matlab_has_images_along_the_last_axis(tmp_path, compressed):
    arrays = {"X": np.moveaxis(LAST, 0, 3), "y": (LABELS + 1.0)[:, None], "meta": "text"}
    scipy.io.savemat(tmp_path / "32x32.mat", arrays, do_compression=compressed)
    read = check(tmp_path / "32x32.mat")
    assert read.names == ["1", "2", "3"]
    scipy.io.savemat(tmp_path / "first.mat", {"images": GREY, "labels": LABELS})
    check(tmp_path / "first.mat", GREY[:, None])


def test_an_axis_of_images_that_may_be_two_is_refused(tmp_path):
    images = np.zeros((N, 4, N), np.uint8)
    scipy.io.savemat(tmp_path / "own.mat", {"images": images, "labels": LABELS})
    with pytest.raises(ValueError, match="may lie along the first axis or the last"):
        own_images.read(tmp_path / "own.mat")


def test_matlab_7_3_is_hdf5_with_axes_reversed(tmp_path):
    path = tmp_path / "own.mat"
    with h5py.File(path, "w", userblock_size=512) as opened:
        opened["X"] = np.moveaxis(LAST, 0, 3).T
        opened["y"] = LABELS[None].astype(float)
    check(path)


# HDF5


def test_hdf5_with_and_without_groups(tmp_path):
    with h5py.File(tmp_path / "own.h5", "w") as opened:
        opened.create_dataset("train/images", data=LAST, chunks=True, compression="gzip")
        opened["train/labels"] = [b"abc"[label : label + 1] for label in LABELS]
        opened["test/images"], opened["test/labels"] = LAST[:2], [b"a", b"b"]
        opened["link"] = h5py.ExternalLink("/etc/passwd", "x")
    read = check(tmp_path / "own.h5")
    assert (read.names, len(read.parts["test"][1])) == (["a", "b", "c"], 2)


def test_hdf5_that_leads_elsewhere_or_promises_too_much_is_refused(tmp_path):
    path = tmp_path / "own.h5"
    with h5py.File(path, "w") as opened:
        opened["labels"] = LABELS
        opened.create_dataset("images", (N, 10**5, 10**5), np.uint8, chunks=(1, 10, 10))
    with pytest.raises(ValueError, match=r"own\.h5: no readable HDF5 file .*too few bytes"):
        own_images.read(path)
    (tmp_path / "raw").write_bytes(GREY.tobytes())
    with h5py.File(path, "w") as opened:
        opened["labels"] = LABELS
        raw = [(str(tmp_path / "raw"), 0, GREY.nbytes)]
        opened.create_dataset("images", GREY.shape, np.uint8, external=raw)
    with pytest.raises(ValueError, match="images lies in another file"):
        own_images.read(path)


def test_without_h5py_the_way_out_is_told(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "own.h5", "w") as opened:
        opened["images"], opened["labels"] = GREY, LABELS
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ValueError, match=r"pip install .* h5py; or .*numpy\.savez"):
        hdf5.read(tmp_path / "own.h5")
