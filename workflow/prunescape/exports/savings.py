"""Savings by sparsity: bytes, multiply-adds and latency of exported networks and the dense one.

A row is one quantity of one form of a network. Forms: dense, before pruning; masked, with zeros in
place; compact, physically smaller where units are gone.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from prunescape.foundations import csv_files

COLUMNS = [
    *("export", "study", "dataset", "network", "fit", "criterion", "scope", "selection", "effect"),
    *("schedule", "step", "level", "replicate", "nominal_sparsity", "form", "quantity", "way"),
    *("batch", "value", "low", "high", "unit", "relative", "buys"),
]
"""`way`: how the form is stored or computed. `low`, `high`: quartiles of a latency. `relative`: the
ratio to the dense form stored or computed densely; for a latency, in the faster of torch and
onnxruntime. `buys`: whether the value is less than that of the dense form; a latency's upper
quartile must be below the dense form's lower one."""
BYTES, COMPRESSED = "bytes", "bytes, zstd"
MULTIPLY_ADDS, LATENCY = "multiply-adds", "latency"


def rows(
    name: str,
    origin: Mapping[str, Any],
    nominal: float,
    stored: Mapping[str, Mapping[str, tuple[int, int]]],
    computed: Mapping[str, tuple[int, int]],
    times: Mapping[tuple[str, str, int], tuple[float, float, float]],
) -> Iterator[dict[str, Any]]:
    """Yield the rows of an export.

    Args:
        name: name of the export.
        origin: the key columns from study to replicate.
        nominal: share of the weights that the mask removes.
        stored: form -> way -> bytes, plain and compressed, as `storage.sizes` returns them.
        computed: form -> multiply-adds for an image, with all weights and with nonzero weights.
        times: (form, way, batch) -> latency in ms: median and quartiles.
    """
    shared = {"export": name, **origin, "nominal_sparsity": nominal}

    def row(form: str, quantity: str, way: str, batch: int, value: tuple, base: tuple) -> dict:
        median, low, high = value if len(value) == 3 else value * 3
        least, lowest, _ = base if len(base) == 3 else base * 3
        return shared | {
            "form": form,
            "quantity": quantity,
            "way": way,
            "batch": batch,
            "value": median,
            "low": low,
            "high": high,
            "unit": {LATENCY: "ms", MULTIPLY_ADDS: "an image"}.get(quantity, "bytes"),
            "relative": median / least,
            "buys": high < lowest,
        }

    for index, quantity in enumerate((BYTES, COMPRESSED)):
        base = stored["dense"]["dense"][index]
        for form, ways in stored.items():
            for way, sizes in ways.items():
                yield row(form, quantity, way, 0, (sizes[index],), (base,))
    for form, (every, nonzero) in computed.items():
        for way, value in (("all weights", every), ("nonzero weights", nonzero)):
            yield row(form, MULTIPLY_ADDS, way, 1, (value,), (computed["dense"][0],))
    for (form, way, batch), quartiles in times.items():
        fastest = min(
            times[key] for key in times if key[::2] == ("dense", batch) and key[1] != "torch CSR"
        )
        yield row(form, LATENCY, way, batch, quartiles, fastest)


def read(path: str | os.PathLike) -> pd.DataFrame:
    """Read sizes.csv; ValueError names the file if it has other columns."""
    return csv_files.read(path, COLUMNS, keep_default_na=False)
