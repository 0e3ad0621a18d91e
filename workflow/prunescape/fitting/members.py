"""The members of an ensemble under training, with their optimiser and masks (needs torch)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from prunescape.foundations.files import Arrays
from prunescape.networks.ensembles import Ensemble
from prunescape.optimising import optimisers
from prunescape.optimising.optimisers import Optimiser


class Fixed:
    """The weights of an ensemble that don't train: no gradient, no moment, no change.

    Attributes:
        free: [M, P] in the layout of the ensemble's flat buffer, 1 where weights train, else 0;
            None if all weights train.
    """

    def __init__(self, ensemble: Ensemble, trainable: Mapping[str, np.ndarray]) -> None:
        """`trainable`: parameter name -> boolean [M, ...]; parameters without an entry train."""
        self._ensemble = ensemble
        self.free: torch.Tensor | None = None
        if trainable:
            self.free = torch.ones_like(ensemble.flat)
            views = ensemble.views(self.free)
            for name, mask in trainable.items():
                views[name].copy_(torch.from_numpy(mask))
            self._still = self.free == 0
            self._values = ensemble.flat.detach()[self._still]
            ensemble.hold(self.free)

    def expect(self, other: "Fixed", kept: Sequence[int]) -> None:
        """Expect the values that `other` expects of its members at the positions `kept`."""
        if self.free is not None and other.free is not None:
            values = torch.zeros_like(other.free).masked_scatter_(other._still, other._values)
            self._values = values[kept][self._still]

    def check(self, optimiser: Optimiser) -> None:
        """Raise ValueError if a fixed weight moved or has a gradient or a moment."""
        if self.free is None:
            return
        moments = [
            value for value in optimisers.moments(optimiser) if value.shape == self._still.shape
        ]
        if not torch.equal(self._ensemble.flat[self._still], self._values):
            raise ValueError("a weight that a mask holds has moved")
        if any(value[self._still].any() for value in [self._ensemble.gradient, *moments]):
            raise ValueError("a weight that a mask holds has a gradient or a moment")


class Members:
    """The members of an ensemble under training.

    Attributes:
        ensemble: their parameters and buffers.
        replicates: the replicate numbers of the M members.
        generators: one for every member, for samples of its posterior.
        fixed: the weights that don't train.
        optimiser: updates the ensemble.
        rewired: whether other weights train than at the beginning.
        history: what was measured so far, under `history_names`: name -> [M, epochs].
    """

    def __init__(
        self,
        ensemble: Ensemble,
        replicates: Sequence[int],
        generators: Sequence[torch.Generator],
        trainable: Arrays,
        settings: Mapping[str, Any],
        images: int,
    ) -> None:
        """Begin with an optimiser that remembers nothing.

        Args:
            ensemble: M members.
            replicates: the replicate numbers of the members.
            generators: one for every member.
            trainable: weight name -> boolean [M, ...], True = trains; other weights keep their
                value.
            settings: a fit of the config; optimiser and batch_size are read.
            images: number of training images.
        """
        self.ensemble = ensemble
        self.replicates = list(replicates)
        self.generators = list(generators)
        self._trainable = trainable
        self._settings = settings
        self._images = images
        self.fixed = Fixed(ensemble, trainable)
        self.optimiser = optimisers.optimiser(ensemble, settings, images, self.fixed.free)
        self.rewired = False
        self.history: Arrays = {}

    @property
    def kept(self) -> dict[str, torch.Tensor]:
        """Which weights train: name -> boolean [M, ...], of the parameters that have a mask."""
        if self.fixed.free is None:
            return {}
        views = self.ensemble.views(self.fixed.free)
        return {name: views[name] != 0 for name in self._trainable}

    @torch.no_grad()
    def rewire(self, kept: Mapping[str, torch.Tensor]) -> None:
        """Let these weights train from now on, and no others of the same parameters.

        The others become zero, and the optimiser forgets them; so a weight that trains anew starts
        at zero and without moments. Adam counts the steps of all weights together.

        Args:
            kept: name -> boolean [M, ...].

        Raises:
            ValueError: if a parameter of a member would have another number of weights than before.
        """
        before = self.kept
        if any(
            not torch.equal(_counts(mask), _counts(before[name])) for name, mask in kept.items()
        ):
            raise ValueError("a mask that changed keeps another number of weights than before")
        flat, remembered = self.ensemble.flat, optimisers.state(self.optimiser)
        buffers = [value for value in remembered.values() if value.shape == flat.shape]
        for buffer in (flat, self.ensemble.gradient, *buffers):
            views = self.ensemble.views(buffer)
            for name, mask in kept.items():
                views[name].masked_fill_(~mask, 0)
        self._trainable = {
            **self._trainable,
            **{name: mask.cpu().numpy() for name, mask in kept.items()},
        }
        self.fixed = Fixed(self.ensemble, self._trainable)
        self.optimiser = optimisers.optimiser(
            self.ensemble, self._settings, self._images, self.fixed.free
        )
        optimisers.load(self.optimiser, self.ensemble, remembered)
        self.rewired = True

    @property
    def own(self) -> list[int]:
        """The replicate numbers without repetition."""
        return list(dict.fromkeys(self.replicates))

    def without(self, replicates: Collection[int]) -> "Members":
        """Return the members in their present state, without those of some replicates."""
        kept = [i for i, r in enumerate(self.replicates) if r not in replicates]
        if len(kept) == len(self.replicates):
            return self
        found = Members(
            self.ensemble.only(kept),
            [self.replicates[i] for i in kept],
            [self.generators[i] for i in kept],
            {name: mask[kept] for name, mask in self._trainable.items()},
            self._settings,
            self._images,
        )
        found.fixed.expect(self.fixed, kept)
        found.rewired = self.rewired
        found.history = {name: values[kept] for name, values in self.history.items()}
        remembered = optimisers.state(self.optimiser)
        rows = {k: value[kept] if value.dim() else value for k, value in remembered.items()}
        optimisers.load(found.optimiser, found.ensemble, rows)
        return found


def _counts(mask: torch.Tensor) -> torch.Tensor:
    return mask.flatten(1).sum(1)
