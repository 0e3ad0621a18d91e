"""The library's and the user's criteria are functions of the two kinds that there are."""

from types import SimpleNamespace

import pytest
import torch

from prunescape.foundations import user_files
from prunescape.scoring import criteria, needs
from prunescape.scoring.ranking import Criterion
from tests.helpers.factories import checkpoint, scored, uint8_images
from tests.helpers.places import ROOT

EXAMPLE = f"{ROOT / 'docs' / 'examples' / 'sharp.py'}:score"
SHAPES = {"1": (3, 5, 4), "2": (3, 2, 5)}
SIGNATURES = {name: (getattr(criteria, name), made) for name, made in needs.built_in().items()} | {
    "of the user": (user_files.load(EXAMPLE), needs.of_user(EXAMPLE))
}


def numbers(name):
    """Return made-up values of a statistic, layer -> [3, out, in] or [3, 1, in]."""
    generator = torch.Generator().manual_seed(len(name))
    inputs = name in needs.INPUT_MOMENTS
    shapes = {key: (r, 1 if inputs else out, i) for key, (r, out, i) in SHAPES.items()}
    return {key: 0.1 + torch.rand(shape, generator=generator) for key, shape in shapes.items()}


def called(function, signature, weights, statistics):
    """Call a criterion as its kind is called."""
    if signature.first == "weights":
        return function(weights, **statistics)
    return {
        layer: function(weight, **{name: each[layer] for name, each in statistics.items()})
        for layer, weight in weights.items()
    }


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_criterion_scores_each_weight_of_each_replicate_by_itself(name):
    function, signature = SIGNATURES[name]
    weights = numbers("weights")
    statistics = {each: numbers(each) for each in signature.statistics}
    found = called(function, signature, weights, statistics)
    assert {layer: scores.shape for layer, scores in found.items()} == SHAPES
    assert all(scores.isfinite().all() for scores in found.values())
    one = {layer: weight[1:2] for layer, weight in weights.items()}
    of_one = {n: {k: value[1:2] for k, value in each.items()} for n, each in statistics.items()}
    alone = called(function, signature, one, of_one)
    for layer, scores in found.items():
        torch.testing.assert_close(alone[layer][0], scores[1])


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_criterion_changes_no_argument(name):
    function, signature = SIGNATURES[name]
    weights, statistics = numbers("weights"), {n: numbers(n) for n in signature.statistics}
    called(function, signature, weights, statistics)
    assert all(torch.equal(weights[layer], value) for layer, value in numbers("weights").items())
    for each, values in statistics.items():
        assert all(torch.equal(values[layer], value) for layer, value in numbers(each).items())


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("weights['1']", r"own.py:score\): found Tensor, expected layer -> scores$"),
        ("{'1': weights['1']}", "layer 2: found NoneType, expected a tensor"),
        ("{layer: each[:1] for layer, each in weights.items()}", r"layer 1: found scores of shape"),
    ],
)
def test_scores_of_a_network_that_are_no_map_of_layers_are_refused(tmp_path, body, problem):
    path = tmp_path / "own.py"
    path.write_text(f"def score(weights): return {body}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=rf"^criterion mine .*{problem}") as raised:
        scored(checkpoint(), [f"mine={path}:score"], uint8_images(5), (1, "study"))
    assert "\n" not in str(raised.value)


def test_there_are_criteria_of_both_kinds_and_both_score_the_whole_network():
    kinds = {signature.first: name for name, signature in needs.built_in().items()}
    assert kinds.keys() == {"weight", "weights"}
    statistics = SimpleNamespace(**{name: numbers(name) for name in needs.STATISTICS})
    for name in kinds.values():
        found = Criterion.of(name).scores(numbers("weights"), statistics)
        assert {layer: scores.shape for layer, scores in found.items()} == SHAPES
