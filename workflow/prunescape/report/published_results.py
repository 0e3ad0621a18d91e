"""Comparison of published numbers with ours, for the same arm, sparsity and noise."""

import os

import numpy as np
import pandas as pd

from prunescape.foundations import csv_files
from prunescape.report import intervals
from prunescape.report.intervals import Sample

MATCHED = ("study", "network", "fit", "criterion", "effect", "scope", "schedule", "noise")
COLUMNS = [
    *("study", "network", "fit", "criterion", "effect", "scope", "schedule", "sparsity"),
    *("noise", "noise_level", "accuracy_percent", "sd", "n", "evidence"),
]


def read(path: str | os.PathLike) -> pd.DataFrame:
    """Return published results.

    Columns as in COLUMNS: the words of the table's keys, sparsity and noise level in [0, 1],
    accuracy in percent, standard deviation over n runs (empty if unknown), and the evidence in
    words, source first, up to a comma. ValueError names the file and the fault.
    """
    options = {"keep_default_na": False, "na_values": {"sd": [""]}}
    found = csv_files.read(path, COLUMNS, **options)
    for name, most in (("sparsity", 1), ("noise_level", 1), ("accuracy_percent", 100)):
        if not pd.api.types.is_numeric_dtype(found[name]) or not found[name].between(0, most).all():
            raise ValueError(f"{path}: {name} must be a number in [0, {most}]")
    return found


def compare(scores: pd.DataFrame, elsewhere: pd.DataFrame) -> pd.DataFrame:
    """Return published results beside ours, with Welch's interval of the difference.

    Args:
        scores: the table.
        elsewhere: published results, as `read` returns them.

    Returns:
        A row for every published result whose arm is in the table: the result's columns; ours,
        sd_ours and n_ours; difference (ours - theirs) with ci_low and ci_high, all in points. If a
        published spread is unknown, it is assumed to equal ours.
    """
    exact = scores[scores["selection"].isin(["exact_k", "none"])]
    found = []
    for theirs in elsewhere.to_dict("records"):
        chosen = exact[(exact[list(MATCHED)] == [theirs[name] for name in MATCHED]).all(axis=1)]
        near = np.isclose(chosen["level"], theirs["sparsity"])
        near &= np.isclose(chosen["noise_level"], theirs["noise_level"])
        ours = 100 * chosen.loc[near, "accuracy"].to_numpy()
        if not len(ours):
            continue
        known = intervals.sample(ours)
        sd = None if np.isnan(theirs["sd"]) else theirs["sd"]
        difference = intervals.welch(known, Sample(theirs["accuracy_percent"], theirs["n"], sd))
        found.append(
            theirs
            | {"ours": known.mean, "sd_ours": known.sd, "n_ours": known.n}
            | {"difference": difference.mean}
            | {"ci_low": difference.low, "ci_high": difference.high}
        )
    added = ["ours", "sd_ours", "n_ours", "difference", "ci_low", "ci_high"]
    return pd.DataFrame(found, columns=[*COLUMNS, *added])
