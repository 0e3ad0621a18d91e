import numpy as np
import pytest

from prunescape.data.readers import tensors
from prunescape.foundations import files
from tests.helpers.images import GREY, LABELS, N


def test_images_and_labels_of_parts_are_paired(tmp_path):
    path = tmp_path / "own.safetensors"
    arrays = {"train_images": GREY[:20], "train_labels": LABELS[:20]}
    arrays |= {"test_images": GREY[20:], "test_labels": LABELS[20:], "order": np.arange(N)}
    files.write_tensors(path, arrays, {})
    reading = tensors.read(path)
    assert np.array_equal(reading.parts["train"].images, GREY[:20])
    assert np.array_equal(reading.parts["test"].labels, LABELS[20:])
    assert reading.notes == [f"{path}: left alone order"]


def test_a_file_of_another_format_is_named(tmp_path):
    np.savez(tmp_path / "own.safetensors.npz", images=GREY, labels=LABELS)
    path = (tmp_path / "own.safetensors.npz").rename(tmp_path / "own.safetensors")
    with pytest.raises(ValueError, match=r"own\.safetensors: n"):
        tensors.read(path)
