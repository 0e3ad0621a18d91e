"""Published sparse networks: error and compression, with the table that each was read from."""

import os
import re
from collections.abc import Iterable

import pandas as pd

from prunescape.foundations import csv_files

COLUMNS = [
    *("network", "dataset", "method", "year", "reference_error_percent", "error_percent"),
    *("kept_percent", "compression", "counts", "evidence"),
]
COUNTS = ("pruning only", "quantised and coded")


def read(path: str | os.PathLike) -> pd.DataFrame:
    """Return published results.

    Columns as in COLUMNS: the network's published name; errors and kept weights in percent;
    compression, how many times smaller; counts, what the compression counts, one of COUNTS; the
    evidence in words. ValueError names the file and the fault.
    """
    table = csv_files.read(path, COLUMNS)
    wrong = set(table["counts"]) - set(COUNTS)
    if wrong:
        raise ValueError(f"{path}: counts {sorted(wrong)}, expected {list(COUNTS)}")
    if not (table["error_percent"].between(0, 100) & (table["compression"] >= 1)).all():
        raise ValueError(f"{path}: expected error_percent in [0, 100] and compression >= 1")
    return table


def data(datasets: Iterable[str]) -> set[str]:
    """Return published names, in lower case, of data sets of config.yaml: mnist_pooled, mnist."""
    return {name.split("_")[0] for name in datasets}


def named(network: str) -> str:
    """Return a network's published name as a name of config.yaml: LeNet-300-100, lenet_300_100."""
    return re.sub(r"[^a-z0-9]+", "_", network.lower()).strip("_")
