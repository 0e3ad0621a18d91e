import warnings

import numpy as np
import pytest
import torch

from prunescape.data import datasets, image_tensors
from prunescape.data.joined_images import Joined
from prunescape.foundations import scratch


def write(path, name, count, seed):
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (count, 1, 4, 4)).astype(np.uint8)
    part = images, generator.integers(0, 3, count)
    datasets.write(path, part, "made", name, "up", 3)
    return part


def test_splits_follow_each_other_with_their_bytes(tmp_path):
    paths = [tmp_path / "train.safetensors", tmp_path / "validation.safetensors"]
    parts = [write(paths[0], "train", 20, 0), write(paths[1], "validation", 5, 1)]

    found = image_tensors.load(paths)

    assert found.images.dtype == torch.uint8
    assert np.array_equal(found.images, np.concatenate([images for images, _ in parts]))
    assert np.array_equal(found.labels, np.concatenate([labels for _, labels in parts]))
    assert found.classes == 3
    assert found.opened == datasets.load(paths).opened


def test_large_splits_stay_in_their_files(tmp_path, monkeypatch):
    paths = [tmp_path / "train.safetensors", tmp_path / "validation.safetensors"]
    for path, count in zip(paths, (20, 5), strict=True):
        write(path, path.stem, count, count)
    expected = image_tensors.load(paths)
    monkeypatch.setattr(scratch, "IN_MEMORY", 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = image_tensors.load(paths)
    assert isinstance(found.images, Joined)
    assert found.to("cpu").images is found.images
    places = torch.tensor([24, 0, 19, 20])
    assert torch.equal(found.images.index_select(0, places), expected.images[places])
    assert torch.equal(found.labels, expected.labels)


def test_they_go_to_a_device_and_keep_what_they_came_from(tmp_path):
    path = tmp_path / "train.safetensors"
    write(path, "train", 20, 0)
    there = image_tensors.load([path], "meta")
    assert there.images.device.type == there.labels.device.type == "meta"
    assert list(there.opened) == ["train"]


def test_no_file():
    with pytest.raises(ValueError, match="no file of a data set given"):
        image_tensors.load([])
