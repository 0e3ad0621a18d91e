"""Reads the networks of the arm that was chosen for a label (needs torch)."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import levels
from prunescape.label.measuring import Block
from prunescape.networks import prunable
from prunescape.pruning import arm_masks
from prunescape.scoring import input_moments


def chosen(choice: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return criterion to schedule, step and level of what is looked at closer; None if nothing is.

    `choice` is what `comparing.compared` returns.
    """
    detail = choice["detail"]
    if detail is None:
        return None
    method = choice["methods"][detail["method"]]
    names = ("criterion", "scope", "selection", "effect", "schedule")
    return {name: method[name] for name in names} | {k: detail[k] for k in ("step", "level")}


def blocks(
    described: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any], device: torch.device
) -> tuple[dict[str, Any], list[Block]]:
    """Return the arm as `evaluating.cases` takes it, and the networks of every block.

    Args:
        described: as `jobs.label.blocks` describes them.
        wanted: as from `chosen`.
        device: where moments go.

    Raises:
        ValueError: if a block has no such arm.
    """
    found, arm = [], dict[str, Any]()
    for block in described:
        entry, number = _point(block["arms"], wanted)
        point = entry["points"][number]
        arm = {k: entry[k] for k in ("criterion", "scope", "within", "selection", "schedule")}
        arm |= {"effects": [wanted["effect"]], "points": [point]}
        checkpoint = Checkpoint.load(block["checkpoint"])
        retrained = None
        if entry["retrained"][number]:
            [path] = entry["retrained"][number]
            named = entry["criterion"], entry["scope"], wanted["effect"], point[1]
            retrained = Checkpoint.load(path).of_arm(*named)
        packed = arm_masks.read(entry["masks"][number], prunable.shapes(checkpoint.network))
        means = {}
        if block["moments"]:
            measured, _ = input_moments.load(block["moments"], device)
            means = input_moments.means(measured)
        found.append(Block(checkpoint, retrained, packed, means))
    return arm, found


def _point(
    arms: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]
) -> tuple[Mapping[str, Any], int]:
    names = ("criterion", "scope", "selection", "schedule")
    for arm in arms:
        if all(arm[name] == wanted[name] for name in names):
            for number, (step, level) in enumerate(arm["points"]):
                if step == wanted["step"] and levels.number(level) == wanted["level"]:
                    return arm, number
    raise ValueError(f"label: no arm {' / '.join(wanted[name] for name in names)} in a block")
