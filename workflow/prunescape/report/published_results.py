"""Published accuracies and ours, for the same data, arm, sparsity and noise, with verdicts.

A published result is one run, printed by its source or a run of its code, or the mean of several
seeds, printed or rerun, which goes under `rerun`. Equality can be shown with a mean alone: one run
says no more than whether it is one that our networks could have given.
"""

import math
import os
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from prunescape.foundations import csv_files
from prunescape.report import intervals
from prunescape.report.intervals import Interval, Sample

MATCHED = [
    *("study", "dataset", "network", "fit", "criterion", "effect", "scope", "schedule", "step"),
    *("noise",),
]
"""Columns in which a published result equals the table's rows."""
ARM = [*MATCHED[:-1], "sparsity", "threshold", "noise", "noise_level"]
"""Columns that published results of the same networks share."""
NOISE_SCORE = "noise_score"
"""Noise of a result that is the mean over clean images and `grey_raw` at the levels SCORED: the
noise score of Ahmad & Scheinkman (2019, arXiv 1903.11257) as a share of all images."""
SCORED = [level / 20 for level in range(1, 11)]
COLUMNS = [*ARM, "accuracy_percent", "sd", "n", "divisor", "evidence"]
COMPARED = [
    *ARM,
    *("one_run", "one_run_evidence", "rerun", "rerun_sd", "rerun_n", "rerun_evidence"),
    *("ours", "ours_sd", "ours_n", "ours_low", "ours_high", "ours_by_their_divisor"),
    *("difference", "ci_low", "ci_high", "verdict", "one_run_verdict"),
]


def read(path: str | os.PathLike) -> pd.DataFrame:
    """Return published results.

    Columns as in COLUMNS: the words of the table's keys; sparsity, and the threshold where weights
    are selected by one; noise level in [0, 1]; accuracy in percent, standard deviation over n runs
    (empty if unknown); the number by which the source divides correct images, if it isn't that of
    the images; and the evidence in words, source first, up to a comma. ValueError names the file
    and the fault.
    """
    unknown = {name: [""] for name in ("sd", "threshold", "divisor")}
    found = csv_files.read(path, COLUMNS, keep_default_na=False, na_values=unknown)
    for name, most in (("sparsity", 1), ("noise_level", 1), ("accuracy_percent", 100)):
        if not pd.api.types.is_numeric_dtype(found[name]) or not found[name].between(0, most).all():
            raise ValueError(f"{path}: {name} must be a number in [0, {most}]")
    return found


def compare(scores: pd.DataFrame, elsewhere: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """Return published results beside ours, with verdicts.

    Args:
        scores: the table.
        elsewhere: published results, as `read` returns them.
        tolerance: points of accuracy within which means count as equal.

    Returns:
        COMPARED, a row for every rerun whose arm is in the table, and for every single run without
        a rerun: the single run's result and the rerun's, in per cent; our mean with its 95 % t
        interval, and what the source's divisor makes of it; ours minus the rerun with Welch's
        interval, in points. A rerun of unknown spread is taken to spread as ours do. `verdict` is
        that of `verdict` on the rerun, `one_run_verdict` that of `one_run_verdict`; "" where there
        is nothing to judge.
    """
    found = []
    for _, group in elsewhere.groupby(ARM, dropna=False, sort=False):
        records = group.to_dict("records")
        if records[0]["noise"] == NOISE_SCORE:
            chosen = _noise_scores(scores, records[0])
        else:
            chosen = scores[_same(scores, records[0])]
        if chosen.empty:
            continue
        printed = next((each for each in records if each["n"] == 1), None)
        reruns: list[dict[Hashable, Any] | None] = [each for each in records if each["n"] > 1]
        found += [_compared(printed, rerun, chosen, tolerance) for rerun in reruns or [None]]
    return pd.DataFrame(found, columns=COMPARED)


def verdict(difference: Interval, tolerance: float) -> str:
    """Return what an interval of ours minus a rerun shows.

    `agrees`: it lies within +-tolerance; `differs`: wholly outside; `too wide`: neither, or it is
    unknown.
    """
    if max(abs(difference.low), abs(difference.high)) <= tolerance:
        return "agrees"
    if difference.low > tolerance or difference.high < -tolerance:
        return "differs"
    return "too wide"


def one_run_verdict(ours: Sample, one_run: float) -> str:
    """Return whether one run is `inside` or `outside` the 95 % interval of one more run of ours.

    "" if our spread is unknown.
    """
    interval = intervals.welch(ours, Sample(one_run))
    if math.isnan(interval.low):
        return ""
    return "inside" if interval.low <= 0 <= interval.high else "outside"


def _noise_scores(scores: pd.DataFrame, theirs: dict[Hashable, Any]) -> pd.DataFrame:
    """Return n_correct and accuracy of each replicate, over all levels of the noise score.

    None, if the table lacks a level.
    """
    levels = [("none", 0.0), *(("grey_raw", level) for level in SCORED)]
    found = pd.concat(
        scores[_same(scores, theirs | {"noise": noise, "noise_level": level})]
        for noise, level in levels
    )
    per_replicate = found.groupby("replicate")["n_correct"]
    whole = per_replicate.count() == len(levels)
    means = found.groupby("replicate")[["n_correct", "accuracy"]].mean()
    return means[whole]


def _same(scores: pd.DataFrame, theirs: dict[Hashable, Any]) -> pd.Series:
    """Return which rows of the table are of a published result's arm, sparsity and noise."""
    same = (scores[MATCHED] == [theirs[name] for name in MATCHED]).all(axis=1)
    same &= np.isclose(scores["noise_level"], theirs["noise_level"])
    if np.isnan(theirs["threshold"]):
        exact = scores["selection"].isin(["exact_k", "none"])
        return same & exact & np.isclose(scores["level"], theirs["sparsity"])
    by_threshold = scores["selection"] == "threshold"
    return same & by_threshold & np.isclose(scores["level"], theirs["threshold"])


def _compared(
    printed: dict[Hashable, Any] | None,
    rerun: dict[Hashable, Any] | None,
    chosen: pd.DataFrame,
    tolerance: float,
) -> dict[str, Any]:
    values = 100 * chosen["accuracy"].to_numpy()
    ours, interval = intervals.sample(values), intervals.mean(values)
    key = printed or rerun or {}
    row: dict[str, Any] = {name: key[name] for name in ARM}
    row |= {"ours": ours.mean, "ours_sd": ours.sd, "ours_n": ours.n}
    row |= {"ours_low": interval.low, "ours_high": interval.high}
    row |= {"verdict": "", "one_run_verdict": ""}
    if not np.isnan(key["divisor"]):
        row["ours_by_their_divisor"] = 100 * chosen["n_correct"].mean() / key["divisor"]
    if printed:
        row |= {"one_run": printed["accuracy_percent"], "one_run_evidence": printed["evidence"]}
        # A source that divides by another number is met by its own formula.
        factor = row.get("ours_by_their_divisor", ours.mean) / ours.mean if ours.mean else 1.0
        scaled = intervals.sample(values * factor)
        row["one_run_verdict"] = one_run_verdict(scaled, printed["accuracy_percent"])
    if rerun:
        sd = None if np.isnan(rerun["sd"]) else rerun["sd"]
        theirs = Sample(rerun["accuracy_percent"], rerun["n"], sd)
        difference = intervals.welch(ours, theirs)
        row |= {"rerun": theirs.mean, "rerun_sd": theirs.sd, "rerun_n": theirs.n}
        row |= {"rerun_evidence": rerun["evidence"], "difference": difference.mean}
        row |= {"ci_low": difference.low, "ci_high": difference.high}
        row["verdict"] = verdict(difference, tolerance)
    return row
