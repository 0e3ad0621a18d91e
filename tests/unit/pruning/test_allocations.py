"""Erdos-Renyi and ERK, against plain loops after Evci's code and Webster's method."""

from math import prod

import numpy as np
import pytest

from prunescape.foundations import streams
from prunescape.pruning import allocations, selection
from tests.helpers.factories import ties
from tests.helpers.places import ROOT

LENET = {"1": (300, 784), "2": (100, 300), "3": (10, 100)}
CONV = {"1": (6, 1, 5, 5), "2": (16, 6, 5, 5), "3": (120, 400), "4": (84, 120), "5": (10, 84)}
RESNET = {str(i): (c, c, 3, 3) for i, c in enumerate((16, 16, 32, 32, 64, 64))} | {"6": (10, 64)}
KINDS = ("erdos_renyi", "erk")


def densities(kind, shapes, kept):
    """Return layers' densities as `get_sparsities_erdos_renyi` of google-research/rigl has them."""
    dense, valid = set(), False
    while not valid:
        divisor, rhs, raw = 0.0, float(kept), {}
        for name, shape in shapes.items():
            size = prod(shape)
            if name in dense:
                rhs -= size
                continue
            if kind == "erk":
                raw[name] = sum(shape) / size
            else:
                raw[name] = (shape[0] + shape[1]) / (shape[0] * shape[1])
            divisor += raw[name] * size
        if not raw:
            break
        epsilon = rhs / divisor
        highest = max(raw.values())
        valid = highest * epsilon <= 1
        if not valid:
            dense |= {name for name, each in raw.items() if each == highest}
    return {name: 1.0 if name in dense else epsilon * raw[name] for name in shapes}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shapes", [LENET, CONV, RESNET])
def test_layers_get_what_the_published_code_gives_them(kind, shapes):
    total = sum(map(prod, shapes.values()))
    for share in (0.0, 0.01, 0.05, 0.1, 0.3, 0.5, 0.9, 0.99, 1.0):
        kept = round(share * total)
        found = allocations.kept(kind, shapes, kept)
        assert sum(found.values()) == kept
        for name, density in densities(kind, shapes, kept).items():
            # Webster's rounding moves a layer by half a weight, and by its part of the others'.
            assert abs(found[name] - density * prod(shapes[name])) <= 0.5 + len(shapes) / 2
            if density == 1:
                assert found[name] == prod(shapes[name])


def one_by_one(parts, sizes, total):
    """Hand out weights one by one, as Webster's method is defined, to layers that aren't full."""
    found = dict.fromkeys(parts, 0)
    for _ in range(total):
        free = [name for name in parts if found[name] < sizes[name]]
        found[max(free, key=lambda name: parts[name] / (2 * found[name] + 1))] += 1
    return found


def test_rounding_is_websters():
    shapes = {"1": (7, 5), "2": (3, 7), "3": (2, 3)}
    sizes = {name: prod(shape) for name, shape in shapes.items()}
    parts = {name: sum(shape) for name, shape in shapes.items()}
    for total in range(sum(sizes.values()) + 1):
        assert allocations.kept("erk", shapes, total) == one_by_one(parts, sizes, total)


@pytest.mark.parametrize("kind", KINDS)
def test_no_layer_keeps_more_when_all_keep_fewer(kind):
    shapes = {"1": (4, 3, 2, 2), "2": (5, 4, 3, 3), "3": (3, 7)}
    before = allocations.kept(kind, shapes, 0)
    for total in range(1, sum(map(prod, shapes.values())) + 1):
        now = allocations.kept(kind, shapes, total)
        assert all(now[name] >= before[name] for name in shapes)
        before = now


def test_the_kernel_tells_the_two_apart():
    kernel = {
        name: allocations.kept(kind, CONV, 6000)["2"]
        for name, kind in zip("ab", KINDS, strict=True)
    }
    assert kernel["a"] > kernel["b"]
    assert allocations.kept("erk", LENET, 2662) == allocations.kept("erdos_renyi", LENET, 2662)


@pytest.mark.parametrize("kind", KINDS)
def test_masks_keep_the_highest_scores_of_each_layers_share(kind):
    generator = streams.generator("test", "allocation")
    scores = {name: generator.random((2, *shape)) for name, shape in CONV.items()}
    total = sum(map(prod, CONV.values()))
    shares = allocations.kept(kind, CONV, total - round(0.9 * total))
    for name, mask in selection.exact_k(scores, "0.90", kind, ties(2)).items():
        assert mask.reshape(2, -1).sum(1).tolist() == [shares[name]] * 2
        for kept, given in zip(mask, scores[name], strict=True):
            assert np.where(kept, given, np.inf).min() >= np.where(kept, -np.inf, given).max()


DEEPER = f"{ROOT / 'docs' / 'examples' / 'deeper.py'}:deeper"


def test_a_function_in_a_file_shares_weights_as_it_says(tmp_path):
    path = tmp_path / "own.py"
    path.write_text("def erk(shape, number, layers): return sum(shape) / math.prod(shape)\n")
    shapes = {"1": (6, 1, 3, 3), "2": (10, 50), "3": (4, 10)}
    for total in (1, 57, 200, 594):
        expected = allocations.kept("erk", shapes, total)
        assert allocations.kept("allocation", shapes, total, f"{path}:erk") == expected
    path.write_text("def last(shape, number, layers): return 1 if number < layers else 9\n")
    assert allocations.kept("allocation", {"1": (10, 9), "2": (10, 1)}, 18, f"{path}:last") == {
        "1": 9,
        "2": 9,
    }


def test_the_example_lies_between_equal_shares_and_erk():
    shapes = {"1": (300, 784), "2": (100, 300), "3": (10, 100)}
    found = allocations.kept("allocation", shapes, 26_620, DEEPER)
    assert sum(found.values()) == 26_620
    erk = allocations.kept("erk", shapes, 26_620)
    density = [each["1"] / (300 * 784) for each in (erk, found)]
    assert density[0] < density[1] < 0.1
    parts = {
        k: (n / 3) ** 0.5 * ((o + i) / (o * i)) ** 0.5 * o * i
        for n, (k, (o, i)) in enumerate(shapes.items(), 1)
    }
    ratio = parts["2"] / parts["1"]
    assert abs(found["2"] / found["1"] - ratio) < 1e-3


@pytest.mark.parametrize("given", ["0", "-1.0", "'x'", "math.inf"])
def test_a_density_that_is_none_is_named(given, tmp_path):
    path = tmp_path / "own.py"
    path.write_text(f"def f(shape, number, layers): return {given}\n")
    with pytest.raises(
        ValueError, match=r"own.py:f: found the density .* of layer 1; allowed: abov"
    ):
        allocations.kept("allocation", {"1": (2, 3)}, 3, f"{path}:f")
