"""The pointers in data/ mean the bytes that the download rule verifies."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from prunescape.data import sources
from tests.helpers.places import ROOT
from tools.versioning import files

# What DVC names the raw files of FILES by. Those of mnist are the well-known ones.
MD5 = {
    "mnist": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
    "digits": {"digits.csv.gz": "9b335364a7bfd63947c7480a5bd51f2d"},
}


@pytest.mark.parametrize("source", sources.FILES)
def test_a_pointer_names_the_raw_files(source):
    assert set(MD5[source]) == set(sources.FILES[source])
    # DVC's list of a folder, and the MD5 of that list.
    listing = [{"md5": MD5[source][name], "relpath": name} for name in sorted(MD5[source])]
    name = hashlib.md5(json.dumps(listing, sort_keys=True).encode()).hexdigest()

    [out] = yaml.safe_load((ROOT / "data" / source / "raw.dvc").read_text())["outs"]

    assert out["path"] == "raw"
    assert out["md5"] == f"{name}.dir"
    assert out["nfiles"] == len(listing)


def test_the_bytes_of_digits(tmp_path: Path):
    [name] = sources.FILES["digits"]
    sources.fetch("digits", ["scikit-learn"], [tmp_path / name])
    found = files.digests(tmp_path / name)
    assert found == (MD5["digits"][name], sources.FILES["digits"][name])


def test_pulled_raw_files_are_not_downloaded_again(fresh, shared):
    fresh.dvc("remote", "add", "--local", "--default", "store", str(shared / "store"))
    assert fresh.dvc("pull", "data/digits/raw.dvc").status == 0

    rules = {job.rule for job in fresh.planned()}

    assert "prepare" in rules
    assert "download_digits" not in rules
