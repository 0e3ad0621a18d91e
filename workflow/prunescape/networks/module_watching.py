"""Watch a user's module draw random numbers, or decide by the numbers of images (needs torch).

All replicates run as one batch: with an `if` on the batch's mean, one replicate's images would
decide for the others. So `Decisions` notes where a number that derives from the images leaves torch
for Python, and can change this number, to see whether logits depend on it.
"""

from typing import Any

import torch
from torch.utils import _pytree as trees
from torch.utils._python_dispatch import TorchDispatchMode

from prunescape.networks.module_errors import Paths, running


class Draws(TorchDispatchMode):
    """Notes where torch draws random numbers, whatever generator they come from.

    Attributes:
        found: the places.
        own: those of them that draw from a generator which the module keeps.
    """

    def __init__(self, named: str, paths: Paths) -> None:
        """`named` and `paths` as in `module_errors.running`."""
        super().__init__()
        self.found: list[str] = []
        self.own: list[str] = []
        self._named, self._paths = named, paths

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation of torch, and see whether it draws (with probability 0 it doesn't)."""
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **kwargs)
        before = torch.get_rng_state()
        found = func(*args, **kwargs)
        generator = kwargs.get("generator")
        if generator is not None or not torch.equal(before, torch.get_rng_state()):
            self.found.append(running(self._named, self._paths))
        if generator is not None:
            self.own.append(self.found[-1])
        return found


class Decisions(TorchDispatchMode):
    """Notes where Python reads a number that derives from images, and can change one of them.

    Attributes:
        found: (place, whether the number is a bool, which chooses a branch) for every number.
    """

    def __init__(
        self, images: torch.Tensor, named: str, paths: Paths, changed: int | None = None
    ) -> None:
        """Follow images.

        Args:
            images: the images.
            named: path/to/file.py:name of the network.
            paths: paths of its modules.
            changed: position in `found` of the number that is to be changed.
        """
        super().__init__()
        self.found: list[tuple[str, bool]] = []
        self._named, self._paths, self._changed = named, paths, changed
        self._kept: list[torch.Tensor] = [images]  # keeps torch from reusing their memory
        self._derived = {_memory(images)}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation of torch, and follow its results if they derive from the images."""
        kwargs = kwargs or {}
        given = [x for x in trees.tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
        derives = any(_memory(each) in self._derived for each in given)
        found = func(*args, **kwargs)
        if not derives:
            return found
        if func is torch.ops.aten._local_scalar_dense.default:
            self.found.append((running(self._named, self._paths), isinstance(found, bool)))
            return _other(found) if self._changed == len(self.found) - 1 else found
        made = [x for x in trees.tree_leaves(found) if isinstance(x, torch.Tensor)]
        if func._schema.is_mutable:
            made += given[:1]
        for each in made:
            self._kept.append(each)
            self._derived.add(_memory(each))
        return found


def _memory(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else 1.5 * value + 1
