"""The table of the course of trainings, from checkpoints by hand."""

import numpy as np
import pandas as pd
import pytest

from prunescape.evaluation import training_history
from prunescape.fitting.history_names import CORRECT, LOSS, WRONG
from prunescape.foundations import csv_files, files

MODEL = {"study": "graves", "dataset": "mnist", "network": "logistic", "fit": "vi"}
FIT = MODEL | {"schedule": "none", "step": 0, "before": 0}


def write(path, losses, arms=None, replicates=(1, 2), **more):
    arrays = {LOSS: np.array(losses, np.float32), "1.weight": np.ones((len(replicates), 3))}
    arrays |= {name: np.array(values) for name, values in more.items()}
    files.write_tensors(path, arrays, {"replicates": list(replicates), "arms": arms})


def test_a_fit_has_a_row_for_each_epoch_of_each_replicate(tmp_path):
    seen = {CORRECT: [[0, 3], [0, 4]], WRONG: [[0, 1], [0, 0]]}
    write(tmp_path / "fit", [[2.5, 1.1], [2.0, 1.0]], **seen)
    table = training_history.collect([FIT | {"path": tmp_path / "fit"}])
    assert list(table) == training_history.COLUMNS
    assert table["replicate"].tolist() == [1, 1, 2, 2]
    assert table["epoch"].tolist() == [1, 2, 1, 2]
    assert table["loss"].tolist() == np.array([2.5, 1.1, 2.0, 1.0], np.float32).tolist()
    assert table["n_images"].tolist() == [pd.NA, 4, pd.NA, 4]
    assert table["n_correct"].tolist() == [pd.NA, 3, pd.NA, 4]
    assert table["accuracy"].dropna().tolist() == [0.75, 1.0]
    assert set(table["criterion"]) == set(table["selection"]) == set(table["schedule"]) == {"none"}


def test_after_pruning_epochs_count_on_and_arms_are_named(tmp_path):
    arms = [["none", "none", "none", "0"], ["snr", "global", "zero", "0.90"]]
    write(tmp_path / "step", [[0.5, 0.4], [0.9, 0.8]], arms, [7, 7])
    chain = MODEL | {"schedule": "chain", "step": 2, "before": 30}
    table = training_history.collect([chain | {"path": tmp_path / "step"}])
    assert table["criterion"].tolist() == ["none", "none", "snr", "snr"]
    assert table["selection"].tolist() == ["none", "none", "exact_k", "exact_k"]
    assert table["level"].tolist() == [0.0, 0.0, 0.9, 0.9]
    assert table["epoch"].tolist() == [31, 32, 31, 32]
    assert set(table["step"]) == {2}
    assert table["accuracy"].isna().all()


def test_it_reads_back_as_it_was_written_and_may_be_empty(tmp_path):
    write(tmp_path / "fit", [[2.3, np.float32(1 / 3)]] * 2)
    files.write_tensors(tmp_path / "given", {"1.weight": np.ones((1, 3))}, {"replicates": [1]})
    given = FIT | {"fit": "given", "path": tmp_path / "given"}
    for courses, rows in (([given], 0), ([given, FIT | {"path": tmp_path / "fit"}], 4)):
        table = training_history.collect(courses)
        table.to_csv(tmp_path / "history.csv", index=False)
        found = csv_files.read(tmp_path / "history.csv", training_history.COLUMNS)
        assert len(found) == len(table) == rows
        assert found["loss"].astype(np.float32).tolist() == table["loss"].tolist()


def test_a_history_of_other_networks_is_refused(tmp_path):
    write(tmp_path / "fit", [[2.3, 1.0]], replicates=(1, 2))
    with pytest.raises(ValueError, match="expected 2 replicates"):
        training_history.collect([FIT | {"path": tmp_path / "fit"}])
