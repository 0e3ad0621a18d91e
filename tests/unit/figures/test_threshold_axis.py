import numpy as np
import pytest

from prunescape.figures import threshold_axis
from tests.helpers.figure_rows import DENSE, row, scores
from tests.helpers.figure_study import T_2


def test_thresholds_have_an_interval_of_what_they_remove():
    arm = {"criterion": "snr", "selection": "threshold", "level": 0.03}
    rows = [
        row(accuracy, kept=kept, replicate=i, **arm)
        for i, (accuracy, kept) in enumerate([(0.5, 300), (0.6, 310), (0.7, 320)], start=1)
    ]
    found, curves, _ = threshold_axis.numbers(scores(DENSE + rows))
    point = found.iloc[0]
    assert curves.empty
    assert (point["mean"], point["level"]) == (pytest.approx(60), 0.03)
    assert point["removed_mean"] == pytest.approx(69)
    assert point["removed_high"] == pytest.approx(69 + T_2 / np.sqrt(3))
