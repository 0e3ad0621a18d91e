"""A study whose networks are given as files, and files of weights."""

import torch
from safetensors.torch import save_file

from tests.helpers.configurations import SMALL, changed

FILES = ["a.safetensors", "b.safetensors"]
GIVEN = {"kind": "given", "networks": ["net"], "scaling": "unit", "weights": FILES}
PLACE = "catalogue.study.fits.mine"


def with_given(changes=(), **fit):
    """Return SMALL with a fit `mine`, which is given; `fit` replaces some of its keys."""
    return changed(changed(SMALL, {PLACE: GIVEN | fit}), dict(changes))


def pruned(criterion, schedule="oneshot"):
    """Return an arm that prunes the given networks."""
    return {
        "fits": ["mine"],
        "criteria": [criterion],
        "scopes": ["global"],
        "selection": "exact_k",
        "effects": ["zero"],
        "schedules": [schedule],
        "levels": ["0.50", "0.90"],
    }


def saved(path, state, **changes):
    """Write tensors as safetensors; `changes` by name with __ for dots, None takes one away."""
    tensors = {name: value.detach().clone() for name, value in state.items()}
    tensors |= {name.replace("__", "."): value for name, value in changes.items()}
    save_file({name: value for name, value in tensors.items() if value is not None}, path)
    return path


def layers_of(sequential):
    """Return the state of an nn.Sequential under the names of the config's layers."""
    state = sequential.state_dict()
    numbers = sorted({int(name.partition(".")[0]) for name in state})
    return {
        f"{numbers.index(int(name.partition('.')[0])) + 1}.{name.partition('.')[2]}": value
        for name, value in state.items()
    }


def sequential():
    """Return a perceptron of 64 inputs, 7 hidden units and 4 classes, as torch starts it."""
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(64, 7), torch.nn.Tanh(), torch.nn.Linear(7, 4)
    )
