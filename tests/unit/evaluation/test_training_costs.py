"""What networks cost in training, against sums by hand."""

import numpy as np
import pytest

from prunescape.evaluation import training_costs
from prunescape.foundations import files
from tests.helpers.figure_rows import replicates, scores

DENSE, IMAGES = 1000, 50
NAMES = ("network", "fit", "criterion", "scope", "selection", "schedule")


def length(rows, **changes):
    """How long the networks of some rows are trained."""
    made = {"budget": 0, "before": 4, "passes": 4, "steps": {"0": 0}, "grown": 0.0, "taught": False}
    return {name: rows[0][name] for name in NAMES} | made | changes


def arm(schedule, kept=100, **changes):
    return replicates(
        [0.9, 0.8], kept=kept, criterion="snr", level=0.9, schedule=schedule, **changes
    )


def found(*arms):
    """The table's rows of arms, pairs of rows and their length, beside dense networks."""
    dense = replicates([0.9, 0.9], kept=DENSE)
    pairs = [(dense, length(dense)), *arms]
    table = training_costs.collect(
        scores([row for rows, _ in pairs for row in rows]),
        [each for _, each in pairs],
        IMAGES,
    )
    assert list(table.columns) == training_costs.COLUMNS
    return table[table["criterion"] != "none"].reset_index(drop=True)


def test_without_training_after_pruning_it_is_that_of_the_dense_network():
    rows = arm("oneshot")
    [row] = found((rows, length(rows, budget=4))).to_dict("records")
    assert (row["budget"], row["epochs"]) == (4, 4)
    assert row["multiply_adds"] == 4 * IMAGES * 3 * DENSE


def test_training_under_the_mask_costs_what_it_keeps_at_each_level():
    rows = arm("tuned") + arm("tuned", kept=200) + arm("tuned", kept=50, effect="freeze")
    for each in rows[2:4]:
        each["level"] = 0.8
    table = found((rows, length(rows, steps={"0": 6})))
    by = table.set_index(["effect", "level"])
    assert set(table["epochs"]) == {10}
    assert table["budget"].isna().all()
    start = 4 * IMAGES * 3 * DENSE
    assert by.loc[("zero", 0.9), "multiply_adds"] == start + 6 * IMAGES * 3 * 100
    assert by.loc[("zero", 0.8), "multiply_adds"] == start + 6 * IMAGES * 3 * 200
    assert by.loc[("freeze", 0.9), "multiply_adds"] == start + 6 * IMAGES * 3 * 50


def test_a_step_of_a_chain_pays_for_those_before_it():
    rows = arm("fine", kept=500, step=0) + arm("fine", kept=100, step=1)
    table = found((rows, length(rows, steps={"0": 2, "1": 3})))
    assert table["epochs"].tolist() == [6, 9]
    first = 4 * IMAGES * 3 * DENSE + 2 * IMAGES * 3 * 500
    assert table["multiply_adds"].tolist() == [first, first + 3 * IMAGES * 3 * 100]


def test_a_fit_that_nothing_is_used_of_costs_nothing_and_growing_takes_all_gradients():
    rows = arm("moving")
    unused = {"before": 0, "passes": 0, "steps": {"0": 5}, "grown": 0.01, "taught": False}
    [row] = found((rows, length(rows, **unused))).to_dict("records")
    assert row["epochs"] == 5
    assert row["multiply_adds"] == pytest.approx(5 * IMAGES * (3 * 100 + 0.01 * 900))


def test_sampled_activations_take_two_products():
    rows = arm("tuned")
    [row] = found((rows, length(rows, passes=7, steps={"0": 1}))).to_dict("records")
    assert row["epochs"] == 5
    assert row["multiply_adds"] == 7 * IMAGES * 3 * DENSE + IMAGES * 3 * 100


def test_a_teacher_sees_every_image_forward():
    rows = arm("tuned")
    [row] = found((rows, length(rows, steps={"0": 2}, taught=True))).to_dict("records")
    assert row["multiply_adds"] == 4 * IMAGES * 3 * DENSE + 2 * IMAGES * (3 * 100 + DENSE)


def test_masks_of_replicates_are_averaged():
    rows = arm("tuned")
    rows[1]["multiply_adds"] = 300
    [row] = found((rows, length(rows, steps={"0": 1}))).to_dict("records")
    assert row["multiply_adds"] == 4 * IMAGES * 3 * DENSE + IMAGES * 3 * 200


def test_images_are_counted_in_every_split(tmp_path):
    for name, many in (("train", 7), ("validation", 2)):
        arrays = {"images": np.zeros((many, 1, 2, 2), np.uint8), "labels": np.zeros(many, np.int64)}
        files.write_tensors(tmp_path / name, arrays, {})
    assert training_costs.images_in([tmp_path / "train", tmp_path / "validation"]) == 9
    (tmp_path / "other").write_text("x")
    with pytest.raises(ValueError, match="other: not a split of a data set"):
        training_costs.images_in([tmp_path / "other"])
