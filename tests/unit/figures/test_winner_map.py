import pytest

from prunescape.drawing import style
from prunescape.figures import winner_map
from prunescape.report import intervals
from tests.helpers.figure_maps import at
from tests.helpers.figure_rows import DENSE, row, scores


def winners(*arms):
    found = winner_map.numbers(scores([*DENSE, *(each for arm in arms for each in arm)]))
    return list(found["criterion"]), found


def test_a_criterion_that_is_better_on_every_replicate_by_the_same_wins_alone():
    # Paired: the replicates differ by ten points, the criteria by one.
    names, found = winners(
        at("snr", [0.51, 0.61, 0.7101]), at("magnitude", [0.5, 0.6, 0.7]), at("g", [0.4, 0.5, 0.61])
    )
    assert names == ["snr"]
    assert found.iloc[0][["winners", "criteria", "n"]].tolist() == [1, 3, 3]
    assert found.iloc[0]["mean"] == pytest.approx(61.0033, abs=1e-3)


def test_what_cannot_be_told_apart_from_the_best_ties_and_the_rest_does_not():
    names, _ = winners(
        at("snr", [0.50, 0.60, 0.70]), at("magnitude", [0.51, 0.58, 0.70]), at("g", [0.4, 0.5, 0.6])
    )
    assert names == ["snr", "magnitude"]


def test_all_pairs_of_a_cell_count():
    best, other = [0.60, 0.61, 0.62, 0.63, 0.64], [0.59, 0.59, 0.615, 0.62, 0.62]
    one_sided = intervals.paired(best, other).p / 2
    assert 0.05 / 12 < one_sided < 0.05 / 2
    assert winners(at("snr", best), at("magnitude", other))[0] == ["snr"]
    # Four criteria are six pairs in two directions: this p counts up to twelve times,
    # also where three of them agree and are named once.
    others = [at(name, other) for name in ("magnitude", "hg", "g")]
    assert winners(at("snr", best), *others)[0] == ["snr", "magnitude"]


def test_one_replicate_decides_nothing():
    rows = [row(0.9, criterion="snr", level=0.5), row(0.1, criterion="magnitude", level=0.5)]
    assert len(winner_map.numbers(scores([row(0.9), *rows]))) == 2


def test_noise_has_cells_of_its_own_and_begins_with_clean_images():
    noise = {"noise": "grey_raw", "noise_level": 0.3}
    rows = at("snr", [0.5, 0.6, 0.7]) + at("magnitude", [0.4, 0.5, 0.61])
    rows += at("snr", [0.2, 0.3, 0.4], **noise) + at("magnitude", [0.3, 0.4, 0.51], **noise)
    found = winner_map.numbers(scores(DENSE + rows))
    cells = found[["noise", "noise_level", "criterion"]].to_numpy().tolist()
    assert cells == [["grey_raw", 0.0, "snr"], ["grey_raw", 0.3, "magnitude"]]


def test_the_lead_is_over_the_next_and_criteria_that_agree_count_once():
    same = [0.51, 0.61, 0.7101]
    names, found = winners(at("snr", same), at("log_alpha", same), at("magnitude", [0.5, 0.6, 0.7]))
    assert names == ["snr"]
    assert found.iloc[0]["lead"] == pytest.approx(1.0033, abs=1e-3)
    assert found.iloc[0][["winners", "criteria"]].tolist() == [1, 3]


def test_a_cell_says_how_good_the_best_is_and_by_how_much_it_leads():
    rows = DENSE + at("snr", [0.51, 0.61, 0.7101]) + at("magnitude", [0.5, 0.6, 0.7])
    figure = winner_map.draw(scores(rows), style.Settings(), None)
    assert [text.get_text() for text in figure.axes[0].texts] == ["61 +1.0"]


def test_the_legend_has_the_markers_of_the_cells():
    for name in ("magnitude", "snr", "random"):
        assert winner_map._handle(name).get_marker() == style.look(name).marker
