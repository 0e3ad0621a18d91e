"""Makes new modules from a user's function, each from its own seed (needs torch).

Everything random in a constructor comes from the seed, whether torch, numpy or Python draws it.
When the user's code ends, these generators and torch's global settings are restored.
"""

import contextlib
import copy
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from prunescape.foundations import global_state, network_names, user_files
from prunescape.networks import weight_norm
from prunescape.networks.module_errors import paths_of, refused, telling
from prunescape.networks.network import Shape

States = Mapping[str, object]
"""Library -> the state of its global random generator, as `global_state` returns it."""


@contextlib.contextmanager
def fenced(seed: int) -> Iterator[None]:
    """Run a user's code from a seed, then restore generators and global settings."""
    with global_state.kept():
        global_state.seed(seed)
        yield


def differing(states: States, others: States) -> list[str]:
    """Return the libraries whose global generators differ between two sets of states."""
    return [name for name, state in states.items() if others.get(name) != state]


class Factory:
    """A user's class or function that makes a network.

    Attributes:
        normed: paths of the layers of the last module from which weight_norm was taken.
    """

    def __init__(self, named: str, function: Callable[[], Any], input_shape: Shape) -> None:
        """`input_shape`: shape of one image, from which lazy layers get their size.

        Raises:
            ValueError: if `function` is a module instead of a function that makes one.
        """
        self._named, self._function, self._shape = named, function, input_shape
        self.normed: list[str] = []
        if isinstance(function, nn.Module):
            raise ValueError(
                f"networks: {named} is a module ({type(function).__name__}), and all replicates "
                "would be this one; expected a class, or a function that returns a new module"
            )

    def made(self, seed: int) -> tuple[nn.Module, States]:
        """Return a new module, and the states of the generators after it was made.

        Its layers have plain weights where torch's weight_norm made them.

        Raises:
            ValueError: if the user's code fails, or makes no module.
        """
        with fenced(seed):
            sys.argv = [network_names.split(self._named).place, user_files.NO_PROGRAM]
            with telling(self._named, "can't be made", {}):
                module = self._function()
            if not isinstance(module, nn.Module):
                raise ValueError(
                    f"networks: {self._named} gives {type(module).__name__}, expected a "
                    "torch.nn.Module when it is called"
                )
            with telling(self._named, "can't be made float32 on the CPU", paths_of(module)):
                module = module.float().cpu()
            self._sized(module)
            with telling(self._named, "can't do without weight_norm", paths_of(module)):
                self.normed = weight_norm.remove(module)
            return module, global_state.random_states()

    def _sized(self, module: nn.Module) -> None:
        """Run lazy layers once, which creates their parameters."""
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
    """Return a copy that shares nothing with the user's code."""
    with telling(named, "can't be copied", {}):
        return copy.deepcopy(module)
