import gzip
import hashlib
import io
import tarfile
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.io import savemat

from prunescape.data import own_images, own_sources, torchvision_collections
from prunescape.foundations import streams
from tests.helpers import servers

GENERATOR = streams.generator("test", "collections")
COLOUR = GENERATOR.integers(0, 256, (24, 3, 32, 32), dtype=np.uint8)
GREY = GENERATOR.integers(0, 256, (24, 28, 28), dtype=np.uint8)
LABELS = (np.arange(24) % 4).astype(np.uint8)


def md5(content):
    return hashlib.md5(content).hexdigest()


def idx(array):
    sizes = np.array(array.shape, dtype=">u4").tobytes()
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


def packed(members):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as opened:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"../batches/{name}")
            entry.size = len(content)
            opened.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def records(images, *labels):
    return np.concatenate([np.stack(labels, axis=1), images.reshape(len(images), -1)], 1).tobytes()


def contents(name):
    """Return the files of a small stand-in for a collection, 20 images to learn from, 4 to test."""
    parts = [slice(20), slice(20, 24)]
    if name == "KMNIST":
        arrays = [array[part] for part in parts for array in (GREY, LABELS)]
        names = [
            f"{prefix}-{kind}-ubyte.gz"
            for prefix in ("train", "t10k")
            for kind in ("images-idx3", "labels-idx1")
        ]
        return dict(zip(names, map(idx, arrays), strict=True))
    if name == "SVHN":
        found = {}
        for split, part in zip(("train", "test"), parts, strict=True):
            matrix = io.BytesIO()
            digits = np.where(LABELS[part] == 0, 10, LABELS[part])[:, None]
            savemat(matrix, {"X": COLOUR[part].transpose(2, 3, 1, 0), "y": digits})
            found[f"{split}_32x32.mat"] = matrix.getvalue()
        return found
    coarse = [LABELS + 90] if name == "CIFAR100" else []
    labels = [*coarse, LABELS]
    cuts = [slice(i, i + 4) for i in range(0, 24, 4)]
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    if name == "CIFAR100":
        cuts, names = parts, ["train.bin", "test.bin"]
    members = {
        member: records(COLOUR[cut], *(label[cut] for label in labels))
        for member, cut in zip(names, cuts, strict=True)
    }
    return {f"{name.lower()}-binary.tar.gz": packed(members)}


@pytest.fixture
def collection(monkeypatch):
    """Return a function that makes torchvision know where files of a collection are."""

    def known(name, files, address):
        dataset = SimpleNamespace(
            mirrors=["http://127.0.0.1:9/", address],
            resources=[(file, md5(content)) for file, content in files.items()],
            split_list={
                file.split("_")[0]: [f"{address}{file}", file, md5(content)]
                for file, content in files.items()
            },
            url=f"{address}{next(iter(files))}".replace("binary", "python"),
        )
        module = SimpleNamespace(datasets=SimpleNamespace(**{name: dataset}))
        monkeypatch.setattr(torchvision_collections.torchvision_import, "load", lambda: module)
        if name in torchvision_collections.CIFAR:
            _, names = torchvision_collections.CIFAR[name]
            [content] = files.values()
            monkeypatch.setitem(torchvision_collections.CIFAR, name, (md5(content), names))

    return known


@pytest.mark.parametrize("name", own_sources.COLLECTIONS)
def test_a_collection_becomes_one_file_of_arrays(tmp_path, collection, name):
    content, output = contents(name), tmp_path / "images.safetensors"
    with servers.running(content) as server:
        collection(name, content, server.address("good"))
        torchvision_collections.fetch(name, output)
    read = own_images.read(output)
    train, test = read.parts["train"], read.parts["test"]
    images = GREY[:, None] if name == "KMNIST" else COLOUR
    assert (np.concatenate([train[0], test[0]]) == images).all()
    assert np.concatenate([train[1], test[1]]).tolist() == LABELS.tolist()
    assert (len(test[1]), read.classes) == (4, 4)


@pytest.mark.parametrize("name", own_sources.COLLECTIONS)
def test_other_bytes_than_the_publishers_are_refused(tmp_path, collection, name):
    content, output = contents(name), tmp_path / "images.safetensors"
    with servers.running(content) as server:
        collection(name, content, server.address("corrupt"))
        with pytest.raises(ValueError, match=r"could not be downloaded: .*MD5.*file:PATH"):
            torchvision_collections.fetch(name, output)
    assert not output.exists()


def test_an_archive_without_a_part_is_refused(tmp_path, collection):
    content = {"cifar10-binary.tar.gz": packed({"data_batch_1.bin": records(COLOUR, LABELS)})}
    with servers.running(content) as server:
        collection("CIFAR10", content, server.address("good"))
        with pytest.raises(ValueError, match=r"data_batch_2\.bin has 0 bytes, expected 3073"):
            torchvision_collections.fetch("CIFAR10", tmp_path / "images.safetensors")


def test_torchvision_has_what_is_read_of_it():
    known = torchvision_collections.torchvision_import.load().datasets
    assert known.CIFAR10.url.endswith("cifar-10-python.tar.gz")
    assert known.CIFAR100.url.endswith("cifar-100-python.tar.gz")
    assert len(known.KMNIST.resources) == 4
    assert set(known.SVHN.split_list) >= {"train", "test"}
