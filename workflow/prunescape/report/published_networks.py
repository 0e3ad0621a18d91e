"""Published sparse networks: error and compression, with the source of every number."""

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
    compression, a factor; counts, the quantity that the compression counts, one of COUNTS; the
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
    """Turn config.yaml's data sets into published names in lower case: mnist_pooled into mnist."""
    return {name.split("_")[0] for name in datasets}


def named(network: str) -> str:
    """Turn a network's published name into config.yaml's: LeNet-300-100 into lenet_300_100."""
    return re.sub(r"[^a-z0-9]+", "_", network.lower()).strip("_")
