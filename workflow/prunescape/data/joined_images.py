"""Images of several mapped files as one tensor that is nowhere in one piece (needs torch)."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils._pytree import tree_map_only

from prunescape.foundations import scratch

aten = torch.ops.aten


def joined(pieces: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return images [n, C, H, W] of one size and type as [N, C, H, W], in their order.

    One piece stays as it is. Several are copied into one, which is faster, unless that were large
    (`scratch.large`): they become a `Joined`, which reads from the pieces.
    """
    if len(pieces) == 1:
        return pieces[0]
    if scratch.large(sum(piece.nbytes for piece in pieces)):
        return Joined(pieces)
    return torch.cat(list(pieces))


class Joined(torch.Tensor):
    """Tensors [n, ...] one after another, without a copy of them.

    What jobs do with a whole data set copies no more than it returns: rows at positions
    (`index_select`), a range of rows (`[a:b]`), all rows in chunks (`split`, `tensor_split`), the
    way to a device. Any other function is given a copy of all rows.
    """

    _pieces: tuple[torch.Tensor, ...]

    @staticmethod
    def __new__(cls, pieces: Sequence[torch.Tensor]) -> "Joined":
        """`pieces`: of one shape but for the number of rows, of one type, on one device."""
        first, rows = pieces[0], sum(map(len, pieces))
        shape = (rows, *first.shape[1:])
        made = torch.Tensor._make_wrapper_subclass(
            cls, shape, dtype=first.dtype, device=first.device
        )
        made._pieces = tuple(pieces)
        return made

    # All goes to the method below.
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Do what torch asks of a `Joined`."""
        kwargs = kwargs or {}
        found = _OWN[func](*args, **kwargs) if func in _OWN else NotImplemented
        if found is not NotImplemented:
            return found
        args, kwargs = tree_map_only(cls, lambda each: torch.cat(each._pieces), (args, kwargs))
        return func(*args, **kwargs)


def _rows(images: Joined, dim: int, places: torch.Tensor) -> Any:
    """Return the rows at positions, int64 [n]; IndexError if one isn't there."""
    if dim != 0:
        return NotImplemented
    if len(places) and not (places.min() >= 0 and places.max() < len(images)):
        raise IndexError(f"positions {places.min()} .. {places.max()} of {len(images)} images")
    found = images._pieces[0].new_empty((len(places), *images.shape[1:]))
    begin = 0
    for piece in images._pieces:
        own = places - begin
        mine = torch.nonzero((own >= 0) & (own < len(piece))).flatten()
        found.index_copy_(0, mine, piece.index_select(0, own[mine]))
        begin += len(piece)
    return found


def _range(
    images: Joined, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Any:
    """Return the rows start <= row < end, counted from the end if negative, as Python has it."""
    if dim != 0 or step != 1:
        return NotImplemented
    first, last, _ = slice(start, end).indices(len(images))
    pieces, begin = [], 0
    for piece in images._pieces:
        part = piece[max(first - begin, 0) : max(last - begin, 0)]
        pieces += [part] if len(part) else []
        begin += len(piece)
    return joined(pieces or [images._pieces[0][:0]])


def _split(images: Joined, size: int, dim: int = 0) -> Any:
    """Return chunks of `size` rows, the last one with what is left."""
    if dim != 0:
        return NotImplemented
    return [_range(images, 0, first, first + size) for first in range(0, len(images), size)]


def _copied(images: Joined, **how: Any) -> torch.Tensor:
    """Return all rows in one piece, of another type or on another device."""
    empty = aten._to_copy.default(images._pieces[0][:0], **how)
    found: torch.Tensor = empty.new_empty(images.shape)
    begin = 0
    for piece in images._pieces:
        found[begin : begin + len(piece)].copy_(piece)
        begin += len(piece)
    return found


_OWN: dict[Any, Callable[..., Any]] = {
    aten.index_select.default: _rows,
    aten.slice.Tensor: _range,
    aten.split.Tensor: _split,
    aten._to_copy.default: _copied,
}
