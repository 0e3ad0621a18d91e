import h5py
import numpy as np
import pytest
import scipy.io

from prunescape.data import own_images
from tests.helpers.images import GREY, LABELS, LAST, N, read_back


@pytest.mark.parametrize("compressed", [False, True])
def test_matlab_has_images_along_the_last_axis(tmp_path, compressed):
    arrays = {"X": np.moveaxis(LAST, 0, 3), "y": (LABELS + 1.0)[:, None], "meta": "text"}
    scipy.io.savemat(tmp_path / "32x32.mat", arrays, do_compression=compressed)
    read = read_back(tmp_path / "32x32.mat")
    assert read.names == ["1", "2", "3"]
    scipy.io.savemat(tmp_path / "first.mat", {"images": GREY, "labels": LABELS})
    read_back(tmp_path / "first.mat", GREY[:, None])


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
    read_back(path)
