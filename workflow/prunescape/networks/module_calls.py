"""Finds the axis of the images in the tensors that a user's module passes around (needs torch).

A network of R replicates runs its module once, with the images of all replicates in one batch. A
layer's arguments have to be split by replicate again, along the axis of the images. This is the
axis that grows with the number of images; running two images, then three, shows which one it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as trees

from prunescape.networks.module_errors import refused

Axes = tuple[int | None, ...]
"""One entry a value, in the order in which nested arguments hold them: the axis of the images, or
None if the value is no tensor or is the same for any number of images."""

Ways = Mapping[int, Axes]
"""Number of values in a call -> their axes. Calls may differ in it: an RNN's cell is given a state
from its second call on."""


@dataclass
class Calls:
    """How a network calls one of its modules for an image.

    Attributes:
        times: number of calls.
        inputs: the axes of the arguments.
        outputs: the axes of the returned values.
    """

    times: int = 0
    inputs: Ways = field(default_factory=dict)
    outputs: Ways = field(default_factory=dict)


@dataclass
class _Seen:
    inputs: list[list[Any]] = field(default_factory=list)
    outputs: list[list[Any]] = field(default_factory=list)


def calls(
    module: nn.Module,
    paths: Sequence[str],
    run: Callable[[int], Any],
    named: str,
) -> tuple[dict[str, Calls], Any]:
    """Return how the modules at some paths are called, in the order in which they are called first.

    Args:
        module: the network.
        paths: paths of modules inside it.
        run: runs the network on a number of images.
        named: path/to/file.py:name of the network.

    Returns:
        Path -> calls, and what the network returns for two images.

    Raises:
        ValueError: if a module isn't given its images along one axis, or called in another way
            for three images than for two.
    """
    two, returned = _seen(module, paths, lambda: run(2))
    three, _ = _seen(module, paths, lambda: run(3))
    found = {}
    for path, few in two.items():
        part, more = module.get_submodule(path), three.get(path, _Seen())
        if len(few.inputs) != len(more.inputs):
            raise refused(
                named,
                path,
                part,
                f"is called {len(few.inputs)} times for 2 images and {len(more.inputs)} times for "
                "3; allowed: calls with all images at once",
            )
        outputs = _axes(few.outputs, more.outputs, named, path, part, "returns")
        inputs = _axes(few.inputs, more.inputs, named, path, part, "is given")
        if any(all(axis is None for axis in axes) for axes in inputs.values()):
            shapes = " and ".join(_shape(v) for v in few.inputs[0] if isinstance(v, torch.Tensor))
            raise refused(
                named,
                path,
                part,
                f"is given {shapes or 'nothing'} for any number of images; as replicates have "
                "parameters of their own, it must be called with a row for each image (for "
                "example torch.arange(n).expand(len(images), n) for an embedding of positions)",
            )
        found[path] = Calls(len(few.inputs), inputs, outputs)
    return found, returned


def member(values: Any, ways: Ways, number: int, members: int) -> Any:
    """Return one member's part of nested values that hold the images of all members."""
    leaves, tree = trees.tree_flatten(values)
    parts = [
        leaf if axis is None else leaf.chunk(members, axis)[number]
        for leaf, axis in zip(leaves, _known(ways, leaves), strict=True)
    ]
    return trees.tree_unflatten(parts, tree)


def joined(found: Sequence[Any], ways: Ways) -> Any:
    """Undo `member` for what the members returned."""
    flat = [trees.tree_flatten(each) for each in found]
    leaves, tree = flat[0]
    parts = [
        leaf if axis is None else torch.cat([own[position] for own, _ in flat], axis)
        for position, (leaf, axis) in enumerate(zip(leaves, _known(ways, leaves), strict=True))
    ]
    return trees.tree_unflatten(parts, tree)


def _known(ways: Ways, leaves: Sequence[Any]) -> Axes:
    """Return the axes for so many leaves; if no such call was seen, axis 0 of every tensor."""
    if len(leaves) in ways:
        return ways[len(leaves)]
    return tuple(0 if isinstance(leaf, torch.Tensor) else None for leaf in leaves)


def _seen(
    module: nn.Module, paths: Sequence[str], run: Callable[[], Any]
) -> tuple[dict[str, _Seen], Any]:
    seen: dict[str, _Seen] = {}

    def hook(path: str) -> Callable[..., None]:
        def note(_: nn.Module, given: Any, named: Any, returned: Any) -> None:
            seen[path].inputs.append(trees.tree_leaves((given, named)))
            seen[path].outputs.append(trees.tree_leaves(returned))

        return note

    hooks = []
    for path in paths:
        part = module.get_submodule(path)
        hooks.append(part.register_forward_pre_hook(_first(seen, path)))
        hooks.append(part.register_forward_hook(hook(path), with_kwargs=True))
    try:
        returned = run()
    finally:
        for each in hooks:
            each.remove()
    return seen, returned


def _first(seen: dict[str, _Seen], path: str) -> Callable[..., None]:
    def note(*_: Any) -> None:
        seen.setdefault(path, _Seen())

    return note


def _axes(
    few: list[list[Any]],
    more: list[list[Any]],
    named: str,
    path: str,
    part: nn.Module,
    verb: str,
) -> Ways:
    """Return the axes of the images; ValueError if calls with as many values differ in them."""
    found: dict[int, Axes] = {}
    for two, three in zip(few, more, strict=True):
        grown = [_axis(a, b) for a, b in zip(two, three, strict=False)]
        wrong = [i for i, axis in enumerate(grown) if isinstance(axis, str)]
        axes = tuple(axis for axis in grown if not isinstance(axis, str))
        if wrong or len(two) != len(three) or found.setdefault(len(axes), axes) != axes:
            i = wrong[0] if wrong else 0
            raise refused(
                named,
                path,
                part,
                f"{verb} {_shape(two[i])} for 2 images and {_shape(three[i])} for 3; allowed: one "
                "axis of images, the same in all calls",
            )
    return found


def _axis(two: Any, three: Any) -> int | str | None:
    """Return the axis that grows with the images, None if no axis grows, "none" if several do."""
    if not isinstance(two, torch.Tensor) or not isinstance(three, torch.Tensor):
        return None
    if two.shape == three.shape:
        return None
    if two.dim() != three.dim():
        return "none"
    growing = [i for i, (a, b) in enumerate(zip(two.shape, three.shape, strict=True)) if a != b]
    if len(growing) != 1 or two.shape[growing[0]] * 3 != three.shape[growing[0]] * 2:
        return "none"
    return growing[0]


def _shape(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"[{', '.join(map(str, value.shape))}]"
    return type(value).__name__
