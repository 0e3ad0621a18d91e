"""What pruning costs at most, and the last sparsity whose cost is shown to be small."""

import math

import numpy as np
import pytest
from scipy import stats

from prunescape.foundations import streams
from prunescape.label import losses
from prunescape.label.losses import Loss

GENERATOR = streams.generator("test", "label losses")


def outcomes(both, only_unpruned, only_pruned, neither):
    counts = [both, only_unpruned, only_pruned, neither]
    return [np.repeat(each, counts).astype(bool)[None] for each in ([1, 1, 0, 0], [1, 0, 1, 0])]


def test_the_bound_of_one_network_is_newcombes_at_a_one_sided_level():
    a, b, c, d = 880, 30, 12, 78
    n, z = a + b + c + d, stats.norm.ppf(0.95)

    def wilson(count):
        middle = (count + z * z / 2) / (n + z * z)
        half = z * math.sqrt(count * (n - count) / n + z * z / 4) / (n + z * z)
        return count / n - (middle - half), middle + half - count / n

    (_, above), (under, _) = wilson(a + b), wilson(a + c)
    phi = (a * d - b * c - n / 2) / math.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    high = (b - c) / n + math.sqrt(above**2 - 2 * phi * above * under + under**2)
    found = losses.loss(*outcomes(a, b, c, d))
    assert found.points == pytest.approx(1.8)
    assert found.at_most == pytest.approx(100 * high)


@pytest.mark.parametrize("networks", [1, 4])
def test_the_bound_is_too_low_in_one_of_twenty_samples(networks):
    n, samples, above = 600, 1500, 0
    for _ in range(samples):
        hard = GENERATOR.random(n) < 0.10
        unpruned = GENERATOR.random((networks, n)) > np.where(hard, 0.5, 0.01)
        pruned = unpruned & (GENERATOR.random((networks, n)) > 0.02)
        # Of the images that are right, 2 in 100 are lost.
        true = 100 * 0.02 * (0.9 * 0.99 + 0.1 * 0.5)
        above += losses.loss(unpruned, pruned).at_most < true
    assert above / samples < losses.ERROR + 3 * math.sqrt(0.05 * 0.95 / samples)


def test_several_networks_vary_too():
    unpruned = np.ones((3, 500), bool)
    pruned = unpruned.copy()
    pruned[0, :30] = False
    apart = losses.loss(unpruned, pruned)
    pruned[:] = True
    for network, images in enumerate((slice(10), slice(10, 20), slice(20, 30))):
        pruned[network, images] = False
    alike = losses.loss(unpruned, pruned)
    # As many images are lost, by one network or by all three.
    assert apart.points == pytest.approx(alike.points) == pytest.approx(2)
    assert apart.at_most > 2 * alike.at_most


@pytest.mark.parametrize(("left", "right"), [((1, 9), (1, 8)), ((9,), (9,)), ((1, 1), (1, 1))])
def test_outcomes_that_tell_nothing(left, right):
    with pytest.raises(ValueError, match="expected the same"):
        losses.loss(np.ones(left, bool), np.ones(right, bool))


@pytest.mark.parametrize(
    ("bounds", "last"),
    [
        ([0.1, 0.4, 0.9], 2),
        ([0.1, 1.2, 0.4], 0),  # the first that is too high ends it
        ([1.0], None),
        ([], None),
    ],
)
def test_the_last_sparsity_before_the_first_that_is_not_shown_to_be_below(bounds, last):
    assert losses.last_within([Loss(0.0, bound) for bound in bounds], 1) == last
