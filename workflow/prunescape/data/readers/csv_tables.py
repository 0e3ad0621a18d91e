"""Read images from a CSV file, plain or gzipped: rows are images, columns are pixels."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prunescape.data.readers import tables
from prunescape.data.readers.found import Found
from prunescape.foundations.messages import one_line

LONGEST = 16 << 20  # the most characters of the header line
BLOCK = 4 << 20  # bytes that are parsed at a time


def read(path: Path) -> tuple[Found, list[str]]:
    """Read images and labels; return them and notes on the columns that were left alone.

    Separators are commas, semicolons or tabs.

    Raises:
        ValueError: if the file is no such table, with the reason.
    """
    from pyarrow import ArrowException  # not at the top, as only tables need it

    try:
        names, separator = _names(path)
        label, pixels, left = tables.columns(names, path)
        found = tables.gathered(_batches(path, separator, names, label, pixels), path)
    except (ArrowException, zlib.error, OSError, EOFError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.filename:  # missing, or not to be opened
            raise
        raise ValueError(f"{path}: no readable CSV file ({one_line(error)[:300]})") from None
    return found, [f"{path}: left alone the column {name!r}" for name in left]


def _names(path: Path) -> tuple[list[str], str]:
    """Return the names of the columns, and their separator."""
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as opened:
        line = opened.readline(LONGEST).rstrip("\r\n")
    separator = max(",;\t", key=line.count)
    try:
        return next(csv.reader([line], delimiter=separator), []), separator
    except csv.Error as error:
        raise ValueError(f"{path}: no readable CSV file ({error})") from None


def _batches(
    path: Path, separator: str, names: list[str], label: str, pixels: list[str]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    import pyarrow
    from pyarrow import csv as parser

    kinds = {name: pyarrow.float32() for name in pixels} | {label: pyarrow.string()}
    compression = "gzip" if path.suffix.lower() == ".gz" else None
    with pyarrow.input_stream(str(path), compression=compression) as stream:
        opened = parser.open_csv(
            stream,
            parser.ReadOptions(
                use_threads=False, block_size=BLOCK, column_names=names, skip_rows=1
            ),
            parser.ParseOptions(delimiter=separator),
            parser.ConvertOptions(column_types=kinds, include_columns=[*pixels, label]),
        )
        for batch in opened:
            yield tables.of_batch(batch, label, pixels)
