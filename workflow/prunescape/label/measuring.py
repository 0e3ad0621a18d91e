"""Measures what was chosen for a label: under input noise, in bytes and in time (needs torch)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from prunescape.evaluation import evaluating
from prunescape.exports import (
    latency,
    member_masks,
    module_forms,
    portable,
    runtimes,
    stored_bytes,
)
from prunescape.exports.loading import Exported
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations.files import Arrays
from prunescape.pipeline import plan
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
        means: layer -> mean inputs, for effects that read them.
    """

    checkpoint: Checkpoint
    retrained: Checkpoint | None
    packed: tuple[Arrays, Sequence[int]]
    means: Mapping[str, torch.Tensor]


class Own(NamedTuple):
    """What effects and noise of the chosen arm read beside its networks.

    Attributes:
        noises: the user's kinds of noise, as in `input_noise.corrupt`.
        effects: the user's effects, as in `effects.apply`.
        trained_on: training images [N, C, H, W], for effects that measure on them.
    """

    noises: Mapping[str, str]
    effects: Mapping[str, str]
    trained_on: torch.Tensor | None = None


def under_noise(
    blocks: Sequence[Block],
    arm: Mapping[str, Any],
    conditions: Sequence[tuple[str, str]],
    images: torch.Tensor,
    labels: torch.Tensor,
    stream: tuple[int | str, ...],
    own: Own,
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
        own: the user's noise and effects, and what effects are measured on.
        processes: at most so many share the conditions, which decides no bit; a GPU is one's.

    Returns:
        As JSON, for every condition: noise, level, and unpruned and pruned: the outcomes of each
        network that both have, packed (`outcome_bits.Packed`) and written in hexadecimal digits.
    """
    limit = processes if images.device.type == "cpu" else 1
    parts = sharing.divided(len(conditions), limit) if conditions else []

    def share(number: int) -> list[dict[str, Any]]:
        asked = [conditions[place] for place in parts[number]]
        return _under_noise(blocks, arm, asked, images, labels, stream, own)

    shared = sharing.spread(share, len(parts), limit)
    return [each for part in shared for each in part]


def _under_noise(
    blocks: Sequence[Block],
    arm: Mapping[str, Any],
    conditions: Sequence[Condition],
    images: torch.Tensor,
    labels: torch.Tensor,
    stream: tuple[int | str, ...],
    own: Own,
) -> list[dict[str, Any]]:
    asked = [list(conditions)]
    found: dict[Condition, tuple[Outcomes, Outcomes]] = {each: ({}, {}) for each in conditions}
    spelled = {(kind, float(level)): (kind, level) for kind, level in conditions}
    for block in blocks:
        retrained = [block.retrained] if block.retrained else []
        cases = evaluating.cases(block.checkpoint, [], [], _DENSE, asked)
        cases += evaluating.cases(block.checkpoint, retrained, [block.packed], arm, asked)
        for row in evaluating.rows(
            cases,
            block.means,
            images,
            labels,
            stream,
            own.noises,
            trained_on=own.trained_on,
            own_effects=own.effects,
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
    """One network before pruning and after, as exports have it: in the user's own names."""

    unpruned: Exported
    pruned: Exported


def first(block: Block, arm: Mapping[str, Any], own: Own) -> Pair:
    """Return the first network of a block, before pruning and after.

    Args:
        block: the networks.
        arm: as in `under_noise`.
        own: as in `under_noise`.

    Raises:
        ValueError: if it can't be taken out of the run (see `module_forms.of_member`).
    """
    fitted, pruned = block.checkpoint, block.retrained or block.checkpoint
    [effect] = arm["effects"]
    kept = member_masks.kept(pruned, *block.packed, arm)
    means = {layer: mean.cpu() for layer, mean in block.means.items()}
    trained_on = None if own.trained_on is None else own.trained_on.cpu()
    of_module = isinstance(fitted.layers, str)
    of_member = module_forms.of_member if of_module else portable.of_member
    replicate = pruned.replicates[0]
    return Pair(
        of_member(fitted, replicate, None, "none", {}, {}),
        of_member(pruned, replicate, kept, effect, means, {}, trained_on, own.effects),
    )


def sizes(pair: Pair) -> dict[str, Any]:
    """Return how many bytes a network takes, before pruning and after.

    Returns:
        unpruned: bytes of its state_dict, a number in 32 bits (counters, such as BatchNorm's, in
            64); then the fewest bytes that it takes without loss once it is pruned, `pruned`, and
            how they are written, `way` (see `stored_bytes.sizes`); compressed: both by zstd.
    """
    before, after = (stored_bytes.sizes(each.arrays, each.prunable) for each in pair)
    way = min(after, key=lambda each: after[each][0])
    smallest = min(compressed for _, compressed in after.values())
    return {
        "unpruned": before["dense"][0],
        "pruned": after[way][0],
        "way": way,
        "compressed": [before["dense"][1], smallest],
    }


def multiply_adds(pair: Pair) -> dict[str, int]:
    """Return multiply-adds of the prunable layers for an image: all, and of nonzero weights."""
    every, nonzero = zip(*pair.pruned.multiply_adds().values(), strict=True)
    return {"all": sum(every), "nonzero": sum(nonzero)}


def times(pair: Pair, work: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return images at once -> unpruned, pruned -> median and quartiles of the time in ms.

    Of a module of plain torch, in evaluation. `work`: multiply-adds of an image in the unpruned
    network.
    """
    calls = {
        (str(batch), side): runtimes.in_torch(network, batch)
        for batch in latency.batches(work)
        for side, network in pair._asdict().items()
    }
    found: dict[str, dict[str, dict[str, float]]] = {}
    for (batch, side), (median, low, high) in latency.measure(calls).items():
        found.setdefault(batch, {})[side] = {"median": median, "low": low, "high": high}
    return found
