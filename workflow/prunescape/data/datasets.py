"""Data sets: read raw files; write and read their parts: training, validation, test sets, ..."""

import gzip
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prunescape.data import image_rows, prepared_parts
from prunescape.data.image_rows import Images
from prunescape.foundations import files

SPLITS = prepared_parts.ALL
CLASSES = 10  # in all sources that come with the project
FEWEST = 10  # least number of images to learn from: a tenth of them is the validation set
METADATA = {"dataset", "split", "source", "classes"}
NAMES = "names"  # the metadata key of class names, for sources that have them
REPEATED = "repeated"  # how many test images stand in the training or calibration data too

OPTIONAL = {NAMES, REPEATED}

# Images [N, C, H, W], uint8 or float32 in [0, 1], with labels [N], int64 from 0 on.
Part = tuple[Images, np.ndarray]
# A source's parts, with keys from SPLITS; a source without a split is all train.
Parts = dict[str, Part]


@dataclass(frozen=True)
class Split:
    """Images with their labels, and the files that they came from.

    Attributes:
        pieces: the images of each file [n, C, H, W], uint8 in 0 .. 255 or float32 in [0, 1]. They
            are memory mapped and can't be written to.
        labels: [N], int64 in 0 .. classes - 1.
        classes: the number of classes.
        opened: split (one of SPLITS) -> SHA-256 of its file.
    """

    pieces: tuple[np.ndarray, ...]
    labels: np.ndarray
    classes: int
    opened: dict[str, str]

    @property
    def images(self) -> np.ndarray:
        """All images [N, C, H, W]; of several files a copy, which is as large."""
        return self.pieces[0] if len(self.pieces) == 1 else np.concatenate(self.pieces)


def read_raw(paths: Sequence[Path]) -> Parts:
    """Read raw files: the four IDX files of MNIST's kind, or scikit-learn's digits.csv.gz.

    Returns:
        the official training and test sets as train and test; without an official split, all
        images as train.

    Raises:
        ValueError: if a file has another format than its name says, or images and labels don't
            match.
    """
    by_name = {path.name: path for path in paths}
    if list(by_name) == ["digits.csv.gz"]:
        return {"train": _read_digits(by_name["digits.csv.gz"])}
    parts: Parts = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        names = (f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte")
        if not by_name.keys() >= set(names):
            raise ValueError(f"raw files {', '.join(by_name)}: expected {' and '.join(names)} too")
        images = _read_idx(by_name[names[0]], dimensions=3)[:, None]
        labels = _read_idx(by_name[names[1]], dimensions=1).astype(np.int64)
        _check(images, labels, f"{by_name[names[0]]} with {names[1]}")
        parts[part] = images, labels
    if parts["train"][0].shape[1:] != parts["test"][0].shape[1:]:
        raise ValueError(f"{by_name[names[0]]}: images of another size than the training set's")
    return parts


def write(
    path: Path,
    part: Part,
    dataset: str,
    name: str,
    source: str,
    classes: int = CLASSES,
    names: Sequence[str] | None = None,
    repeated: int = 0,
) -> None:
    """Write one split of a data set.

    Args:
        path: the safetensors file.
        part: images and labels.
        dataset: name of the data set.
        name: one of SPLITS.
        source: name of the source.
        classes: the number of classes.
        names: the class names in the order of the class numbers; None if the numbers are the names.
        repeated: how many of the images stand in the training or calibration data too.
    """
    images, labels = part
    metadata = {"dataset": dataset, "split": name, "source": source, "classes": classes}
    if names is not None:
        metadata[NAMES] = list(names)
    if repeated:
        metadata[REPEATED] = repeated
    files.write_tensors(path, {"images": images, "labels": labels}, metadata)


def load(paths: Sequence[Path | str]) -> Split:
    """Open one split file, or several of one data set, and join them in the order of `paths`.

    Images stay in their files, of which a job then reads what it uses. The calibration part may
    have no image.

    Raises:
        ValueError: if there is no path, a file wasn't written by `write`, a split is there twice,
            or the files belong to different data sets.
    """
    if not paths:
        raise ValueError("no file of a data set given, expected at least one")
    pieces, labels, opened, of = [], [], {}, set()
    for path in paths:
        tensors, metadata = files.map_tensors(path)
        whole = tensors.keys() == {"images", "labels"} and metadata.keys() - OPTIONAL == METADATA
        if not whole or metadata["split"] not in SPLITS or not isinstance(metadata["classes"], int):
            raise ValueError(f"{path}: not a split of a data set")
        if metadata["split"] in opened:
            raise ValueError(f"{path}: a second file of the split {metadata['split']}")
        may_be_empty = metadata["split"] == prepared_parts.CALIBRATION
        part = tensors["images"], tensors["labels"]
        _check(*part, str(path), metadata["classes"], may_be_empty)
        opened[metadata["split"]] = files.sha256(path)
        of.add((metadata["dataset"], metadata["classes"], *tensors["images"].shape[1:]))
        pieces.append(np.asarray(tensors["images"]))
        labels.append(tensors["labels"])
    if len(of) > 1:
        raise ValueError(f"{', '.join(map(str, paths))}: different data sets, expected one")
    return Split(tuple(pieces), np.concatenate(labels), metadata["classes"], opened)


def class_names(path: Path | str) -> list[str]:
    """Return the names of a split's classes; where the source has none, their numbers."""
    metadata = files.read_metadata(path)
    return metadata.get(NAMES) or [str(number) for number in range(metadata["classes"])]


def repeated(path: Path | str) -> int:
    """Return how many test images stand in the training or calibration data too, as prepared."""
    return int(files.read_metadata(path).get(REPEATED, 0))


def _read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Read a file in LeCun's IDX format: unsigned bytes, with this number of dimensions."""
    raw = np.fromfile(path, dtype=np.uint8)
    # Two zeros, 8 for unsigned bytes, the number of dimensions; then their sizes, big-endian.
    header = 4 + 4 * dimensions
    if raw.size < header or raw[:4].tolist() != [0, 0, 8, dimensions]:
        raise ValueError(f"{path}: no IDX file of unsigned bytes with {dimensions} dimension(s)")
    shape = tuple(raw[4:header].view(">u4").tolist())
    expected = header + math.prod(shape)
    if raw.size != expected:
        raise ValueError(f"{path}: {raw.size} bytes, expected {expected} for the shape {shape}")
    return raw[header:].reshape(shape)


def _read_digits(path: Path) -> Part:
    """Read scikit-learn's digits; a line has 64 intensities 0 .. 16, then the label."""
    try:
        table = np.loadtxt(path, delimiter=",", dtype=np.int64, ndmin=2)
    except (ValueError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: no gzipped table of whole numbers ({error})") from None
    if table.shape[1] != 65:
        raise ValueError(f"{path}: {table.shape[1]} columns, expected 64 intensities and a label")
    images = (table[:, :64] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    labels = np.ascontiguousarray(table[:, 64])
    _check(images, labels, str(path))
    return images, labels


def _check(
    images: np.ndarray,
    labels: np.ndarray,
    where: str,
    classes: int = CLASSES,
    may_be_empty: bool = False,
) -> None:
    """Raise ValueError, with `where` in its message, unless images and labels are as Part says."""
    empty = images.ndim == 4 and not len(images) and may_be_empty
    if images.ndim != 4 or labels.shape != images.shape[:1] or not (images.size or empty):
        raise ValueError(
            f"{where}: images {images.shape} with labels {labels.shape}, expected [N, C, H, W] "
            "with [N], N > 0"
        )
    if images.dtype not in (np.uint8, np.float32) or labels.dtype != np.int64:
        raise ValueError(
            f"{where}: images {images.dtype} with labels {labels.dtype}, expected uint8 or "
            "float32 with int64"
        )
    if empty:
        return
    if images.dtype == np.float32:
        low, high = _extremes(images)
        # Negated, so that NaN fails too.
        if not (low >= 0 and high <= 1):
            raise ValueError(f"{where}: intensities {low} .. {high}, expected finite in [0, 1]")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"{where}: labels {labels.min()} .. {labels.max()}, expected 0 .. {classes - 1}"
        )


def _extremes(images: np.ndarray) -> tuple[np.float32, np.float32]:
    """Return the smallest and the largest pixel, NaN if one is, in one reading of a file."""
    chunks = (images[some] for some in image_rows.slices(images))
    lows, highs = zip(*((chunk.min(), chunk.max()) for chunk in chunks), strict=True)
    return np.min(lows), np.max(highs)
