"""Download torchvision's collections and write them to a file that `own_images` reads.

Addresses, checksums and files are torchvision's; only CIFAR comes in its binary version, since
torchvision's version has to be unpickled. Needs torch, torchvision and scipy (3 s).
"""

import gzip
import http.client
import logging
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from prunescape.data import datasets, torchvision_import, web
from prunescape.data.image_rows import Images
from prunescape.foundations import files
from prunescape.foundations.choices import choose
from prunescape.foundations.messages import one_line

log = logging.getLogger(__name__)


# MD5 of the binary versions, from their publisher's page, and their training and test files.
CIFAR = {
    "CIFAR10": (
        "c32a1d4ab5d03f1284b67883e8d87530",
        [[f"data_batch_{i}.bin" for i in range(1, 6)], ["test_batch.bin"]],
    ),
    "CIFAR100": ("03b5dce01913d631647c71ecec9e9cb8", [["train.bin"], ["test.bin"]]),
}


def fetch(name: str, output: Path) -> None:
    """Download a collection and write `images`, `labels`, `test_images` and `test_labels`.

    Args:
        name: one of own_sources.COLLECTIONS.
        output: the .safetensors file to write.

    Raises:
        ValueError: if the collection is unknown, can't be downloaded, or has other contents than
            expected; with the reason.
    """
    readers = {"KMNIST": _mnist, "SVHN": _svhn, "CIFAR10": _cifar, "CIFAR100": _cifar}
    read = choose(readers, name, "sources: torchvision")
    try:
        known = getattr(torchvision_import.load().datasets, name)
    except (ImportError, RuntimeError) as error:
        raise ValueError(f"torchvision can't be imported ({error})") from None
    with tempfile.TemporaryDirectory() as folder:
        parts = read(name, known, Path(folder))
    arrays: dict[str, Images] = {}
    for prefix, (images, labels) in zip(("", "test_"), parts, strict=True):
        arrays |= {f"{prefix}images": images, f"{prefix}labels": labels}
        log.info("%s: %s images", name, f"{len(labels):,}")
    files.write_tensors(output, arrays, {})


def _download(addresses: list[str], md5: str, folder: Path) -> Path:
    """Download a file from the first of the addresses that has it, verify it, return its path."""
    failures = []
    for address in addresses:
        path = folder / address.rsplit("/", 1)[1]
        try:
            web.download(address, path, md5)
        except (OSError, ValueError, http.client.HTTPException) as error:
            failures.append(f"{address} ({error})")
        else:
            return path
    raise ValueError(
        f"it could not be downloaded: {'; '.join(failures)}; with its arrays in a file of your "
        'own, "file:PATH" needs no network'
    )


def _mnist(_: str, known: Any, folder: Path) -> list[datasets.Part]:
    paths = []
    for name, md5 in known.resources:
        packed = _download([f"{mirror}{name}" for mirror in known.mirrors], md5, folder)
        paths.append(packed.with_suffix(""))
        _guarded(lambda a, b: b.write_bytes(gzip.decompress(a.read_bytes())), packed, paths[-1])
    return list(datasets.read_raw(paths).values())


def _svhn(_: str, known: Any, folder: Path) -> list[datasets.Part]:
    from scipy.io import loadmat

    parts: list[datasets.Part] = []
    for split in ("train", "test"):
        address, _, md5 = known.split_list[split]
        contents = _guarded(loadmat, _download([address], md5, folder))
        labels = contents["y"].astype(np.int64).ravel() % 10  # in the file, class 10 is the digit 0
        parts.append((np.ascontiguousarray(contents["X"].transpose(3, 2, 0, 1)), labels))
    return parts


def _cifar(name: str, known: Any, folder: Path) -> list[datasets.Part]:
    md5, names = CIFAR[name]
    archive = _download([known.url.replace("python", "binary")], md5, folder)
    members = _guarded(_members, archive)
    labels = 2 if name == "CIFAR100" else 1  # CIFAR-100 has the coarse class, then the fine one
    parts: list[datasets.Part] = []
    for part in names:
        records = np.concatenate([_records(members, file, labels) for file in part])
        images = np.ascontiguousarray(records[:, labels:]).reshape(-1, 3, 32, 32)
        parts.append((images, records[:, labels - 1].astype(np.int64)))
    return parts


def _members(archive: Path) -> dict[str, bytes]:
    """Return bare name -> contents for the files in an archive; nothing is written to disk."""
    found = {}
    with tarfile.open(archive) as opened:
        for member in opened:
            packed = opened.extractfile(member) if member.isfile() else None
            if packed is not None:
                found[member.name.rsplit("/", 1)[-1]] = packed.read()
    return found


def _records(members: dict[str, bytes], name: str, labels: int) -> np.ndarray:
    raw = np.frombuffer(members.get(name, b""), np.uint8)
    if not raw.size or raw.size % (labels + 3072):
        raise ValueError(f"{name} has {raw.size} bytes, expected {labels + 3072} for each image")
    return raw.reshape(-1, labels + 3072)


def _guarded(read: Callable[..., Any], *paths: Path) -> Any:
    """Call `read`; turn its errors about a damaged file into a ValueError with the file's name."""
    try:
        return read(*paths)
    except (OSError, EOFError, KeyError, tarfile.TarError, zlib.error, TypeError) as error:
        text = one_line(error)
        raise ValueError(f"{paths[0].name} can't be read ({text})") from None
