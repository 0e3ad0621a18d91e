import pytest

from prunescape.figures import prune_potential
from tests.helpers.figure_rows import row, scores


def test_potential_ends_at_the_first_level_that_loses_more_than_a_point():
    def levels(*accuracies):
        return [
            row(accuracy, criterion="snr", level=level, kept=round(1000 * (1 - level)))
            for level, accuracy in zip((0.5, 0.7, 0.9), accuracies, strict=True)
        ]

    def potential(*accuracies):
        return prune_potential.numbers(scores([row(0.92), *levels(*accuracies)]))[
            "potential"
        ].item()

    assert potential(0.92, 0.91, 0.80) == pytest.approx(30)  # exactly a point is within it
    assert potential(0.92, 0.90, 0.92) == pytest.approx(50)  # what recovers later does not count
    assert potential(0.93, 0.92, 0.92) == pytest.approx(10)
    assert potential(0.90, 0.92, 0.92) == pytest.approx(100)


def test_potential_is_of_replicates_that_have_every_level():
    rows = [row(0.92, replicate=r) for r in (1, 2, 3)]
    # Replicate 2 diverged at the first level, and replicate 3 at the last.
    for level, kept, there in ((0.5, 500, (1, 3)), (0.9, 100, (1, 2))):
        rows += [row(0.92, criterion="snr", level=level, kept=kept, replicate=r) for r in there]
    found = prune_potential.numbers(scores(rows))
    assert found[["potential", "replicate", "passed"]].to_numpy().tolist() == [[10, 1, True]]


def test_potential_compares_with_the_dense_network_under_the_same_noise():
    noise = {"noise": "grey_raw", "noise_level": 0.4}
    rows = [row(0.92), row(0.40, **noise)]
    rows += [row(0.5, criterion="snr", level=0.9, kept=100)]
    rows += [row(0.5, criterion="snr", level=0.9, kept=100, **noise)]
    found = prune_potential.numbers(scores(rows))
    assert found[["noise_level", "potential"]].to_numpy().tolist() == [[0.4, 10.0], [0.0, 100.0]]
