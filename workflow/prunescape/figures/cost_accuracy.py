"""Accuracy beside what a network costs, at a few sparsities: a row an arm.

Costs are CPU seconds and, whatever the machine, epochs and multiply-adds of training.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.drawing import labels, lines, rows, scales, style, summary
from prunescape.drawing.layout import Panels
from prunescape.foundations.table_rows import named_rows
from prunescape.report import fronts

_ARM = [*summary.COLUMN, *lines.LINE, "level"]
_COSTS = ["cpu_seconds", "memory_mb"]
_TRAINING = ["epochs", "multiply_adds"]
_TITLES = {"cpu_seconds": "CPU seconds", "epochs": "epochs", "multiply_adds": "multiply-adds"}
_MOST = 3  # sparsities on a figure
_WORTH = 0.8  # a sparsity is drawn if an arm keeps at least this share of the best accuracy
_DOT: dict[str, Any] = {"linestyle": "None", "marker": "o", "markersize": 3.8}
_RULED_OUT = {"marker": "x"}
_NOTE = (
    "CPU seconds of one network: training, scoring and retraining, divided by the networks that "
    "were trained together. Epochs and multiply-adds: of training, with its fit. Best: by the "
    "means. Shown to be worse: each arm is compared with all that cost no more CPU seconds, by "
    "replicate, with 5 % for all errors together (Holm). "
)


def read(jobs: str | os.PathLike, training: str | os.PathLike, *, study: str) -> pd.DataFrame:
    """Return the costs of a study's jobs (`costs.collect`), and below them those of its arms.

    The latter (`training_costs.collect`) have no stage.
    """
    table = pd.concat([pd.read_csv(jobs), pd.read_csv(training)], ignore_index=True)
    return table[table["study"] == study].reset_index(drop=True)


def numbers(table: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """Return the arms' accuracy in percent and cost, at a few sparsities that many arms share.

    Of arms that differ in the scope alone global ones stand for all; random masks, if there are
    others, and recipes as published are left out.

    CPU seconds are those of training, scoring, and retraining up to the arm's step; a job's time is
    divided by the number of networks in it. Memory is the most that one of these jobs took, for its
    whole block of replicates. Epochs and multiply-adds are those of `training_costs.collect`.

    Args:
        table: the study's rows.
        costs: as `read` returns them.

    Returns:
        network, fit, scope, effect, schedule, criterion, level, mean, low, high (accuracy), n,
        cpu_seconds, memory_mb, epochs, multiply_adds, and best and ruled_out (`fronts.Front`, by
        CPU seconds, of the arms of a level on the replicates that all of them have).

    Raises:
        ValueError: if no arm removes an exact number of weights, or no job has a record and a log.
    """
    found = summary.exact(table)
    found = found[found["level"] > 0]
    # All scopes cost the same: global arms can stand for the others.
    same = [name for name in (*_ARM, "step") if name != "scope"]
    whole = pd.MultiIndex.from_frame(found.loc[found["scope"] == "global", same])
    found = found[(found["scope"] == "global") | ~pd.MultiIndex.from_frame(found[same]).isin(whole)]
    for column, word in (("criterion", "random"), ("fit", "as_published")):
        if set(found[column]) > {word}:
            found = found[found[column] != word]
    if found.empty:
        raise ValueError("figure cost_accuracy: no rows with selection = exact_k")
    trained = costs[costs["stage"].isin(["train", "fit_variational", "score"])]
    if trained.empty:
        raise ValueError("figure cost_accuracy: no records of jobs (results/<run>/benchmarks)")
    arms = summary.over_replicates(found, _ARM, "accuracy_percent")
    steps = found.groupby(_ARM)["step"].max().rename("step").reset_index()
    arms = arms.merge(steps, on=_ARM)
    shared = arms["level"].value_counts()
    common = sorted(shared[shared >= shared.max() / 2].index)
    # Costs don't matter at sparsities where even the best arm has collapsed.
    best = arms.groupby("level")["mean"].max()
    telling = [level for level in common if best[level] >= _WORTH * best.max()]
    arms = arms[arms["level"].isin(summary.spread(telling or common, _MOST))]
    paid = [_cost(table, costs, arm) for arm in named_rows(arms)]
    trained = costs.loc[costs["stage"].isna(), [*_ARM, "step", *_TRAINING]]
    known = (
        arms.assign(cpu_seconds=[cpu for cpu, _ in paid], memory_mb=[most for _, most in paid])
        .merge(trained, on=[*_ARM, "step"], how="left")
        .drop(columns="step")
        .dropna(subset=_COSTS)
    )
    if known.empty:
        raise ValueError("figure cost_accuracy: no logs of jobs (results/<run>/logs)")
    return pd.concat([_judged(arms, found) for _, arms in known.groupby("level")]).sort_index()


def _judged(arms: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return arms of a level with best and ruled_out, by the table's rows."""
    wide = rows.pivot(index=_ARM, columns="replicate", values="accuracy_percent")
    values = wide.loc[list(arms[_ARM].itertuples(index=False, name=None))].dropna(axis=1)
    resolution = 100 / rows["n_images"].max()
    judged = fronts.front(values.to_numpy(), arms["cpu_seconds"].to_numpy(), resolution)
    return arms.assign(**judged._asdict())


def _cost(table: pd.DataFrame, costs: pd.DataFrame, arm: Any) -> tuple[float, float]:
    """Return CPU seconds of one network of an arm, and the memory of its largest job in MB.

    Both are NaN if a job's cost isn't known.
    """
    # What was appended for some arms alone has other networks in a job.
    mine = costs[costs["appended"] == 0]
    mine = mine[(mine["network"] == arm.network) & (mine["fit"] == arm.fit)]
    before = mine[mine["stage"].isin(["train", "fit_variational", "score"])]
    seconds = sum(
        stage["cpu_seconds"].sum(skipna=False) / (stage["last"] - stage["first"] + 1).sum()
        for _, stage in before.groupby("stage")
    )
    jobs = mine[(mine["stage"] == "retrain") & (mine["part"].str.split("/").str[0] == arm.schedule)]
    part = jobs["part"].str.split("/").str[1]
    chained = part.str.startswith("s")
    jobs = jobs[~chained | (part.str[1:].where(chained, "0").astype(int) <= arm.step)]
    if len(jobs):
        trained = table[(table["schedule"] == arm.schedule) & (table["noise"] == "none")]
        trained = trained[(trained["network"] == arm.network) & (trained["fit"] == arm.fit)]
        # In a chain of steps every job trains all arms; otherwise jobs split them by level.
        trained = trained[(trained["step"] == arm.step)]
        trained = trained[trained["replicate"] <= jobs["last"].max()]
        seconds += jobs["cpu_seconds"].sum(skipna=False) / len(trained)
    return seconds, pd.concat([before, jobs])["memory_mb"].max(skipna=False)


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw what training costs, and beside it accuracy [%] at each sparsity."""
    found = numbers(table, elsewhere)
    unit = 3 * int(np.log10(max(found["multiply_adds"].min(), 1)) // 3)  # of thousands, ...
    found["multiply_adds"] /= 10.0**unit
    levels = sorted(set(found["level"]))
    with style.applied(settings):
        listed = rows.of_arms(found)
        room = listed.width()
        taken = labels.taken(found["effect"])
        titles = ["" for _ in _TITLES] + [f"{100 * level:.4g} % {taken}" for level in levels]
        panels = Panels(
            [("", titles)],
            settings,
            own_x=True,
            narrowest=0.7,
            height=listed.height,
            left=room + 0.1,
        )
        axes = [*panels.axes.values()]
        listed.label(axes, room)
        for row in named_rows(found):
            y = listed.place[tuple(getattr(row, name) for name in _ARM[:-1])]
            _draw(axes[: len(_TITLES)], axes[len(_TITLES) + levels.index(row.level)], row, y)
        for each, (column, title) in zip(axes, _TITLES.items(), strict=False):
            scales.cost(each, found[column], panels.width, log=True)
            each.set_xlabel(title + (f"\n($10^{{{unit}}}$)" if column == "multiply_adds" else ""))
        for each in axes[len(_TITLES) :]:
            low, high = found["mean"].min(), found["mean"].max()
            each.set_xlim(low - 0.08 * (high - low) - 0.5, high + 0.08 * (high - low) + 0.5)
            each.set_xlabel("accuracy (%)")
        note = summary.sample(found, "Accuracy", table, mark="bar") + _NOTE
        note += _memory(found) + summary.shared(found)
        grey = _DOT | {"color": "#595959"}
        handles = [
            Line2D([], [], label="best of those that cost no more", **grey),
            Line2D([], [], label="could be", **grey | {"markerfacecolor": "white"}),
            Line2D([], [], label="shown to be worse than one of them", **grey | _RULED_OUT),
        ]
        return panels.finish("", "", handles, note)


def _draw(costs: Sequence[Axes], accuracies: Axes, row: Any, y: int) -> None:
    """Draw an arm at a sparsity: what it cost (the most, of several), and its accuracy."""
    colour = style.look(row.criterion).colour
    mark = _DOT | {"color": colour, "marker": "|", "markersize": 6}
    for axes, column in zip(costs, _TITLES, strict=True):
        axes.plot([getattr(row, column)], [y], **mark)
    if np.isfinite(row.low):
        accuracies.plot([row.low, row.high], [y, y], color=colour, linewidth=0.9)
    look = _RULED_OUT if row.ruled_out else {"markerfacecolor": colour if row.best else "white"}
    accuracies.plot([row.mean], [y], **_DOT | {"color": colour} | look)


def _memory(found: pd.DataFrame) -> str:
    least, most = found["memory_mb"].min(), found["memory_mb"].max()
    return f"The largest of an arm's jobs took {least:,.0f} to {most:,.0f} MB of memory. "
