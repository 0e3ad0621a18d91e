import numpy as np
import pytest
import torch

from prunescape.data import datasets, image_tensors


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


def test_they_go_to_a_device_and_keep_what_they_came_from(tmp_path):
    path = tmp_path / "train.safetensors"
    write(path, "train", 20, 0)
    there = image_tensors.load([path], "meta")
    assert there.images.device.type == there.labels.device.type == "meta"
    assert list(there.opened) == ["train"]


def test_no_file():
    with pytest.raises(ValueError, match="no file of a data set given"):
        image_tensors.load([])
