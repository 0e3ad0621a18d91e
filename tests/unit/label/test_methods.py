"""Ways of pruning are read from outcomes, whatever the order of rows."""

import numpy as np
import pytest

from prunescape.label import methods
from tests.helpers.label import LEVELS, LOST, N, outcomes


def test_every_way_has_its_networks_at_rising_sparsities():
    unpruned, found = methods.read(outcomes(3))
    assert unpruned.shape == (3, N)
    assert unpruned.sum(1).tolist() == [N - 40] * 3
    assert {each.names["criterion"] for each in found} == set(LOST)
    for each in found:
        assert [level for _, level in each.points] == LEVELS
        lost = [(unpruned & ~correct).sum(1).tolist() for correct in each.correct]
        assert lost == [[count] * 3 for count in LOST[each.names["criterion"]]]
        assert each.is_control == (each.names["criterion"] == "random")


def test_networks_that_a_way_lacks_are_left_out_of_all():
    found = outcomes(3)
    rows = found.rows
    gone = (rows["criterion"] == "snr") & (rows["level"] == 0.9) & (rows["replicate"] == 2)
    found = found.where()
    kept = np.flatnonzero(~gone)
    fewer = type(found)(rows.loc[kept].reset_index(drop=True), found.correct[kept], {})
    unpruned, ways = methods.read(fewer)
    assert unpruned.shape == (2, N)
    assert {correct.shape for way in ways for correct in way.correct} == {(2, N)}


def test_a_study_with_two_fits_or_nothing_pruned_is_refused():
    found = outcomes()
    with pytest.raises(ValueError, match="allowed: one or more"):
        methods.read(found.where(criterion="none"))
    rows = found.rows.assign(
        fit=["a", "b"] * (len(found.rows) // 2) + ["a"] * (len(found.rows) % 2)
    )
    with pytest.raises(ValueError, match="found 2 fits of networks"):
        methods.read(type(found)(rows, found.correct, {}))
