"""The columns that claims may name, which are those of the tables."""

import pytest

from prunescape.evaluation import columns, table
from tests.helpers.evaluations import dense, record, row

NUMBERS = {"int64", "float64"}


def test_key_columns_of_each_table_are_its_first_ones():
    assert columns.of("scores") == tuple(columns.KEY)
    keys = columns.of("gradient_noise")
    assert keys == tuple(columns.NOISE_COLUMNS[: len(keys)])
    assert keys[-1] == "replicate"
    assert set(keys) <= set(columns.KEY)


def test_measures_of_the_scores_are_its_numbers():
    scores = table.assemble([record(dense(), row())])
    numeric = [name for name in scores.columns if str(scores[name].dtype) in NUMBERS]
    found = columns.measures("scores")
    assert found[:4] == columns.MADE
    assert set(found) - {*columns.MADE} | {"accuracy"} == set(numeric)
    assert len(set(found)) == len(found)


def test_measures_of_gradient_noise_are_its_numbers():
    assert columns.measures("gradient_noise") == (
        *("replicate", "noise_rank_fixed", "noise_rank_trained", "floored"),
    )


@pytest.mark.parametrize("name", ["kept_by_layer", "silent_by_layer", "criterion", "noise"])
def test_texts_are_no_measure(name):
    assert name in {*columns.KEY, *columns.VALUE}
    assert name not in columns.measures("scores")
