import numpy as np
import pytest

from prunescape.figures import accuracy_difference
from tests.helpers.figure_rows import DENSE, replicates, scores
from tests.helpers.figure_study import T_2


def test_differences_are_paired_by_replicate():
    # Networks differ by 30 points, the criteria on one network by 1, 2 and 3.
    rows = replicates([0.30, 0.45, 0.60], kept=100, criterion="magnitude", level=0.9)
    rows += replicates([0.31, 0.47, 0.63], kept=100, criterion="snr", level=0.9)[::-1]
    found = accuracy_difference.numbers(scores(DENSE + rows))
    assert found["criterion"].tolist() == ["snr"]
    assert found.iloc[0]["mean"] == pytest.approx(2)
    assert found.iloc[0]["high"] == pytest.approx(2 + T_2 / np.sqrt(3))
    assert found.iloc[0]["low"] == pytest.approx(2 - T_2 / np.sqrt(3))


def test_a_replicate_without_partner_is_no_pair():
    rows = replicates([0.30, 0.45], kept=100, criterion="magnitude", level=0.9)
    rows += replicates([0.31, 0.47, 0.99], kept=100, criterion="snr", level=0.9)
    found = accuracy_difference.numbers(scores(DENSE + rows))
    assert (found.iloc[0]["mean"], found.iloc[0]["n"]) == (pytest.approx(1.5), 2)


def test_differences_compare_within_an_effect():
    rows = replicates([0.3, 0.3, 0.3], criterion="magnitude", level=0.9, effect="compensate")
    rows += replicates([0.5, 0.6, 0.7], criterion="snr", level=0.9)
    with pytest.raises(ValueError, match="no arm with both magnitude and another"):
        accuracy_difference.numbers(scores(DENSE + rows))
