"""Which statistics criteria read; the workflow needs to know it when it is parsed.

A criterion's parameters are named after its statistics (`criteria` explains how). They are read
from the source: nothing is imported, nothing executed. Standard library only.
"""

import ast
import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from prunescape.foundations import spelling, user_files
from prunescape.foundations.choices import choose

Config = Mapping[str, Any]

STATISTICS = {
    "sigma": "the posterior's standard deviation",
    "input_mean": "mean of the layer's inputs over the training images",
    "input_deviation": "their standard deviation",
    "input_norm": "the square root of their mean square",
    "gradient": "gradient of the mean loss of the training images (of a posterior: at its means)",
    "gradient_size": "mean over the training images of one image's absolute gradient",
    "fisher": "mean over the training images of one image's squared gradient",
    "gauss_newton": "the same mean, with labels that the network's own predictions give",
    "hessian": "diagonal of the mean loss's Hessian, estimated by random signs (Hutchinson)",
    "inverse_moment": "diagonal of the inverse of the inputs' second moments, with a ridge of 1 %",
    "precision": "diagonal of a Laplace posterior's precision, with each layer's likeliest prior",
    "movement": "sum of -w g over the steps of the training that ends with these weights",
    "preconditioner": "diagonal H of preconditioned SGD",
    "initial_weight": "the weights before training",
    "initial_gradient": "the gradient at the weights before training",
    "initial_hessian_gradient": "the Hessian of the mean loss times its gradient, before training",
    "initial_flow": "share of the weights that synaptic flow removes before this one, at the start",
    "uniform": "independent uniform numbers on [0, 1)",
}
"""Name of a parameter -> the statistic: [R, out, in, ...] like the weight, or for statistics of
inputs [R or 1, out or 1, in, ...], 1 where all units see the same."""

RENAMED = {"noise": "uniform"}
"""Old name of a statistic -> new name."""

POSTERIOR = {"sigma"}
"""Statistics that only a posterior has."""
INITIAL = {"initial_weight", "initial_gradient", "initial_hessian_gradient", "initial_flow"}
"""Statistics of the weights before training."""
TRAINED = {"movement"}
"""Statistics that a training here collects, if a criterion reads them."""
PRECONDITIONER = {"preconditioner"}
"""Statistics that only preconditioned SGD has."""
INPUT_MOMENTS = {"input_mean", "input_deviation", "input_norm"}
"""Statistics of a layer's inputs, which the rule `measure` computes."""

WITHOUT_IMAGES = {"sigma", "initial_weight", "initial_flow", "uniform"}
"""Statistics that no image is needed for; the others are measured on training images."""

OF_ANY_TENSOR = {
    *("gradient", "hessian", "initial_gradient", "initial_hessian_gradient", "initial_weight"),
    *("movement", "preconditioner", "uniform"),
}
"""Statistics that biases have too."""

SHUFFLED = "shuffled_"
"""Prefix of a criterion's name: its scores, shuffled within each layer."""


class Signature(NamedTuple):
    """The arguments of a criterion."""

    first: str
    """`weight` (one layer's) or `weights` (layer -> weight)."""
    statistics: tuple[str, ...]
    """Names of the statistics that it reads."""
    reads_first: bool = True
    """Whether its code reads the first parameter."""


def base(criterion: str) -> str:
    """Return a criterion's name without the prefix `SHUFFLED`."""
    return criterion.removeprefix(SHUFFLED)


def of(config: Config, criterion: str) -> frozenset[str]:
    """Return the statistics that a criterion of the config reads; ValueError for another name."""
    name, own = base(criterion), config.get("criteria", {})
    choose(dict.fromkeys([*built_in(), *own]), name, "criterion")
    return frozenset((of_user(own[name]) if name in own else built_in()[name]).statistics)


def reads_images(statistics: Iterable[str]) -> bool:
    """Return whether one of some statistics is measured on images."""
    return not WITHOUT_IMAGES.issuperset(statistics)


def before_training(config: Config, criterion: str) -> bool:
    """Return whether a criterion of the config reads nothing that training made.

    It is known from the start, then, as that of pruning at initialisation: its code doesn't read
    the weights, and its statistics are those before training, or random.
    """
    name, own = base(criterion), config.get("criteria", {})
    signature = of_user(own[name]) if name in own else built_in()[name]
    return not signature.reads_first and {*INITIAL, "uniform"}.issuperset(signature.statistics)


@functools.cache
def built_in() -> dict[str, Signature]:
    """Return the criteria of the library, in their order."""
    path = Path(__file__).with_name("criteria.py")
    functions = user_files.functions(path)
    return {name: _signature(each) for name, each in functions.items() if not name.startswith("_")}


def of_user(named: str) -> Signature:
    """Return the signature of a function in a user's file.

    Args:
        named: path/to/file.py:function.

    Raises:
        ValueError: if the file can't be read or parsed, or the function is missing or no criterion.
    """
    return _signature(user_files.function(named))


def _signature(function: ast.FunctionDef) -> Signature:
    """Return a function's signature; ValueError says what is wrong with its parameters."""
    given = function.args
    named = [each.arg for each in [*given.args, *given.kwonlyargs]]
    place = f"function {function.name}"
    if given.posonlyargs or given.vararg or given.kwarg:
        raise ValueError(f"{place} takes *, ** or unnamed parameters; allowed: names of statistics")
    if named[:1] not in (["weight"], ["weights"]):
        first = named[0] if named else "none"
        raise ValueError(f"{place} has the first parameter {first}; allowed: weight or weights")
    # Parameters with a default that name no statistic are the function's own settings.
    optional = {each.arg for each in given.args[len(given.args) - len(given.defaults) :]}
    pairs = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    optional |= {each.arg for each, default in pairs if default is not None}
    for name in named[1:]:
        if name in RENAMED:
            # With a default too: it would be taken for a setting, and the scores would change.
            raise ValueError(f"{place} has the parameter {name}, which is now {RENAMED[name]}")
        if name not in STATISTICS and name not in optional:
            known = ", ".join(STATISTICS)
            raise ValueError(f"{place} has the unknown parameter {name}; allowed: {known}")
    read = {each.id for each in ast.walk(function) if isinstance(each, ast.Name)}
    statistics = tuple(name for name in named[1:] if name in STATISTICS)
    return Signature(named[0], statistics, named[0] in read)


def files(config: Config, criteria: list[str]) -> list[str]:
    """Return the user's files that hold any of these criteria."""
    own = config.get("criteria", {})
    names = dict.fromkeys(map(base, criteria))
    return list(dict.fromkeys(user_files.split(own[name])[0] for name in names if name in own))


def spelled(config: Config, criteria: list[str]) -> list[str]:
    """Return criteria as scripts take them: a user's criterion with its file and function."""
    own = config.get("criteria", {})
    return [spelling.spell(name, own.get(base(name), "")) for name in criteria]
