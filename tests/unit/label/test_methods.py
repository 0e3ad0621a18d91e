"""Ways of pruning are read from outcomes, whatever the order of rows."""

import numpy as np
import pytest

from prunescape.label import methods
from tests.helpers.label import LEVELS, LOST, N, outcomes


def test_every_way_has_its_networks_at_rising_sparsities():
    replicates, unpruned, found = methods.read(outcomes(3))
    assert replicates == [1, 2, 3]
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
    trained = rows.assign(schedule=np.where(rows["criterion"] == "snr", "tuned", rows["schedule"]))
    gone = (rows["criterion"] == "snr") & (rows["level"] == 0.9) & (rows["replicate"] == 2)
    replicates, unpruned, ways = methods.read(without(found, trained, gone))
    assert replicates == [1, 3]
    assert unpruned.shape == (2, N)
    assert {correct.shape for way in ways for correct in way.correct} == {(2, N)}


def test_a_way_ends_before_a_sparsity_at_which_it_was_left_out_for_some_networks():
    found = outcomes(3)
    rows = found.rows
    lossy = (rows["criterion"] == "random") & (rows["level"] > 0.3)
    gone = lossy & ((rows["replicate"] == 2) | (rows["level"] == 0.9))
    _, unpruned, ways = methods.read(without(found, rows, gone))
    assert unpruned.shape == (3, N)
    points = {way.names["criterion"]: [level for _, level in way.points] for way in ways}
    assert points == {"snr": LEVELS, "magnitude": LEVELS, "random": [0.3]}


def without(found, rows, gone):
    """Return outcomes with other rows, of which some are gone."""
    kept = np.flatnonzero(~gone)
    return type(found)(rows.loc[kept].reset_index(drop=True), found.correct[kept], {})


def test_a_study_with_two_fits_or_nothing_pruned_is_refused():
    found = outcomes()
    with pytest.raises(ValueError, match="allowed: one or more"):
        methods.read(found.where(criterion="none"))
    rows = found.rows.assign(
        fit=["a", "b"] * (len(found.rows) // 2) + ["a"] * (len(found.rows) % 2)
    )
    with pytest.raises(ValueError, match="found 2 fits of networks"):
        methods.read(type(found)(rows, found.correct, {}))
