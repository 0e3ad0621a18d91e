"""Blocks of replicates: those of the config, and those appended for some rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunescape.evaluation import columns
from prunescape.pipeline import replicates
from prunescape.pipeline.replicates import CHECK, ROW, Block, named

DENSE = ("wide", "vi", "none", "none", "none", "none", "none", 0, 0.0, "none", 0.0)
OTHER = ("wide", "point", *DENSE[2:])


def config(*sizes, appended=()):
    return {
        "studies": ["graves", "other"],
        "replicates": list(sizes),
        "catalogue": {"graves": {}, "other": {"replicates": [1, 3]}},
        "appended": {"graves": list(appended)},
    }


def entry(first, last, *rows):
    return {"first": first, "last": last, "rows": [named(row) for row in rows]}


def test_blocks_of_the_config():
    assert replicates.blocks(config(5), "graves") == [Block(1, 5)]
    several = [Block(1, 5), Block(6, 8), Block(9, 9)]
    assert replicates.blocks(config(5, 3, 1), "graves") == several
    assert replicates.blocks(config(5), "other") == [Block(1, 1), Block(2, 4)]


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(1, 20))
def test_a_further_block_leaves_the_others_as_they_were(sizes, more):
    blocks = replicates.blocks(config(*sizes), "graves")
    assert replicates.blocks(config(*sizes, more), "graves")[:-1] == blocks
    numbers = [r for block in blocks for r in range(block.first, block.last + 1)]
    assert numbers == list(range(1, sum(sizes) + 1))


def test_parts_of_the_same_replicates_are_counted():
    made = config(5, appended=[entry(6, 10, DENSE), entry(11, 20, DENSE), entry(6, 10, OTHER)])
    assert replicates.appended(made, "graves") == [
        (Block(6, 10, 1), {DENSE}),
        (Block(11, 20, 1), {DENSE}),
        (Block(6, 10, 2), {OTHER}),
    ]
    assert replicates.appended(made, "other") == []


def test_what_the_config_has_by_now_is_left_out_and_names_stay():
    entries = [entry(6, 10, DENSE), entry(11, 20, DENSE), entry(11, 20, OTHER)]
    made = config(5, 5, appended=entries)
    assert [block for block, _ in replicates.appended(made, "graves")] == [
        Block(11, 20, 1),
        Block(11, 20, 2),
    ]
    assert replicates.appended(config(20, appended=entries), "graves") == []


def test_a_block_has_its_own_folder_and_shares_its_training():
    assert Block(1, 5).names == {"first": "1", "last": "5"}
    assert Block(6, 10, 2).names == {"first": "6", "last": "10_2"}
    assert replicates.trained("10_2") == replicates.trained("10") == "10"


def test_the_config_of_a_block():
    made = config(5, appended=[entry(6, 10, DENSE), entry(6, 10, OTHER)])
    assert replicates.of_block(made, "graves", "1", "5") is made
    assert replicates.of_block(made, "graves", "6", "10") is made  # its networks' training
    assert replicates.of_block(made, "graves", "6", "10_2") == {**made, "rows": {OTHER}}
    with pytest.raises(ValueError, match="study graves: no rows were appended as r6-10_3"):
        replicates.of_block(made, "graves", "6", "10_3")


def test_rows_have_the_key_columns_of_the_tables():
    left_out = {"study", "dataset", "replicate", "prediction"}
    assert set(ROW) == set(columns.KEY) - left_out
    assert set(CHECK) == set(columns.of("gradient_noise")) - left_out
    check = {"network": "wide", "fit": "vi"}
    assert named(("wide", "vi")) == check
    assert replicates.row_columns(check) == CHECK
    assert replicates.row_columns(named(DENSE)) == ROW
