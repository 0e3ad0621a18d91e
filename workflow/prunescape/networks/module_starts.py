"""New modules from a user's function, each with random numbers of its own (needs torch).

All that is random in a constructor comes from the seed, whether it is drawn by torch, numpy or
Python. What the user's code does to these generators, or to settings of torch that hold for the
whole program, ends with it.
"""

# ruff: noqa: NPY002 (numpy's shared generator is what users' constructors draw from)

import contextlib
import copy
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from prunescape.networks.module_errors import paths_of, refused, telling
from prunescape.networks.network import Shape

_SETTINGS = [
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
]


class States(NamedTuple):
    """The states of the generators that a program shares, to compare."""

    torch: bytes
    numpy: tuple[Any, ...]
    random: tuple[Any, ...]

    @classmethod
    def now(cls) -> "States":
        """Return them as they are."""
        _, keys, *rest = np.random.get_state()
        numbers = torch.get_rng_state().numpy().tobytes()
        return cls(numbers, (keys.tobytes(), *rest), random.getstate())

    def differing(self, other: "States") -> list[str]:
        """Return the generators whose states differ."""
        return [name for name in self._fields if getattr(self, name) != getattr(other, name)]


@contextlib.contextmanager
def fenced(seed: int | None = None) -> Iterator[None]:
    """Run a user's code from a seed, if one is given, and leave no trace of it in the program."""
    before = [get() for get, _ in _SETTINGS]
    numpys, pythons = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=[]):
            if seed is not None:
                torch.manual_seed(seed)
                np.random.seed(seed % 2**32)
                random.seed(seed)
            yield
    finally:
        np.random.set_state(numpys)
        random.setstate(pythons)
        for value, (get, put) in zip(before, _SETTINGS, strict=True):
            if get() != value:
                put(value)


class Factory:
    """A user's class or function that makes a network."""

    def __init__(self, named: str, function: Callable[[], Any], input_shape: Shape) -> None:
        """`input_shape` of one image, which lazy layers get their size from.

        Raises:
            ValueError: if there is a module where something that makes modules is expected.
        """
        self._named, self._function, self._shape = named, function, input_shape
        if isinstance(function, nn.Module):
            raise ValueError(
                f"networks: {named} is a module ({type(function).__name__}), and all replicates "
                "would be this one; expected a class, or a function that returns a new module"
            )

    def made(self, seed: int) -> tuple[nn.Module, States]:
        """Return a new module, and how it leaves the generators.

        Raises:
            ValueError: if the user's code fails, or makes no module.
        """
        with fenced(seed):
            with telling(self._named, "can't be made", {}):
                module = self._function()
            if not isinstance(module, nn.Module):
                raise ValueError(
                    f"networks: {self._named} gives {type(module).__name__}, expected a "
                    "torch.nn.Module when it is called without arguments"
                )
            module = module.float().cpu()
            self._sized(module)
            return module, States.now()

    def _sized(self, module: nn.Module) -> None:
        """Run lazy layers once: that gives them their parameters."""
        if not any(is_lazy(parameter) for parameter in module.parameters()):
            return
        with telling(self._named, "can't size its lazy layers", paths_of(module)), torch.no_grad():
            module.eval()(probe(2, self._shape))
        module.train()
        for path, each in module.named_modules():
            if any(is_lazy(parameter) for parameter in each.parameters(recurse=False)):
                raise refused(
                    self._named, path, each, "is never run in evaluation, so its size is unknown"
                )


def probe(images: int, shape: Shape) -> torch.Tensor:
    """Return made-up images [images, *shape]."""
    return torch.linspace(-1, 1, images * int(np.prod(shape))).view(images, *shape)


def copied(module: nn.Module, named: str) -> nn.Module:
    """Return a module of its own, whatever the user's code keeps of it."""
    with telling(named, "can't be copied", {}):
        return copy.deepcopy(module)
