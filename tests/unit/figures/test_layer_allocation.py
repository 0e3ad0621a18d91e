import pytest

from prunescape.figures import layer_allocation
from tests.helpers.figure_rows import row, scores


def test_a_layer_is_measured_against_its_own_size():
    dense = [row(0.9, replicate=i, kept_by_layer="800 200") for i in (1, 2)]
    arm = {"criterion": "magnitude", "level": 0.9, "kept": 100}
    rows = [
        row(0.8, replicate=1, kept_by_layer="90 10", **arm),
        row(0.8, replicate=2, kept_by_layer="80 20", **arm),
    ]
    folded = [{**each, "effect": "compensate"} for each in rows]  # the same masks again
    found = layer_allocation.numbers(scores([*dense, *rows, *folded]))
    assert found["layer"].tolist() == [1, 2]
    assert found["mean"].tolist() == pytest.approx([(90 + 80) / 16, (10 + 20) / 4])
    assert found["kept_percent"].tolist() == [10, 10]
