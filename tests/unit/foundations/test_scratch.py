import os

import numpy as np
import pytest

from prunescape.foundations import scratch


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "IN_MEMORY", 100)
    return tmp_path


def maps():
    with open("/proc/self/maps", encoding="utf-8") as opened:
        return opened.read()


def test_a_small_array_is_in_memory(folder):
    array = scratch.array((5, 5), np.float32)
    assert (array.shape, array.dtype) == ((5, 5), np.float32)
    assert array.flags.writeable
    assert str(folder) not in maps()


def test_a_large_array_lies_in_a_file_that_is_gone_with_it(folder):
    array = scratch.array((26, 1), np.float32)
    assert type(array) is np.ndarray
    assert str(folder) in maps()
    assert list(folder.iterdir()) == []
    array[:] = np.arange(26)[:, None]
    assert array.sum() == 325
    del array
    assert str(folder) not in maps()


def test_a_full_disk_is_named(folder, monkeypatch):
    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(scratch.os, "posix_fallocate", full)
    with pytest.raises(OSError, match=f"No space left on device: '{folder}'"):
        scratch.array((26, 1), np.float32)
