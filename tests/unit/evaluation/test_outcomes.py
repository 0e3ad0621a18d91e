import numpy as np
import pytest

from prunescape.data import datasets
from prunescape.evaluation import calibration, outcome_bits, outcomes, table
from prunescape.foundations import files, streams
from prunescape.pipeline import paths
from tests.helpers.evaluations import dense, record, row

N = 21  # images: three bytes, the last of them not full
GENERATOR = streams.generator("test", "outcomes")


def place(criterion, block="r1-2"):
    names = {"scope": "global", "selection": "exact_k", "schedule": "oneshot", "batch": 1}
    model = {"study": "graves", "dataset": "mnist", "network": "logistic", "fit": "vi"}
    first, last = block[1:].split("-")
    named = model | names | {"criterion": criterion, "first": first, "last": last}
    return paths.OUTCOMES.format(**named)


def written(folder, path, rows, correct):
    """Write one job's rows and outcomes; the rows' counts follow from the outcomes."""
    counts = {"n_images": N, "accuracy": None}
    rows = [
        made | counts | {"n_correct": int(hits.sum()), "accuracy": hits.sum() / N}
        for made, hits in zip(rows, correct, strict=True)
    ]
    made = record(*rows)
    files.write_json((folder / path).with_name("rows.json"), made)
    packed = [bits.tobytes() for bits in np.packbits(correct, axis=1)]
    bins = calibration.binned(np.full(correct.shape, 0.7), correct)
    outcome_bits.write(folder / path, packed, bins, N, made["evaluated_on"])
    return made


@pytest.fixture
def run(tmp_path):
    """A run of two jobs, and the outcomes that each row has, by criterion and replicate."""
    correct = GENERATOR.random((4, N)) < 0.7
    records = [
        written(tmp_path, place("none"), [dense(replicate=r) for r in (2, 1)], correct[:2]),
        written(tmp_path, place("snr"), [row(replicate=r) for r in (1, 2)], correct[2:]),
    ]
    table.write_parquet(table.assemble(records), tmp_path / "graves" / "scores.parquet")
    names = [("none", 2), ("none", 1), ("snr", 1), ("snr", 2)]
    return tmp_path, dict(zip(names, correct, strict=True))


def test_a_study_is_read_back_with_its_rows_in_the_order_of_the_table(run):
    folder, expected = run
    found = outcomes.outcomes(folder, "graves")
    names = list(zip(found.rows["criterion"], found.rows["replicate"], strict=True))
    assert names == [("none", 1), ("none", 2), ("snr", 1), ("snr", 2)]
    assert found.correct.dtype == bool
    assert found.correct.shape == (4, N)
    for name, hits in zip(names, found.correct, strict=True):
        assert hits.tolist() == expected[name].tolist()
    assert found.rows["n_correct"].tolist() == found.correct.sum(1).tolist()


def test_rows_are_chosen_by_their_columns(run):
    folder, expected = run
    found = outcomes.outcomes(folder, "graves", criterion="snr", level=[0.5, 0.9], replicate=2)
    assert found.correct.tolist() == [expected["snr", 2].tolist()]
    whole = outcomes.outcomes(folder, "graves").where(criterion="snr", replicate=2)
    assert whole.correct.tolist() == found.correct.tolist()
    assert whole.rows.equals(found.rows)
    for equal, message in (
        ({"criterion": "snrr"}, "no rows of study graves with criterion = snrr"),
        ({"criteria": "snr"}, "found the column criteria; allowed: study, dataset, network, fit"),
    ):
        with pytest.raises(ValueError, match=message):
            outcomes.outcomes(folder, "graves", **equal)
    with pytest.raises(
        ValueError, match=r"grave/scores\.parquet is not there; needed: the study's"
    ):
        outcomes.outcomes(folder, "grave")


def test_rows_are_read_from_the_files_that_are_named(run):
    folder, expected = run
    rows = table.read_parquet(folder / "graves" / "scores.parquet")
    snr = rows[rows["criterion"] == "snr"].iloc[::-1].reset_index(drop=True)
    found = outcomes.of_rows(snr, [folder / place("snr")])
    assert found.correct.tolist() == [expected["snr", r].tolist() for r in (2, 1)]
    with pytest.raises(ValueError, match=r"2 of 2 rows have no outcomes there, the first: "):
        outcomes.of_rows(snr, [folder / place("none")])


def test_what_other_settings_left_is_passed_over(run):
    folder, expected = run
    # Another block of replicates, whose row of replicate 2 has another likelihood.
    old = [row(replicate=2, nll=0.31), row(replicate=3)]
    written(folder, place("snr", "r2-3"), old, np.zeros((2, N), bool))
    found = outcomes.outcomes(folder, "graves", criterion="snr", replicate=2)
    assert found.correct.tolist() == [expected["snr", 2].tolist()]


def test_rows_without_outcomes_are_named(run):
    folder, _ = run
    (folder / place("snr")).unlink()
    message = (
        r"2 of 4 rows have no outcomes there, the first: \(graves mnist .* snr .* replicate 1 "
    )
    with pytest.raises(ValueError, match=message):
        outcomes.outcomes(folder, "graves")


def test_images_are_those_that_were_evaluated(run, monkeypatch):
    folder, _ = run
    found = outcomes.outcomes(folder, "graves")
    path = folder / "data" / "mnist" / "test.safetensors"
    images, labels = np.zeros((N, 1, 2, 2), np.uint8), np.arange(N) % 10
    datasets.write(path, (images, labels), "mnist", "test", "made up")
    with pytest.raises(ValueError, match="not the file that was evaluated, whose SHA-256 is 333"):
        outcomes.images(found, folder / "data")
    same = outcomes.Outcomes(found.rows, found.correct, {"test": files.sha256(path)})
    assert outcomes.images(same, folder / "data").labels.tolist() == labels.tolist()
