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
        remembered = optimisers.state(self.optimiser)
        rows = {k: value[kept] if value.dim() else value for k, value in remembered.items()}
        optimisers.load(found.optimiser, found.ensemble, rows)
        return found
