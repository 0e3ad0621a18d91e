"""The table of a run: its schema, and functions that assemble, write and read it.

One row is one network (an arm of a study, a step, a level, a replicate) on one kind and level of
noise. KEY and VALUE describe every column; docs/table.md repeats them and a test compares.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pyarrow
from pandera.errors import SchemaErrors
from pyarrow import parquet

from prunescape.evaluation.columns import KEY, NOISE_COLUMNS, VALUE
from prunescape.fitting import divergence
from prunescape.foundations import csv_files, files
from prunescape.foundations.messages import one_line

REVIVED = "revived_weights"
"""Column of rows.json alone: number of weights that the mask removes but that aren't zero. A gate
requires 0."""

BY_UNIT = "kept_by_unit"
"""Column of rows.json alone: of each layer, the fewest and the most kept weights of a unit, such as
"3-5", in order, separated by spaces. A gate checks it where each unit has its own k."""
WITHIN = "within_scope"
"""Column of rows.json alone: of each layer, whether the scope counts in it (1) or leaves it as it
is (0), in order, separated by spaces. A gate reads it where a study has scopes of its own."""
BY_GROUP = "kept_by_group"
"""Column of rows.json alone: of each layer, how many groups of weights break the scope's pattern,
how many keep a weight, and how many there are, such as "0/3/10", in order, separated by spaces; "-"
for a layer that the scope leaves out. A gate reads it in scopes that count groups."""
CHECKED = [REVIVED, BY_UNIT, WITHIN, BY_GROUP]

SELECTIONS = ["none", "exact_k", "threshold"]
PREDICTIONS = ["mean", "sampled"]


def _named(allowed: list[str] | None = None) -> pa.Column:
    return pa.Column("str", pa.Check.isin(allowed) if allowed else pa.Check.str_matches(r"^\S+$"))


def _counted(least: int = 0) -> pa.Column:
    return pa.Column("int64", pa.Check.ge(least))


def _real(least: float | None = None, most: float = float("inf")) -> pa.Column:
    # Only columns of reals are coerced: JSON's 0 becomes 0.0, but 1.5 steps must not become 1.
    check = None if least is None else pa.Check.in_range(least, most)
    return pa.Column("float64", check, coerce=True)


SCHEMA = pa.DataFrameSchema(
    {
        **{column: _named() for column in ["study", "dataset", "network", "fit", "criterion"]},
        "scope": _named(),
        "selection": _named(SELECTIONS),
        "effect": _named(),
        "schedule": _named(),
        "step": _counted(),
        "level": _real(),
        "replicate": _counted(1),
        "noise": _named(),
        "noise_level": _real(0, 1),
        "prediction": _named(PREDICTIONS),
        "total_weights": _counted(1),
        "kept_weights": _counted(),
        "sparsity_actual": _real(0, 1),
        "frozen_weights": _counted(),
        "min_layer_kept": _counted(),
        "kept_by_layer": pa.Column("str", pa.Check.str_matches(r"^\d+( \d+)*$")),
        "dead_units": _counted(),
        "multiply_adds": _counted(),
        "n_images": _counted(1),
        "n_correct": _counted(),
        "accuracy": _real(0, 1),
        "nll": _real(0),
        "ece": _real(0, 1),
        "ece_equal_mass": _real(0, 1),
        "brier": _real(0, 2),
        "silent_by_layer": pa.Column("str", pa.Check.str_matches(r"^\d+( \d+)*$")),
    },
    checks=[
        pa.Check(
            lambda rows: rows["level"].between(0, 1) | (rows["selection"] == "threshold"),
            name="level is a share in [0, 1] unless selection is threshold",
        ),
        pa.Check(
            lambda rows: (rows["noise"] == "none") == (rows["noise_level"] == 0),
            name="noise_level is 0 for noise none and above 0 for every other kind",
        ),
        pa.Check(
            lambda rows: rows["kept_weights"] <= rows["total_weights"],
            name="kept_weights <= total_weights",
        ),
        pa.Check(
            lambda rows: (rows["accuracy"] - rows["n_correct"] / rows["n_images"]).abs() < 1e-12,
            name="accuracy = n_correct / n_images",
        ),
    ],
    unique=list(KEY),
    strict=True,
    ordered=True,
)


def rows(records: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows in rows.json files' contents, which have exactly KEY, VALUE and CHECKED.

    Raises:
        ValueError: if a record has no rows, or a row lacks a column or has an unknown one.
    """
    columns = {*KEY, *VALUE, *CHECKED}
    for record in records:
        if not isinstance(record, Mapping) or not isinstance(record.get("rows"), list):
            raise ValueError("record of an evaluation: expected an object with a list `rows`")
        for row in record["rows"]:
            if set(row) != columns:
                raise ValueError(
                    f"row of an evaluation: missing columns {sorted(columns - set(row))}, "
                    f"unknown columns {sorted(set(row) - columns)}"
                )
            yield row


def assemble(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the table of records in any order: one row a key, sorted by key.

    Raises:
        ValueError: if there are no rows, or a column or value is not allowed by the schema.
    """
    scores = pd.DataFrame.from_records(list(rows(records)), columns=[*KEY, *VALUE, *CHECKED])
    if scores.empty:
        raise ValueError("no rows: expected at least one evaluation")
    if (scores[REVIVED] != 0).any():
        raise ValueError(f"{REVIVED}: expected 0 in every row")
    scores = validate(scores.drop(columns=CHECKED))
    return scores.sort_values(list(KEY), ignore_index=True)


def joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the tables of several studies as the one that `assemble` would make of all their rows.

    Raises:
        ValueError: if two of them have rows with the same key.
    """
    # An equal study would sort by chance, and `validate` refuses it.
    ordered = sorted(tables, key=lambda scores: scores["study"].iloc[0])
    return validate(pd.concat(ordered, ignore_index=True))


def of_means(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of networks whose weights are used as they are, not sampled."""
    return scores[scores["prediction"] == "mean"].reset_index(drop=True)


def of_noise_checks(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the table of noise checks from noise.json files' contents: a row a fit's replicate."""
    found = [row for record in records for row in record["rows"]]
    return pd.DataFrame(found, columns=NOISE_COLUMNS)


def of_diverged(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the table of diverged trainings from rows.json files' contents."""
    return pd.DataFrame(divergence.rows(records), columns=divergence.COLUMNS)


def read_noise_checks(path: str | os.PathLike) -> pd.DataFrame:
    """Read a table of noise checks; ValueError names the file."""
    return csv_files.read(path, NOISE_COLUMNS)


def validate(scores: pd.DataFrame) -> pd.DataFrame:
    """Return `scores` with the schema's types; ValueError lists values that break the schema."""
    try:
        return SCHEMA.validate(scores, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        # pandera reports a broken rule on whole rows once for every column of the row.
        column = cases["column"].where(cases["schema_context"] == "Column", "row")
        cases = cases.assign(column=column).drop_duplicates(["column", "check"])
        broken = []
        for case in cases.head(5).itertuples():
            known = case.index in scores.index and set(KEY) <= set(scores.columns)
            where = f" in ({name(scores.loc[case.index, list(KEY)])})" if known else ""
            found = f", found {case.failure_case!r}" if case.column != "row" or not known else ""
            broken.append(f"{case.column}: {case.check}{found}{where}")
        raise ValueError(f"table of scores breaks its schema: {'; '.join(broken)}") from None


def name(key: Iterable) -> str:
    """Return a key in words, "graves mnist ... step 0 level 0.9 replicate 1 noise none 0.0"."""
    spoken = ("step", "level", "replicate", "noise")
    values = zip(KEY, key, strict=True)
    return " ".join(
        f"{column} {value}" if column in spoken else f"{value}" for column, value in values
    )


def write_parquet(scores: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write the table as parquet; equal tables give equal bytes (no index, no pandas metadata)."""
    plain = pyarrow.Table.from_pandas(scores, preserve_index=False).replace_schema_metadata(None)
    with files.replacing(path) as temporary:
        parquet.write_table(plain, temporary)


def read_parquet(path: str | os.PathLike) -> pd.DataFrame:
    """Read and validate a table written by `write_parquet`; ValueError names the file."""
    try:
        return validate(parquet.read_table(path).to_pandas())
    except FileNotFoundError:
        raise
    except (ValueError, OSError, pyarrow.ArrowException, TypeError, KeyError) as error:
        raise ValueError(f"{path}: {one_line(error)}") from None


def write_csv(scores: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write any table as CSV: floats as the shortest text that reads back as the same number."""
    with files.replacing(path) as temporary:
        scores.to_csv(temporary, index=False, lineterminator="\n")


def read_csv(path: str | os.PathLike) -> pd.DataFrame:
    """Read and validate a table written by `write_csv`; ValueError names the file."""
    # kept_by_layer of a single layer looks like a number, and no text means "missing".
    text = {k: "str" for k, kind in SCHEMA.dtypes.items() if str(kind).startswith("string")}
    try:
        scores = pd.read_csv(path, dtype=text, keep_default_na=False)
        return validate(scores)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{path}: {one_line(error)}") from None
