import numpy as np
import pytest

from prunescape.figures import accuracy_sparsity
from tests.helpers.figure_rows import DENSE, replicates, scores
from tests.helpers.figure_study import T_2


def test_a_curve_is_the_mean_over_replicates_with_its_t_interval():
    rows = replicates([0.50, 0.52, 0.54], kept=100, criterion="snr", level=0.9)
    curves, dense = accuracy_sparsity.numbers(scores(DENSE + rows))
    point = curves.iloc[0]
    assert len(curves) == 1
    assert point["kept_percent"] == pytest.approx(10)
    assert (point["mean"], point["n"]) == (pytest.approx(52), 3)
    assert point["high"] - 52 == pytest.approx(T_2 * 2 / np.sqrt(3))
    assert 52 - point["low"] == pytest.approx(T_2 * 2 / np.sqrt(3))
    assert dense.iloc[0]["mean"] == pytest.approx(92)
    assert dense.iloc[0]["high"] == pytest.approx(92 + T_2 * 1 / np.sqrt(3))
