from pathlib import Path

import numpy as np
import pytest

from prunescape.data import own_images, own_sources


def test_home_is_resolved_and_unknown_users_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "own.npz").touch()
    assert own_sources.path("s", "file:~/own.npz") == f"{tmp_path}/own.npz"
    assert own_sources.problem("file:~/own.npz") is None
    assert own_sources.problem("classes:~nobody_here/x") == "nobody_here is no user of this machine"


def test_what_is_missing_is_looked_for_beside_the_config(monkeypatch, tmp_path):
    work, study = tmp_path / "work", tmp_path / "study"
    work.mkdir()
    study.mkdir()
    monkeypatch.chdir(work)
    text = f"there is no such file: looked for {work}/own.npz"
    configs = [str(work / "config.yaml"), str(study / "study.yaml")]
    assert own_sources.problem("file:own.npz", configs) == text
    (study / "own.npz").touch()
    beside = f"{text}; beside study.yaml there is one: file:../study/own.npz"
    assert own_sources.problem("file:own.npz", configs) == beside
    assert own_sources.problem("file:../study/own.npz", configs) is None


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("a.zip", "unpack it"),
        ("a.tar.gz", "unpack it"),
        ("a.PT", "would run code"),
        ("a.pkl", "numpy.savez"),
        ("a.png", "as classes:FOLDER"),
        ("train-images-idx3-ubyte.gz", "directory:FOLDER"),
    ],
)
def test_other_files_have_a_way_out(tmp_path, name, way):
    (tmp_path / name).touch()
    assert way in own_sources.problem(f"file:{tmp_path / name}")


def test_a_folder_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    def refused(root):
        raise PermissionError(13, "Permission denied", f"{root}/closed")

    monkeypatch.setattr(own_sources.layouts, "walk", refused)
    told = own_sources.problem(f"classes:{tmp_path}")
    assert told == f"{tmp_path}/closed can't be read (Permission denied)"


def test_every_ending_has_a_reader():
    read = {*own_images.ARRAYS, *own_images.CSV, *own_images.PARQUET}
    assert read == set(own_sources.ENDINGS)
    assert own_sources.ending("MNIST.CSV.GZ") == ".csv.gz"


def test_a_place_of_the_other_kind_is_told(tmp_path):
    (tmp_path / "own.npz").touch()
    told = own_sources.problem(f"classes:{tmp_path}/own.npz")
    assert told == f"that is a file, which is named as file:{tmp_path}/own.npz"


def test_arrays_beside_each_other_are_inputs_together(tmp_path):
    for name in ("images", "labels", "test_images", "embedding"):
        np.save(tmp_path / f"{name}.npy", np.zeros(3))
    (tmp_path / "notes.txt").touch()
    found = own_sources.files("s", f"file:{tmp_path}/images.npy")
    assert [Path(each).stem for each in found] == ["images", "labels", "test_images"]
