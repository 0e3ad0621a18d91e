import random
import re

import pandas as pd
import pytest
from pyarrow import parquet

from prunescape.evaluation import columns, table
from tests.helpers.evaluations import dense, record, row
from tests.helpers.places import ROOT

DOCS = ROOT / "docs" / "table.md"


@pytest.fixture
def records():
    return [
        record(dense(), row(), row(noise="grey_raw", noise_level=0.1)),
        record(dense(replicate=2), row(replicate=2, nll=0.1 + 0.2)),
        record(row(criterion="random", kept_by_layer="10", nll=1e-300)),
    ]


def test_the_order_of_files_and_rows_changes_no_byte(records, tmp_path):
    written = set()
    for seed in range(5):
        mixed = [
            {**r, "rows": random.Random(seed).sample(r["rows"], len(r["rows"]))} for r in records
        ]
        random.Random(seed).shuffle(mixed)
        scores = table.assemble(mixed)
        table.write_csv(scores, tmp_path / "scores.csv")
        table.write_parquet(scores, tmp_path / "scores.parquet")
        written.add(
            ((tmp_path / "scores.csv").read_bytes(), (tmp_path / "scores.parquet").read_bytes())
        )
    assert len(written) == 1


def test_studies_tables_joined_are_the_table_of_all_rows(records):
    other = [record(*(made | {"study": "another"} for made in each["rows"])) for each in records]
    apart = [table.assemble(records), table.assemble(other)]
    whole = table.assemble([*records, *other])
    for tables in (apart, apart[::-1]):
        pd.testing.assert_frame_equal(table.joined(tables), whole, check_exact=True)
    with pytest.raises(ValueError, match="breaks its schema"):
        table.joined([*apart, apart[0]])


def test_columns_types_and_order(records):
    scores = table.assemble(records)
    assert list(scores.columns) == [*columns.KEY, *columns.VALUE]
    assert scores["level"].dtype == scores["noise_level"].dtype == "float64"
    assert scores["n_correct"].dtype == scores["replicate"].dtype == "int64"
    keys = list(scores[list(columns.KEY)].itertuples(index=False, name=None))
    assert keys == sorted(keys)
    assert len(keys) == 6


def test_written_and_read_again_it_is_the_same(records, tmp_path):
    scores = table.assemble(records)
    table.write_csv(scores, tmp_path / "scores.csv")
    table.write_parquet(scores, tmp_path / "scores.parquet")
    pd.testing.assert_frame_equal(table.read_csv(tmp_path / "scores.csv"), scores, check_exact=True)
    pd.testing.assert_frame_equal(
        table.read_parquet(tmp_path / "scores.parquet"), scores, check_exact=True
    )
    assert "0.30000000000000004" in (tmp_path / "scores.csv").read_text()
    assert parquet.read_schema(tmp_path / "scores.parquet").metadata is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scores.csv", "scores.parquet"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"accuracy": 0.95}, "accuracy = n_correct / n_images"),
        ({"level": 1.5}, r"level is a share in \[0, 1\]"),
        ({"noise_level": 0.1}, "noise_level is 0 for noise none"),
        ({"noise": "grey_raw"}, "noise_level is 0 for noise none"),
        ({"kept_weights": 101}, "kept_weights <= total_weights"),
        ({"noise": "thick fog", "noise_level": 0.1}, "noise: .*'thick fog'"),
        ({"scope": "every where"}, "scope: .*'every where'"),
        ({"step": 1.5}, "step: "),
        ({"replicate": 0}, "replicate: "),
        ({"replicate": None}, "replicate: "),
        ({"nll": float("nan")}, "nll: not_nullable"),
        ({"nll": -0.1}, "nll: "),
        ({"brier": 2.1}, "brier: "),
        ({"kept_by_layer": 10}, "kept_by_layer: "),
        ({"kept_by_layer": "6,3,1"}, "kept_by_layer: "),
        ({"revived_weights": 1}, "revived_weights"),
    ],
)
def test_the_schema_names_what_broke_it(changes, message):
    with pytest.raises(ValueError, match=message):
        table.assemble([record(row(replicate=2), row(**changes))])


def test_a_threshold_may_be_any_number():
    scores = table.assemble([record(row(selection="threshold", level=-7.5))])
    assert scores["level"].tolist() == [-7.5]


def test_double_keys_break_the_schema():
    with pytest.raises(ValueError, match=r"uniqueness in \(graves mnist .* replicate 1 noise none"):
        table.assemble([record(row()), record(row())])


def test_columns_that_are_missing_or_unknown():
    with pytest.raises(ValueError, match=r"missing columns \['nll'\], unknown columns \['loss'\]"):
        table.assemble([record({("loss" if k == "nll" else k): v for k, v in row().items()})])
    with pytest.raises(ValueError, match="list `rows`"):
        table.assemble([{"fitted_on": {}}])
    with pytest.raises(ValueError, match="no rows"):
        table.assemble([record()])


def test_files_that_are_no_table_are_named(records, tmp_path):
    (tmp_path / "x.parquet").write_text("nothing of the kind")
    with pytest.raises(ValueError, match=r"x\.parquet: "):
        table.read_parquet(tmp_path / "x.parquet")
    scores = table.assemble(records)
    table.write_csv(scores.drop(columns="ece"), tmp_path / "x.csv")
    with pytest.raises(ValueError, match=r"x\.csv: .*ece"):
        table.read_csv(tmp_path / "x.csv")


def test_the_dictionary_in_the_docs_is_the_table():
    kinds = {"int64": "integer", "float64": "real"}
    lines = re.findall(r"^\| (\w+) \| (text|integer|real) \| (.+) \|$", DOCS.read_text(), re.M)
    expected = [
        (column, kinds.get(str(table.SCHEMA.dtypes[column]), "text"), meaning)
        for column, meaning in {**columns.KEY, **columns.VALUE}.items()
    ]
    assert lines == expected
    assert list(table.SCHEMA.columns) == [column for column, _, _ in expected]
