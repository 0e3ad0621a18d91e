"""Losses in files of the user, and what they must return (needs torch)."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import torch

from prunescape.foundations import user_files
from prunescape.optimising import loss_needs

Weights = Mapping[str, torch.Tensor]
INSTEAD = "what its parameters decide"


class OwnLoss:
    """A function in a user's file that gives every network its loss on a batch."""

    def __init__(self, named: str) -> None:
        """`named`: path/to/file.py:function.

        Raises ValueError if the file can't be run or the function is no loss.
        """
        self._reads = loss_needs.of_user(named)
        self._place, self._named = f"objective.loss ({named})", named
        self._function = user_files.load(named)
        self._tried = False

    def __call__(
        self, logits: torch.Tensor, labels: torch.Tensor, weights: Weights
    ) -> torch.Tensor:
        """Return the loss [R] of each network, through which gradients pass.

        Args:
            logits: [R, B, classes].
            labels: their classes [R, B].
            weights: layer -> prunable weights [R, out, in, ...].

        Raises:
            ValueError: if the function fails or returns anything but R numbers; and on the first
                batch, if it draws global random numbers, returns something else when it is called
                again, has no slope, or one network's loss depends on another's logits or weights.
        """
        if not self._tried:
            self._try(logits, labels, weights)
            self._tried = True
        path, _ = user_files.split(self._named)
        return self._called(logits, labels, weights, user_files.running(path))

    def _called(
        self,
        logits: torch.Tensor,
        labels: torch.Tensor,
        weights: Weights,
        running: AbstractContextManager[None],
    ) -> torch.Tensor:
        more = {"weights": weights} if "weights" in self._reads else {}
        function: Callable[..., object] = self._function
        with running:
            found = function(logits, labels, **more)
        if not isinstance(found, torch.Tensor) or found.shape != logits.shape[:1]:
            shown = list(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
            raise ValueError(
                f"{self._place}: found {shown}; allowed: a tensor [{len(logits)}], a loss for "
                "every replicate"
            )
        if found.dtype != logits.dtype or not found.requires_grad:
            lacking = "no slope" if not found.requires_grad else str(found.dtype)
            raise ValueError(
                f"{self._place}: found {lacking}; allowed: a loss of type {logits.dtype} that "
                "depends on the logits or the weights"
            )
        return found

    def _try(self, logits: torch.Tensor, labels: torch.Tensor, weights: Weights) -> None:
        """Check the function on copies of a batch, as `__call__` says."""
        with torch.enable_grad():
            leaves = [
                each.detach().clone().requires_grad_() for each in (logits, *weights.values())
            ]
            named = dict(zip(weights, leaves[1:], strict=True))
            first, again = (
                self._called(
                    leaves[0],
                    labels.clone(),
                    named,
                    user_files.calling(self._named, INSTEAD),
                )
                for _ in range(2)
            )
            if not torch.equal(first.nan_to_num(), again.nan_to_num()):
                raise ValueError(
                    f"{self._place}: found something else when the function is called again; "
                    f"allowed: {INSTEAD}"
                )
            slopes = torch.autograd.grad(first[0], leaves, allow_unused=True)
        if any(slope is not None and bool((slope[1:] != 0).any()) for slope in slopes):
            raise ValueError(
                f"{self._place}: found a loss that depends on other replicates; allowed: one that "
                "treats every entry of the first axis alone"
            )
