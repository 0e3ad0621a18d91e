"""Dynamic sparse training: weights that a mask holds change places while the network trains.

Every so many steps each masked tensor drops its smallest weights and grows as many others, which
start at 0, so it keeps the number of weights that its first mask has. Needs torch.

Sources: Mocanu et al. (2018), arXiv 1707.04780 (SET: new weights are drawn at random); Evci et al.
(2020), arXiv 1911.11134, algorithm 1 (RigL: they are those with the largest gradient). As there, an
update takes the place of the optimiser's step, and what was just dropped may be grown again: it is
then left as it was.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch

from prunescape.fitting.members import Members
from prunescape.foundations import streams
from prunescape.foundations.choices import choose
from prunescape.networks.interfaces import ReplicatedNetwork

KEPT = ".kept"
"""Ending of the name under which a training returns the mask of a parameter."""


def begin(
    settings: Mapping[str, Any],
    network: ReplicatedNetwork,
    steps: int,
    root: tuple[int | str, ...],
) -> "Rewiring | None":
    """Return how the masks of a training change, or None if they don't.

    Args:
        settings: a fit of the config; rewiring and optimiser are read.
        network: the network of every member.
        steps: number of steps of the training.
        root: first parts of all stream names: the run's seed and the study.

    Raises:
        ValueError: for an optimiser or layers with which masks can't change, and where `Rewiring`
            raises one.
    """
    if "rewiring" not in settings:
        return None
    if settings["optimiser"]["kind"] == "psgd":
        raise ValueError("optimiser.kind: found psgd with rewiring; allowed: adam, sgd")
    if any(layer.nonzero < 1 for layer in network.weighted):
        raise ValueError("networks: nonzero: found with rewiring, which moves weights anywhere")
    return Rewiring(settings["rewiring"], steps, root)


class Rewiring:
    """When a training's masks change, and how.

    Settings (key `rewiring`): growth, `gradient` or `random`; every, the number of steps from one
    update to the next; until, the share of the training after which masks stay, in (0, 1];
    fraction, the alpha of `share`.
    """

    def __init__(
        self, settings: Mapping[str, Any], steps: int, root: tuple[int | str, ...]
    ) -> None:
        """Read the settings.

        Args:
            settings: those above.
            steps: number of steps of the training.
            root: first parts of all stream names: the run's seed and the study.

        Raises:
            ValueError: if the growth is unknown, or the training has no step at which to update.
        """
        growths = {"gradient": False, "random": True}
        self._at_random = choose(growths, settings["growth"], "rewiring.growth")
        self._every: int = settings["every"]
        self._fraction: float = settings["fraction"]
        self._end: float = settings["until"] * steps
        self._root = root
        if self._every >= self._end:
            raise ValueError(
                f"updates.every: found {self._every}, so that no mask would change; allowed: fewer "
                f"than {self._end:g} batches, which is updates.until of the {steps} in training"
            )

    def due(self, step: int) -> bool:
        """Return whether a step, counted from 1, is an update."""
        return step % self._every == 0 and step < self._end

    def share(self, step: int) -> float:
        """Return which share of its weights a tensor drops at a step.

        Evci et al. (2020), section 3: f = alpha / 2 (1 + cos(pi t / T_end)).
        """
        return self._fraction / 2 * (1 + math.cos(math.pi * step / self._end))

    @torch.no_grad()
    def update(self, members: Members, step: int) -> None:
        """Change the masks, by the members' weights and gradients.

        A tensor of n weights drops floor(share n) of them. Ties are broken at random; the random
        streams are those of a replicate, a step and a tensor.

        Args:
            members: updated in place; their gradients are those of all weights, held ones too.
            step: the step's number, from 1.
        """
        ensemble, kept, share = members.ensemble, {}, self.share(step)
        for name, mask in members.kept.items():
            active = mask.flatten(1)
            counts = (active.sum(1).double() * share).floor().long()
            counts[active.all(1)] = 0  # all that is dropped would be grown again
            lots = partial(self._lots, members, step, name)
            gradients = None if self._at_random else ensemble.gradients[name].flatten(1)
            weights = ensemble.tensors[name].flatten(1)
            kept[name] = exchanged(active, weights, gradients, counts, lots).view(mask.shape)
        members.rewire(kept)

    def _lots(self, members: Members, step: int, name: str, purpose: str) -> torch.Tensor:
        """Return a random order of a tensor's weights for every member: int64 [M, N]."""
        own = members.own
        size = members.kept[name][0].numel()
        drawn = [
            streams.generator(*self._root, "rewiring", purpose, r, step, name).permutation(size)
            for r in own
        ]
        places = [own.index(replicate) for replicate in members.replicates]
        return torch.from_numpy(np.stack(drawn)[places]).to(members.ensemble.flat.device)


def exchanged(
    active: torch.Tensor,
    weights: torch.Tensor,
    gradients: torch.Tensor | None,
    counts: torch.Tensor,
    lots: Callable[[str], torch.Tensor],
) -> torch.Tensor:
    """Return masks [M, N] after an exchange, with as many weights of every member as before.

    Args:
        active: masks before, boolean [M, N].
        weights: [M, N]; the smallest in absolute value are dropped.
        gradients: [M, N]; of all weights but those that stay, the largest in absolute value are
            grown. None: some are, with the same probability each.
        counts: how many each member exchanges, int64 [M], at most its number of active weights.
        lots: "dropped" or "grown" -> different integers [M, N], which decide between equals.
    """
    if not counts.any():
        return active
    dropped = highest(-_size(weights), active, counts, partial(lots, "dropped"))
    staying = active & ~dropped
    worth = lots("grown") if gradients is None else _size(gradients)
    return staying | highest(worth, ~staying, counts, partial(lots, "grown"))


def highest(
    scores: torch.Tensor,
    allowed: torch.Tensor,
    counts: torch.Tensor,
    lots: Callable[[], torch.Tensor],
) -> torch.Tensor:
    """Return boolean [M, N]: the counts[m] highest scores of row m among those allowed.

    Args:
        scores: [M, N], finite.
        allowed: boolean [M, N], at least counts[m] in row m.
        counts: int64 [M].
        lots: gives different integers [M, N]; of equal scores the higher lots are taken.
    """
    info = torch.finfo if scores.is_floating_point() else torch.iinfo
    ranked = scores.masked_fill(~allowed, info(scores.dtype).min)
    best = ranked.topk(max(int(counts.max()), 1), dim=1).values
    cut = best.gather(1, (counts - 1).clamp(min=0)[:, None])
    wanted = allowed & (counts > 0)[:, None]
    above, tied = (ranked > cut) & wanted, (ranked == cut) & wanted
    missing = counts - above.sum(1)
    if torch.equal(tied.sum(1), missing):
        return above | tied
    return above | highest(lots(), tied, missing, lots)


def _size(values: torch.Tensor) -> torch.Tensor:
    """Return absolute values; finite, also of a member that has diverged within its epoch."""
    return values.abs().nan_to_num_()
