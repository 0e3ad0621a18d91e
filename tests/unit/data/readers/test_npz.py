import zipfile

import numpy as np
import pytest

from prunescape.data import own_images
from tests.helpers.images import GREY, LABELS


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


def test_a_zip_of_something_else_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "own.npz", "w") as opened:
        opened.writestr("images/1.png", b"x")
    with pytest.raises(ValueError, match=r"own\.npz: no readable \.npz"):
        own_images.read(tmp_path / "own.npz")
