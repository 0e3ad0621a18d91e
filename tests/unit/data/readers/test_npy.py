import numpy as np
import pytest

from prunescape.data import own_images
from tests.helpers.images import LABELS, LAST, N, read_back


def test_npy_files_beside_each_other(tmp_path):
    np.save(tmp_path / "x_train.npy", np.asfortranarray(LAST))
    np.save(tmp_path / "y_train.npy", LABELS)
    np.save(tmp_path / "embedding.npy", np.zeros((N, 7)))
    read_back(tmp_path / "x_train.npy")
    np.save(tmp_path / "x_test.npy", LAST[:4])
    with pytest.raises(ValueError, match="x_test is there, but no labels of the part test"):
        own_images.read(tmp_path / "x_train.npy")
    np.save(tmp_path / "y_test.npy", LABELS[:4])
    assert len(read_back(tmp_path).parts["test"][1]) == 4


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
