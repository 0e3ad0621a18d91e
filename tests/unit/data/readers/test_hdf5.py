import sys

import h5py
import numpy as np
import pytest

from prunescape.data import own_images
from prunescape.data.readers import hdf5
from tests.helpers.images import GREY, LABELS, LAST, N, read_back


def test_hdf5_with_and_without_groups(tmp_path):
    with h5py.File(tmp_path / "own.h5", "w") as opened:
        opened.create_dataset("train/images", data=LAST, chunks=True, compression="gzip")
        opened["train/labels"] = [b"abc"[label : label + 1] for label in LABELS]
        opened["test/images"], opened["test/labels"] = LAST[:2], [b"a", b"b"]
        opened["link"] = h5py.ExternalLink("/etc/passwd", "x")
    read = read_back(tmp_path / "own.h5")
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
