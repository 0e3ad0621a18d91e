"""Intervals for new images: against plain loops, published numbers, and by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from prunescape.foundations import streams
from prunescape.report import new_images

GENERATOR = streams.generator("test", "new images")


def outcomes(r, n, share=0.9):
    return GENERATOR.random((r, n)) < share


def plain(differences):
    """Return (mean squares of replicates, images and the rest), a loop over cells."""
    r, n = len(differences), len(differences[0])
    mean = sum(map(sum, differences)) / (r * n)
    rows = [sum(row) / n for row in differences]
    columns = [sum(row[i] for row in differences) / r for i in range(n)]
    rest = sum(
        (differences[a][i] - rows[a] - columns[i] + mean) ** 2 for a in range(r) for i in range(n)
    )
    return (
        n * sum((row - mean) ** 2 for row in rows) / (r - 1),
        r * sum((column - mean) ** 2 for column in columns) / (n - 1),
        rest / ((r - 1) * (n - 1)),
    )


@pytest.mark.parametrize(("r", "n"), [(2, 30), (5, 200)])
def test_the_crossed_interval_equals_a_plain_analysis_of_variance(r, n):
    shared = GENERATOR.random(n) < 0.2  # images on which all replicates differ
    left, right = outcomes(r, n), outcomes(r, n) & ~shared
    squares = plain((left.astype(int) - right).tolist())
    variance = (squares[0] + squares[1] - squares[2]) / (r * n)
    freedoms = (r - 1, n - 1, (r - 1) * (n - 1))
    lost = sum(each**2 / freedom for each, freedom in zip(squares, freedoms, strict=True))
    freedom = (squares[0] + squares[1] - squares[2]) ** 2 / lost
    found = new_images.crossed(left, right)
    assert found.mean == pytest.approx(left.mean() - right.mean())
    assert found.error == pytest.approx(math.sqrt(variance))
    assert found.freedom == pytest.approx(freedom)
    half = stats.t.ppf(0.975, freedom) * math.sqrt(variance)
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half))


def test_the_crossed_interval_covers_where_that_of_replicates_alone_does_not():
    """Latent normal scores: images are hard for all replicates, and pruning changes some images."""
    r, n, studies = 5, 200, 400
    truth = stats.norm.cdf(1.5 / math.sqrt(2)) - stats.norm.cdf(1.2 / math.sqrt(2 + 1.5**2))
    hits = np.zeros((studies, 2), bool)
    for each in range(studies):
        hardness, changed = GENERATOR.normal(size=n), GENERATOR.normal(0, 1.5, n)
        left = 1.5 + hardness + GENERATOR.normal(size=(r, n)) > 0
        right = 1.2 + hardness + changed + GENERATOR.normal(size=(r, n)) > 0
        found = new_images.crossed(left, right)
        alone = stats.ttest_rel(left.mean(1), right.mean(1)).confidence_interval()
        hits[each] = (found.low <= truth <= found.high, alone.low <= truth <= alone.high)
    crossed, replicates = hits.mean(0)
    assert 0.925 <= crossed <= 0.98  # 95 %, give or take 2.3 standard errors
    assert replicates < 0.85


def test_replicates_that_agree_exactly_prove_nothing():
    same = np.repeat(outcomes(1, 50), 3, axis=0)
    found = new_images.crossed(same, same)
    assert found.mean == 0
    assert found.error == pytest.approx(1 / 50 / 2 / math.sqrt(3))
    assert found.freedom == 2
    assert found.low < 0 < found.high


def test_reaches_of_replicates_and_images_are_added_as_squares():
    values = GENERATOR.integers(-3, 4, (4, 60)) + 2 * GENERATOR.integers(0, 2, 60)
    squares = plain(values.tolist())
    reaches = (
        stats.t.ppf(0.999, 3) * math.sqrt(squares[0] / 240),
        stats.t.ppf(0.999, 59) * math.sqrt((squares[1] - squares[2]) / 240),
    )
    found = new_images.added(values, 1, 0.001)
    assert found == pytest.approx([values.mean() + s * math.hypot(*reaches) for s in (-1, 1)])
    assert new_images.added(values[::-1], 1, 0.001) == found
    low, high = new_images.added(np.full((4, 60), 2), 3, 0.001)
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.999, 3) * 3 / 60 / 2 / 2)


@pytest.mark.parametrize("images", [0.0, 0.3, 1.0])
def test_added_reaches_keep_the_level_far_out(images):
    """Replicates and images that vary, a mean by images so much as by replicates (variances)."""
    r, n, level, studies = 5, 40, 0.005, 10_000
    missed = 0
    for _ in range(studies):
        replicate = GENERATOR.normal(0, 100, (r, 1))
        image = GENERATOR.normal(0, 100 * math.sqrt(images * n / r), n)
        values = np.rint(replicate + image + GENERATOR.normal(0, 20, (r, n))).astype(np.int64)
        low, high = new_images.added(values, 1, level)
        missed += not low <= 0 <= high
    assert missed <= 1.35 * 2 * level * studies  # 3.5 standard errors


@pytest.mark.parametrize(("left", "right"), [((1, 9), (1, 9)), ((3, 9), (3, 8)), ((9,), (9,))])
def test_outcomes_that_are_not_crossed_are_refused(left, right):
    with pytest.raises(ValueError, match="expected the same"):
        new_images.crossed(np.ones(left, bool), np.ones(right, bool))


def pair(both, only_left, only_right, neither):
    counts = [both, only_left, only_right, neither]
    return (np.repeat(each, counts).astype(bool) for each in ([1, 1, 0, 0], [1, 0, 1, 0]))


@pytest.mark.parametrize("counts", [(90, 5, 1, 4), (50, 0, 3, 7), (9, 20, 20, 1), (300, 31, 12, 9)])
def test_mcnemars_test_is_a_binomial_test_of_the_discordant_images(counts):
    expected = stats.binomtest(counts[1], counts[1] + counts[2], 0.5).pvalue
    assert new_images.mcnemar(*pair(*counts)) == pytest.approx(expected)


def test_mcnemars_test_of_networks_that_agree():
    assert new_images.mcnemar(*pair(9, 0, 0, 1)) == 1


# Published in Fagerland, Lydersen and Laake, Statistical Analysis of Contingency Tables (2017),
# chapter 8: tables of Cavo et al. (2012) and Bentur et al. (2009).
@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [((59, 6, 16, 80), -0.1186, -0.0046), ((1, 1, 7, 12), -0.507, -0.026)],
)
def test_newcombes_interval_has_the_published_ends(counts, low, high):
    decimals = len(str(low).partition(".")[2])
    found = new_images.newcombe(*pair(*counts))
    assert [round(end, decimals) for end in found] == [low, high]
    swapped = new_images.newcombe(*reversed([*pair(*counts)]))
    assert swapped == pytest.approx((-found[1], -found[0]))


def test_newcombes_interval_where_all_images_are_right():
    low, high = new_images.newcombe(*pair(100, 0, 0, 0))
    assert low == pytest.approx(-high)
    assert 0 < high < 0.06
    with pytest.raises(ValueError, match="expected images"):
        new_images.newcombe(np.ones(0, bool), np.ones(0, bool))
