"""What lies in the place of data is told as what it is, whatever the ending."""

import gzip
import io

import numpy as np
import pandas as pd
import pytest
import scipy.io
import torch

from prunescape.data import own_images, own_sources

PAGE = b"\xef\xbb\xbf\n <!DOCTYPE html><html>Log in</html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"


@pytest.mark.parametrize("ending", own_sources.ENDINGS)
@pytest.mark.parametrize(
    ("contents", "told"),
    [
        (b"", "it is empty"),
        (PAGE, "it is a web page, as a download that needs a login"),
        (POINTER, "it is a pointer to the file; `git lfs pull` brings the file itself"),
        (b"/annex/objects/SHA256E-s5--0.npz\n", "`git annex get` brings the file itself"),
    ],
    ids=["empty", "page", "git-lfs", "git-annex"],
)
def test_a_stand_in_is_told(tmp_path, ending, contents, told):
    path = tmp_path / f"images{ending}"
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=f"^{path}: it is ") as error:
        own_images.read(path)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("name", "write", "told"),
    [
        (
            "a.npz",
            lambda path: path.write_bytes(saved(np.save, np.zeros(3))),
            "one array, as numpy",
        ),
        ("a.npy", lambda path: path.write_bytes(saved(np.savez, np.zeros(3))), "a zip archive"),
        ("a.safetensors", lambda path: torch.save({"x": torch.zeros(3)}, path), "a zip archive"),
        ("a.npz", lambda path: pd.DataFrame({"x": [1]}).to_parquet(path), "parquet"),
        ("a.csv", lambda path: path.write_bytes(gzip.compress(b"x\n1\n")), "packed by gzip"),
        (
            "a.npz",
            lambda path: path.write_bytes(saved(scipy.io.savemat, {"x": 1})),
            "a file of MAT",
        ),
    ],
)
def test_another_format_than_the_ending_says_is_told(tmp_path, name, write, told):
    write(tmp_path / name)
    with pytest.raises(ValueError, match=rf"{name}: it is {told}.*; .* the ending \.\w+"):
        own_images.read(tmp_path / name)


def saved(save, contents):
    """Return what numpy or scipy writes of some contents."""
    opened = io.BytesIO()
    save(opened, contents)
    return opened.getvalue()


@pytest.mark.parametrize("contents", [b"PK\x03\x04 cut", b"images", b"\x80\x04N."])
def test_no_archive_is_not_taken_for_a_pickle(tmp_path, contents):
    path = tmp_path / "own.npz"
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=r"no readable \.npz file .*\(no archive, or cut off\)$"):
        own_images.read(path)
