import pytest

from prunescape.drawing import summary
from prunescape.figures import accuracy_sparsity
from tests.helpers.figure_rows import DENSE, replicates, scores


def test_frozen_weights_do_not_count_as_kept():
    rows = replicates([0.5, 0.5], criterion="random", effect="freeze", level=0.75)
    found = summary.with_percents(scores(rows).assign(frozen_weights=750))
    assert found["kept_percent"].tolist() == [25, 25]


def test_a_schedule_shows_the_last_step_at_a_level():
    arm = {"criterion": "magnitude", "schedule": "fine", "level": 0.9, "kept": 100}
    rows = replicates([0.5, 0.5], step=14, **arm) + replicates([0.6, 0.6], step=15, **arm)
    curves, _ = accuracy_sparsity.numbers(scores(DENSE + rows))
    assert curves["mean"].tolist() == pytest.approx([60])
