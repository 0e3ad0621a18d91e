"""The table of bins: every row of the scores, in their order, as the outcomes have it."""

import re

import numpy as np
import pandas as pd
import pytest

from prunescape.evaluation import calibration, columns, reliability, table
from prunescape.foundations import streams
from tests.helpers.evaluations import dense, record, row

GENERATOR = streams.generator("test", "reliability")


def made():
    """Records of four rows, not in the order of the table, and their bins."""
    sure = GENERATOR.uniform(0.3, 1, (4, 200))
    bins = calibration.binned(sure, GENERATOR.random((4, 200)) < sure)
    counts = {"n_images": 200, "accuracy": None}
    rows = [row(replicate=2), row(replicate=1), dense(replicate=2), dense(replicate=1)]
    rows = [
        each | counts | {"n_correct": int(right), "accuracy": right / 200, "ece": error}
        for each, right, error in zip(
            rows, bins[:, 1].sum(1), calibration.equal_width_error(bins), strict=True
        )
    ]
    return [record(*rows[:2]), record(*rows[2:])], [bins[:2], bins[2:]]


def test_bins_give_back_the_scores():
    records, bins = made()
    scores = table.assemble(records)
    found = reliability.of_rows(scores, records, bins)
    assert list(found) == reliability.COLUMNS
    assert found["bin"].between(5, 15).all()  # empty bins have no row
    found = found.assign(
        right=found["images"] * found["accuracy"],
        gap=found["images"] * (found["confidence"] - found["accuracy"]).abs(),
    )
    keys = list(columns.KEY)
    again = found.groupby(keys, sort=False)[["images", "right", "gap"]].sum().reset_index()
    pd.testing.assert_frame_equal(again[keys], scores[keys])
    assert again["images"].tolist() == [200] * 4
    assert again["right"].tolist() == pytest.approx(scores["n_correct"].tolist())
    assert (again["gap"] / 200).tolist() == pytest.approx(scores["ece"].tolist())


def test_files_are_read_back_and_checked(tmp_path):
    records, bins = made()
    path = tmp_path / "reliability.parquet"
    found = reliability.of_rows(table.assemble(records), records, bins)
    table.write_parquet(found, path)
    pd.testing.assert_frame_equal(reliability.read(path), found)
    table.write_parquet(found.drop(columns="images"), path)
    with pytest.raises(ValueError, match=re.escape(f"{path}: expected the columns ")):
        reliability.read(path)
    path.write_bytes(np.zeros(99).tobytes())
    with pytest.raises(ValueError, match=re.escape(f"{path}: ")):
        reliability.read(path)
    with pytest.raises(FileNotFoundError):
        reliability.read(tmp_path / "none")
