"""Effects in files of the user, and what they must return (needs torch)."""

from collections.abc import Mapping
from typing import Any

import torch

from prunescape.foundations import user_files
from prunescape.pruning import effect_needs
from prunescape.pruning.interfaces import Changed


class OwnEffect:
    """A function in a user's file, which changes one layer at a time.

    Attributes:
        reads: the parameters, beside weight and mask, that the function has.
    """

    def __init__(self, name: str, named: str) -> None:
        """`name`: the effect's name in the config; `named`: path/to/file.py:function.

        Raises ValueError if the file can't be run or the function is no effect.
        """
        self.reads = effect_needs.of_user(named)
        self._place, self._named = f"effect {name} ({named})", named
        self._function = user_files.load(named)

    def changed(
        self,
        layer: str,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        mask: torch.Tensor,
        given: Mapping[str, torch.Tensor],
    ) -> Changed:
        """Return a layer after the effect; the function is given copies.

        Args:
            layer: its name, for messages.
            weight: [M, out, in, ...].
            bias: [M, out], or None if the layer has none.
            mask: boolean, of the weight's shape; True = keep.
            given: name -> what was measured, of those that the function reads.

        Raises:
            ValueError: if the function fails, draws global random numbers, returns something else
                when it is called again, or returns anything but finite weights of the layer's shape
                that are 0 where the mask removes (and, with them, a bias).
        """
        place = f"{self._place}: layer {layer}:"
        found, own_bias = self._called(weight, bias, mask, given)
        again = self._called(weight, bias, mask, given)
        for first, second in zip((found, own_bias), again, strict=True):
            if isinstance(first, torch.Tensor) and not _same(first, second):
                raise ValueError(
                    f"{place} found something else when the function is called again; allowed: "
                    "what its parameters decide"
                )
        self._check(f"{place} weights", found, weight.shape, weight.dtype)
        if own_bias is not None:
            self._check(f"{place} bias", own_bias, weight.shape[:2], weight.dtype)
        kept = int((found[~mask] != 0).sum())
        if kept:
            raise ValueError(f"{place} found {kept} removed weights that are not 0; allowed: none")
        return Changed(found.detach(), None if own_bias is None else own_bias.detach())

    def _called(
        self,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        mask: torch.Tensor,
        given: Mapping[str, torch.Tensor],
    ) -> tuple[Any, Any]:
        """Return what the function makes of copies: weights and, changed or not, the bias."""
        named: dict[str, torch.Tensor | None] = {k: value.clone() for k, value in given.items()}
        if "bias" in self.reads:
            named["bias"] = None if bias is None else bias.clone()
        with user_files.calling(self._named, "what its parameters decide"):
            found: Any = self._function(weight.clone(), mask.clone(), **named)
        return found if isinstance(found, tuple) and len(found) == 2 else (found, bias)

    @staticmethod
    def _check(place: str, found: Any, shape: torch.Size, dtype: torch.dtype) -> None:
        if not isinstance(found, torch.Tensor) or found.shape != shape or found.dtype != dtype:
            kind = type(found).__name__
            if isinstance(found, torch.Tensor):
                kind = f"{list(found.shape)} {str(found.dtype).removeprefix('torch.')}"
            expected = f"a tensor {list(shape)} {str(dtype).removeprefix('torch.')}"
            raise ValueError(f"{place}: found {kind}; allowed: {expected}")
        lost = int((~found.isfinite()).sum())
        if lost:
            raise ValueError(f"{place}: found {lost} that are NaN or infinite; allowed: none")


def _same(first: torch.Tensor, second: Any) -> bool:
    """Return whether `second` is the same tensor; NaN, which is told later, equals NaN."""
    if not isinstance(second, torch.Tensor) or first.shape != second.shape:
        return False
    return bool(((first == second) | ((first != first) & (second != second))).all())
