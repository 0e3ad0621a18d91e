"""Images of the user's own that are never in memory as a whole: read, changed, drawn in chunks."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

STEP = 16 << 20  # bytes of pixels in a chunk

_Read = Callable[[np.ndarray], np.ndarray]
"""Positions, int64 [n] -> the images there, [n, C, H, W]."""


class Rows:
    """Images [N, C, H, W] in a file, whose rows are read when they are asked for.

    Attributes:
        shape: N, C, H, W.
        dtype: type of the pixels.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, read: _Read) -> None:
        """`read`: returns the images at some positions."""
        self.shape, self.dtype, self._read = shape, dtype, read

    @classmethod
    def of(cls, images: np.ndarray) -> "Rows":
        """Return the rows of an array; of a memory map they stay in the file until then."""
        return cls(images.shape, images.dtype, lambda places: images[places])

    def __len__(self) -> int:
        """Return N."""
        return self.shape[0]

    def __getitem__(self, some: slice) -> np.ndarray:
        """Return the images [n, C, H, W] of a slice, in C order."""
        return np.ascontiguousarray(self._read(np.arange(len(self))[some]))

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the images [C, H, W]."""
        for chunk in self.chunks():
            yield from chunk

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        """Return all images as an array in memory, for numpy's functions."""
        return np.asarray(self[:], dtype)

    def chunks(self) -> Iterator[np.ndarray]:
        """Yield all images, some at a time: [n, C, H, W] in C order."""
        for some in slices(self):
            yield self[some]

    def take(self, places: np.ndarray) -> "Rows":
        """Return the images at positions, int64 [n]."""
        shape = (len(places), *self.shape[1:])
        return Rows(shape, self.dtype, lambda some: self._read(places[some]))

    def changed(self, change: Callable[[np.ndarray], np.ndarray]) -> "Rows":
        """Return other images, one for each: `change` of a chunk [n, C, H, W], also with n = 0."""
        empty = change(np.empty((0, *self.shape[1:]), self.dtype))
        shape = (len(self), *empty.shape[1:])
        return Rows(shape, empty.dtype, lambda some: change(self._read(some)))


Images = np.ndarray | Rows


def slices(images: Images) -> Iterator[slice]:
    """Yield slices that cut images into chunks of `STEP` bytes, or of one image."""
    size = int(np.prod(images.shape[1:])) * images.dtype.itemsize
    step = max(1, STEP // max(1, size))
    for start in range(0, len(images), step):
        yield slice(start, start + step)


def taken(images: Images, places: np.ndarray) -> Images:
    """Return the images at positions, int64 [n]; rows stay in their file."""
    return images.take(places) if isinstance(images, Rows) else images[places]


def joined(parts: Sequence[Images]) -> Images:
    """Return images of one size and type, one part after another; rows stay in their files."""
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    first = parts[0]
    ends = np.cumsum([len(part) for part in parts])

    def read(places: np.ndarray) -> np.ndarray:
        found = np.empty((len(places), *first.shape[1:]), first.dtype)
        of = np.searchsorted(ends, places, side="right")
        for number, part in enumerate(parts):
            mine = np.flatnonzero(of == number)
            own = places[mine] - (ends[number] - len(part))
            found[mine] = taken(part, own)[:]
        return found

    return Rows((int(ends[-1]), *first.shape[1:]), first.dtype, read)
