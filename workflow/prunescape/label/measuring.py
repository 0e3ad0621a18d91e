"""Measures what was chosen for a label: under input noise, in bytes and in time (needs torch)."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from prunescape.evaluation import evaluating
from prunescape.exports import latency, stored_bytes
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations.files import Arrays
from prunescape.networks import prunable
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Parameters
from prunescape.networks.scaling import Scaling
from prunescape.networks.weight_uses import weight_uses
from prunescape.pipeline import plan
from prunescape.pruning import arm_masks, selection
from prunescape.running import processes as sharing

Condition = tuple[str, str]  # kind of noise and its level
Outcomes = dict[int, str]  # replicate -> packed outcomes, hexadecimal

_NAMES = ("criterion", "scope", "within", "selection", "schedule", "effects", "points")
_DENSE = {name: getattr(plan.DENSE, name) for name in _NAMES}


class Block(NamedTuple):
    """A block of networks with the masks of the arm that was chosen.

    Attributes:
        checkpoint: the networks before pruning.
        retrained: the networks of the chosen arm after training on, or None.
        packed: masks "<criterion>/<scope>/<layer>" and the replicates that they belong to.
        means: layer -> mean inputs, for the effect `compensate`.
    """

    checkpoint: Checkpoint
    retrained: Checkpoint | None
    packed: tuple[Arrays, Sequence[int]]
    means: Mapping[str, torch.Tensor]


def under_noise(
    blocks: Sequence[Block],
    arm: Mapping[str, Any],
    conditions: Sequence[tuple[str, str]],
    images: torch.Tensor,
    labels: torch.Tensor,
    stream: tuple[int | str, ...],
    own_noises: Mapping[str, str],
    trained_on: torch.Tensor | None = None,
    processes: int = 1,
) -> list[dict[str, Any]]:
    """Return which images the networks classify correctly under noise, before pruning and after.

    Args:
        blocks: the networks.
        arm: the chosen one, as `evaluating.cases` takes it, with one effect and one point.
        conditions: (noise, noise level) pairs.
        images: test images [N, C, H, W].
        labels: their classes [N].
        stream: first parts of the noise's stream.
        own_noises: the user's kinds.
        trained_on: training images [N, C, H, W], for the effect `recalibrate`.
        processes: at most so many share the conditions, which decides no bit; a GPU is one's.

    Returns:
        As JSON, for every condition: noise, level, and unpruned and pruned: the outcomes of each
        network that both have, packed (`outcome_bits.Packed`) and written in hexadecimal digits.
    """
    limit = processes if images.device.type == "cpu" else 1
    parts = sharing.divided(len(conditions), limit) if conditions else []

    def share(number: int) -> list[dict[str, Any]]:
        asked = [conditions[place] for place in parts[number]]
        return _under_noise(blocks, arm, asked, images, labels, stream, own_noises, trained_on)

    shared = sharing.spread(share, len(parts), limit)
    return [each for part in shared for each in part]


def _under_noise(
    blocks: Sequence[Block],
    arm: Mapping[str, Any],
    conditions: Sequence[Condition],
    images: torch.Tensor,
    labels: torch.Tensor,
    stream: tuple[int | str, ...],
    own_noises: Mapping[str, str],
    trained_on: torch.Tensor | None,
) -> list[dict[str, Any]]:
    asked = [list(conditions)]
    found: dict[Condition, tuple[Outcomes, Outcomes]] = {each: ({}, {}) for each in conditions}
    spelled = {(kind, float(level)): (kind, level) for kind, level in conditions}
    for block in blocks:
        retrained = [block.retrained] if block.retrained else []
        cases = evaluating.cases(block.checkpoint, [], [], _DENSE, asked)
        cases += evaluating.cases(block.checkpoint, retrained, [block.packed], arm, asked)
        for row in evaluating.rows(
            cases, block.means, images, labels, stream, own_noises, trained_on=trained_on
        ):
            sides = found[spelled[row["noise"], row["noise_level"]]]
            sides[row["criterion"] != "none"][row["replicate"]] = row["outcomes"].hex()
    shown = []
    for (kind, level), (unpruned, pruned) in found.items():
        both = sorted(unpruned.keys() & pruned.keys())  # training on may have lost a replicate
        shown.append(
            {"noise": kind, "level": float(level)}
            | {"unpruned": [unpruned[each] for each in both]}
            | {"pruned": [pruned[each] for each in both]}
        )
    return shown


class Pair(NamedTuple):
    """One network before pruning and after, as its parameters and buffers [1, ...].

    Attributes:
        network: the architecture of both.
        scaling: input scaling of both.
        image: shape of an image [C, H, W].
        unpruned, pruned: parameter or buffer -> values.
    """

    network: ReplicatedNetwork
    scaling: Scaling
    image: tuple[int, ...]
    unpruned: Parameters
    pruned: Parameters

    def logits(self, images: torch.Tensor, side: str) -> torch.Tensor:
        """Return logits [N, classes] of one of the two networks for images [N, C, H, W]."""
        parameters: Parameters = getattr(self, side)
        return self.network.logits(self.scaling(images)[None], parameters)[0]


def first(block: Block, arm: Mapping[str, Any]) -> Pair:
    """Return the first network of a block, before pruning and with its removed weights at 0."""
    ensemble = block.retrained or block.checkpoint
    bits = arm_masks.of_replicates(*block.packed, ensemble.replicates)
    layers = arm_masks.layers_of(bits, arm["criterion"], arm["scope"])
    kept = selection.unpack(layers, prunable.shapes(ensemble.network))
    sides = []
    for checkpoint in (block.checkpoint, ensemble):
        place = checkpoint.replicates.index(ensemble.replicates[0])
        values = checkpoint.parameters(torch.device("cpu"))
        sides.append({name: value[place : place + 1] for name, value in values.items()})
    unpruned, pruned = sides
    for layer, parameter in prunable.tensors(ensemble.network).items():
        pruned[parameter] = pruned[parameter] * torch.from_numpy(kept[layer][:1])
    found = block.checkpoint
    return Pair(found.network, found.scaling, found.image, unpruned, pruned)


def sizes(pair: Pair) -> dict[str, Any]:
    """Return how many bytes a network takes, before pruning and after.

    Returns:
        unpruned: bytes of all weights in 32 bits; then the fewest bytes that pruned weights take
            without loss, `pruned`, and how they are written, `way` (see `stored_bytes.sizes`);
            compressed: both by zstd.
    """
    weights = [f"{layer.name}.weight" for layer in pair.network.weighted]
    before, after = (
        stored_bytes.sizes({name: value[0].numpy() for name, value in side.items()}, weights)
        for side in (pair.unpruned, pair.pruned)
    )
    way = min(after, key=lambda each: after[each][0])
    smallest = min(compressed for _, compressed in after.values())
    return {
        "unpruned": before["dense"][0],
        "pruned": after[way][0],
        "way": way,
        "compressed": [before["dense"][1], smallest],
    }


@torch.no_grad()
def multiply_adds(pair: Pair) -> dict[str, int]:
    """Return multiply-adds of the prunable layers for an image: all, and of nonzero weights."""
    blank = pair.scaling(torch.zeros(1, *pair.image))[None]
    uses = weight_uses(pair.network, pair.pruned, blank)
    weights = {layer: pair.pruned[f"{layer}.weight"] for layer in uses}
    return {
        "all": sum(weights[layer].numel() * each for layer, each in uses.items()),
        "nonzero": sum(int(weights[layer].count_nonzero()) * each for layer, each in uses.items()),
    }


def times(pair: Pair, work: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return images at once -> unpruned, pruned -> median and quartiles of the time in ms.

    `work`: multiply-adds of an image in the unpruned network.
    """
    generator = torch.Generator().manual_seed(0)
    calls = {}
    for batch in latency.batches(work):
        images = torch.rand(batch, *pair.image, generator=generator)
        for side in ("unpruned", "pruned"):
            calls[str(batch), side] = functools.partial(_run, pair, images, side)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for (batch, side), (median, low, high) in latency.measure(calls).items():
        found.setdefault(batch, {})[side] = {"median": median, "low": low, "high": high}
    return found


@torch.inference_mode()
def _run(pair: Pair, images: torch.Tensor, side: str) -> torch.Tensor:
    return pair.logits(images, side)
