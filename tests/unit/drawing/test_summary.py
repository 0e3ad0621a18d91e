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


def both(**changes):
    """Rows of snr and log_alpha in one arm."""
    return [
        *replicates([0.5, 0.6], **{"criterion": "snr"} | changes),
        *replicates([0.5, 0.6], **{"criterion": "log_alpha"} | changes),
    ]


def arms(table):
    return set(summary.one_ranking(table)[["criterion", "effect", "selection"]].agg(" ".join, 1))


def test_two_names_of_one_ranking_are_drawn_once():
    table = scores(DENSE + both())
    assert set(summary.one_ranking(table)["criterion"]) == {"none", "log_alpha"}
    alone = table[table["criterion"] != "log_alpha"]
    assert summary.one_ranking(alone).equals(alone)


def test_an_arm_of_snr_stays_whole_where_log_alpha_has_not_all_of_it():
    more = replicates([0.4, 0.5], criterion="snr", effect="compensate", level=0.9, kept=100)
    table = scores(DENSE + both() + both(effect="compensate") + more)
    assert arms(table) == {
        *("none none none", "log_alpha zero exact_k"),
        *("snr compensate exact_k", "log_alpha compensate exact_k"),
    }


def test_thresholds_on_snr_have_the_exact_numbers_of_snr_beside_them():
    limits = replicates([0.4, 0.5], criterion="snr", selection="threshold", level=2.0)
    table = scores(DENSE + both() + limits)
    assert summary.one_ranking(table).equals(table)


def test_what_is_derived_from_arms_names_one_ranking_once_too():
    rows = summary.last_step(scores(DENSE + both()))
    flips = rows.drop(columns=["replicate", "noise", "noise_level"]).drop_duplicates()
    assert set(summary.one_ranking(flips)["criterion"]) == {"none", "log_alpha"}


def test_what_all_rows_share_is_said_once():
    table = scores(DENSE + both())
    said = summary.shared(summary.exact(table))
    assert said.startswith("All: logistic regression, variational, all layers together")
    assert "ranks as" in said
