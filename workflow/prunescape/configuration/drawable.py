"""Checks that figures have something to draw: without, a run would fail at its end."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from prunescape.configuration.blocks import (
    blocks_in,
    is_given,
    level_values,
    mapping,
    texts_in,
    texts_of,
)
from prunescape.configuration.own_scopes import WEIGHTED, networks_of
from prunescape.configuration.words import Place, Problem
from prunescape.scoring.needs import SHUFFLED

Block = dict[Any, Any]


def check_figures(place: Place, study: Block, networks: Any) -> Iterator[Problem]:
    """Find figures of a study for which nothing is evaluated.

    What only a table can tell is left to the figure: which levels arms share, which layers a module
    has. Values of a wrong type are the schema's; they count as missing here.

    Args:
        place: of the study.
        study: a study of the catalogue.
        networks: the config's networks.
    """
    for i, figure in texts_in(study.get("figures")):
        drawn, has = _NEEDS.get(figure, ("", _anything))
        if not has(study, mapping(networks)):
            text = f"found {figure}, which draws {drawn}, and the study has none"
            yield (*place, "figures", i), f"{text}; allowed: figures with something to draw"


def _anything(study: Block, networks: Block) -> bool:
    return True


def _exact(study: Block, networks: Block) -> list[Block]:
    """Return the entries of arms that remove an exact number of weights."""
    return [
        arm
        for _, arm in blocks_in(study.get("arms"))
        if arm.get("selection") == "exact_k"
        if any(level_values(arm.get("levels"))) or _trains_on(arm, study)
    ]


def _trains_on(arm: Block, study: Block) -> bool:
    return bool(mapping(study.get("schedules")).keys() & texts_of(arm.get("schedules")))


def _by_threshold(study: Block, networks: Block) -> bool:
    return any(arm.get("selection") == "threshold" for _, arm in blocks_in(study.get("arms")))


def _noisy(study: Block, networks: Block) -> bool:
    return bool(study.get("noise"))


def _exact_and_noisy(study: Block, networks: Block) -> bool:
    return bool(_exact(study, networks)) and _noisy(study, networks)


def _removing(study: Block, networks: Block) -> bool:
    return bool(_exact(study, networks))


def _trained(study: Block, networks: Block) -> bool:
    fits, arms = blocks_in(study.get("fits")), blocks_in(study.get("arms"))
    return any(not is_given(fit) for _, fit in fits) or any(
        _trains_on(arm, study) for _, arm in arms
    )


def _compared(study: Block) -> list[set[str]]:
    """Return which criteria are compared on each fit and network, in each scope and schedule."""
    found: dict[tuple[str, ...], set[str]] = {}
    for arm in _exact(study, {}):
        for fit in texts_of(arm.get("fits")):
            models = networks_of({**arm, "fits": [fit]}, study.get("fits"))
            ways = texts_of(arm.get("scopes")), texts_of(arm.get("schedules"))
            for key in itertools.product([fit], models, *ways):
                found.setdefault(key, set()).update(texts_of(arm.get("criteria")))
    return [criteria for criteria in found.values() if len(criteria) > 1]


def _several_criteria(study: Block, networks: Block) -> bool:
    return bool(_compared(study))


def _beside_magnitude(study: Block, networks: Block) -> bool:
    return any("magnitude" in criteria for criteria in _compared(study))


def _by_scores(study: Block) -> list[Block]:
    """Return exact arms with a criterion that is no control."""
    return [
        arm
        for arm in _exact(study, {})
        if any(
            criterion != "random" and not criterion.startswith(SHUFFLED)
            for criterion in texts_of(arm.get("criteria"))
        )
    ]


def _ranked_globally(study: Block, networks: Block) -> bool:
    return any("global" in texts_of(arm.get("scopes")) for arm in _by_scores(study))


def _weighted(arms: list[Block], study: Block, networks: Block) -> list[list[Any]]:
    """Return the kinds of the weighted layers of each network in arms; nothing for modules."""
    names = [name for arm in arms for name in networks_of(arm, study.get("fits"))]
    kinds = [[layer.get("kind") for _, layer in blocks_in(networks.get(name))] for name in names]
    return [[kind for kind in each if kind in WEIGHTED] for each in kinds]


def _sees_all_pixels(study: Block, networks: Block) -> bool:
    found = _weighted(_by_scores(study), study, networks)
    return any(kinds[:1] != ["conv"] for kinds in found)


def _several_layers(study: Block, networks: Block) -> bool:
    found = _weighted(_exact(study, networks), study, networks)
    return any(len(kinds) != 1 for kinds in found)


_NEEDS: dict[str, tuple[str, Callable[[Block, Block], bool]]] = {
    **dict.fromkeys(
        [
            *("accuracy_sparsity", "broken_images", "class_losses", "cost_accuracy"),
            *("error_compression", "prune_potential", "reliability"),
        ],
        ("arms with selection: exact_k", _removing),
    ),
    "accuracy_difference": ("magnitude beside another criterion", _beside_magnitude),
    "layer_allocation": ("pruned networks of several layers", _several_layers),
    "mask_overlap": ("several criteria in one arm", _several_criteria),
    "mask_pictures": ("networks whose first layer is linear, ranked by scores", _sees_all_pixels),
    "network_noise": ("networks under noise", _noisy),
    "noise_curves": ("arms with selection: exact_k under noise", _exact_and_noisy),
    "score_histograms": ("arms of scope global that are ranked by scores", _ranked_globally),
    "threshold_axis": ("arms with selection: threshold", _by_threshold),
    "training_curves": ("trainings", _trained),
    "winner_map": ("several criteria in one arm", _several_criteria),
}
"""Kind of figure -> what it draws, in words, and whether a study has that."""
