"""Read images from a parquet file: a column of pictures, as Hugging Face's, or one per pixel."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from prunescape.data import array_names
from prunescape.data.readers import pictures, tables
from prunescape.data.readers.found import Found
from prunescape.data.readers.preparing import Preparation
from prunescape.foundations.messages import few, one_line

ROWS = 1000  # rows that are read at a time


def read(path: Path, how: Preparation) -> tuple[Found, list[str]]:
    """Read images and labels; return them and notes of what was done.

    The columns are a picture and a label, or all pixels and a label. A picture is the bytes of a
    file, or a struct that has `bytes`.

    Raises:
        ValueError: if the file is no such table, with the reason.
    """
    import pyarrow  # not at the top, as only tables need it
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, memory_map=False) as opened:
            columns = _columns(opened.schema_arrow, pyarrow, path)
            if columns is None:
                label, pixels, left = tables.columns(opened.schema_arrow.names, path)
                batches = _cast(opened, label, pixels, pyarrow)
                found = tables.gathered(batches, path)
                return found, [f"{path}: left alone the column {name!r}" for name in left]
            return _of_pictures(opened, *columns, how, path)
    except FileNotFoundError:
        raise
    except (
        *(pyarrow.ArrowException, OSError, TypeError, KeyError, IndexError, AttributeError),
        *(MemoryError, OverflowError, UnicodeDecodeError, RecursionError),
    ) as error:
        raise ValueError(f"{path}: no readable parquet file ({one_line(error)[:300]})") from None


def _columns(schema: Any, pyarrow: Any, path: Path) -> tuple[str, str] | None:
    """Return the columns of pictures and labels; None if there are no pictures."""
    types = pyarrow.types
    images = [
        field.name
        for field in schema
        if types.is_binary(field.type)
        or types.is_large_binary(field.type)
        or (types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0)
    ]
    if not images:
        return None
    labels = [name for name in schema.names if name.lower() in (*array_names.LABELS, "class")]
    if len(images) > 1 or len(labels) != 1:
        raise ValueError(
            f"{path}: columns {few(schema.names)}, expected one of pictures and one called label"
        )
    return images[0], labels[0]


def _cast(opened: Any, label: str, pixels: list[str], pyarrow: Any) -> Iterator[Any]:
    kinds = pyarrow.schema([(name, pyarrow.float32()) for name in pixels])
    for batch in opened.iter_batches(ROWS, columns=[*pixels, label]):
        numbers = batch.select(pixels).cast(kinds, safe=False)
        yield tables.of_batch(numbers.append_column(label, batch.column(label)), label, pixels)


def _of_pictures(
    opened: Any, image: str, label: str, how: Preparation, path: Path
) -> tuple[Found, list[str]]:
    labels: list[Any] = []
    for batch in opened.iter_batches(ROWS, columns=[label]):
        labels += batch.column(0).to_pylist()
    if None in labels or any(isinstance(each, (list, dict)) for each in labels):
        raise ValueError(f"{path}: column {label}: expected one label in each row")

    def listing() -> Iterable[pictures.Named]:
        row = 0
        for batch in opened.iter_batches(ROWS, columns=[image]):
            for cell in batch.column(0).to_pylist():
                row += 1
                content = cell.get("bytes") if isinstance(cell, dict) else cell
                yield f"row {row}", content or b""

    images, notes = pictures.stack(listing, how, path)
    numbers = np.array(labels)
    names = _class_names(opened.schema_arrow, label)
    if names and numbers.dtype.kind in "iu" and numbers.min() >= 0 and numbers.max() < len(names):
        notes.append(
            f"{path}: classes by name: "
            + few([f"{number} is {names[number]}" for number in np.unique(numbers)])
        )
    return Found(images, numbers, f"{path}: {image}", f"{path}: {label}"), notes


def _class_names(schema: Any, label: str) -> list[str]:
    """Return the class names in Hugging Face's metadata; [] if there are none."""
    try:
        described = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        names = described["info"]["features"][label]["names"]
        return [str(name) for name in names] if isinstance(names, list) else []
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
