import pytest

from prunescape.figures import noise_curves
from tests.helpers.figure_rows import DENSE, replicates, scores


def test_noise_curves_begin_with_the_clean_row_of_the_same_networks():
    arm = {"kept": 100, "criterion": "snr", "level": 0.9}
    noise = {"noise": "grey_raw", "noise_level": 0.3}
    rows = replicates([0.80, 0.81, 0.82], **arm) + replicates([0.60, 0.61, 0.62], **arm, **noise)
    rows += replicates([0.7, 0.7, 0.7], kept=500, criterion="snr", level=0.5)  # no noise here
    rows += replicates([0.88, 0.89, 0.90], **noise)
    pruned, dense = noise_curves.numbers(scores(DENSE + rows))
    assert pruned["noise_level"].tolist() == [0, 0.3]
    assert pruned["mean"].tolist() == pytest.approx([81, 61])
    assert set(pruned["level"]) == {0.9}
    assert dense["mean"].tolist() == pytest.approx([92, 89])
