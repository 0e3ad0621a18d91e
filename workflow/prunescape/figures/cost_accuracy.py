"""Accuracy against a network's cost: CPU seconds and memory, at a few sparsities."""

import os
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.drawing import ink, labels, scales, style, summary
from prunescape.drawing.layout import Panels
from prunescape.foundations.table_rows import named_rows

_ARM = [*summary.COLUMN, *summary.ROW, "criterion", "level"]
_TITLES = {"cpu_seconds": "CPU seconds a network", "memory_mb": "peak memory of a job (MB)"}
_MOST = 3  # sparsities on a figure
_WORTH = 0.8  # a sparsity is drawn if an arm keeps at least this share of the best accuracy
_NEAR = 1.15  # costs within this ratio share a place for their numbers, which would overlap


def read(path: str | os.PathLike, *, study: str) -> pd.DataFrame:
    """Return the costs of a study's jobs (`costs.collect`)."""
    table = pd.read_csv(path)
    return table[table["study"] == study].reset_index(drop=True)


def numbers(table: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """Return the arms' accuracy in percent and cost, at a few sparsities that many arms share.

    If some arms have the scope global, only these are taken.

    CPU seconds are those of training, scoring, and retraining up to the arm's step; a job's time is
    divided by the number of networks in it. Memory is the most that one of these jobs took, for its
    whole block of replicates.

    Returns:
        network, fit, scope, effect, schedule, criterion, level, mean, low, high (accuracy), n,
        cpu_seconds, memory_mb.

    Raises:
        ValueError: if no arm removes an exact number of weights, or no job has a record and a log.
    """
    rows = summary.exact(table)
    rows = rows[rows["level"] > 0]
    # All scopes cost the same: global arms can stand for the others.
    if "global" in set(rows["scope"]):
        rows = rows[rows["scope"] == "global"]
    if rows.empty:
        raise ValueError("figure cost_accuracy: no rows with selection = exact_k")
    trained = costs[costs["stage"].isin(["train", "fit_variational", "score"])]
    if trained.empty:
        raise ValueError("figure cost_accuracy: no records of jobs (results/<run>/benchmarks)")
    arms = summary.over_replicates(rows, _ARM, "accuracy_percent")
    steps = rows.groupby(_ARM)["step"].max().rename("step").reset_index()
    arms = arms.merge(steps, on=_ARM)
    shared = arms["level"].value_counts()
    common = sorted(shared[shared >= shared.max() / 2].index)
    # Costs don't matter at sparsities where even the best arm has collapsed.
    best = arms.groupby("level")["mean"].max()
    telling = [level for level in common if best[level] >= _WORTH * best.max()]
    arms = arms[arms["level"].isin(summary.spread(telling or common, _MOST))]
    found = [_cost(table, costs, arm) for arm in named_rows(arms)]
    known = (
        arms.drop(columns="step")
        .assign(cpu_seconds=[cpu for cpu, _ in found], memory_mb=[memory for _, memory in found])
        .dropna(subset=list(_TITLES))
    )
    if known.empty:
        raise ValueError("figure cost_accuracy: no logs of jobs (results/<run>/logs)")
    return known


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
        rows = table[(table["schedule"] == arm.schedule) & (table["noise"] == "none")]
        rows = rows[(rows["network"] == arm.network) & (rows["fit"] == arm.fit)]
        # In a chain of steps every job trains all arms; otherwise jobs split them by level.
        rows = rows[(rows["step"] == arm.step) & (rows["replicate"] <= jobs["last"].max())]
        seconds += jobs["cpu_seconds"].sum(skipna=False) / len(rows)
    return seconds, pd.concat([before, jobs])["memory_mb"].max(skipna=False)


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw accuracy [%] against CPU seconds and memory, a row a sparsity."""
    found = numbers(table, elsewhere)
    levels = sorted(set(found["level"]))
    ways = summary.groups(found, [*summary.COLUMN, "schedule"])
    names = summary.headings(ways, [*summary.COLUMN, "schedule"])
    criteria = style.order(found["criterion"])
    with style.applied(settings):
        taken = labels.taken(found["effect"])
        headings = [f"{100 * level:.4g} % of weights {taken}" for level in levels]
        panels = Panels(headings, [" ", " "], settings, own_x=True)  # room for numbers
        for (i, j), axes in panels.axes.items():
            cost = list(_TITLES)[j]
            panel = found[found["level"] == levels[i]]
            for criterion in criteria:
                points = panel[panel["criterion"] == criterion]
                ink.points(axes, points[cost], points, criterion)
            if len(ways) > 1:
                _number(axes, panel, cost, ways, settings)
        for j, (cost, title) in enumerate(_TITLES.items()):
            axes = panels.axes[len(levels) - 1, j]
            axes.set_xlabel(title)
            scales.cost(panels.axes[0, j], found[cost], panels.width, log=cost == "cpu_seconds")
        scales.percent(panels.first, found["mean"])
        listed = "; ".join(f"{k} {name}" for k, name in enumerate(names, start=1) if name)
        note = (
            summary.sample(found, "Accuracy", table, mark="bar")
            + "CPU seconds: training, scoring and retraining, divided by the networks that were "
            "trained together; memory: of the largest of these jobs. "
            + (f"Numbers: {listed}. " if listed else "")
            + summary.constants(ways, [*summary.COLUMN, "schedule"])
        )
        return panels.finish("", "accuracy (%)", [*map(ink.handle, criteria)], note)


def _number(
    axes: Axes, panel: pd.DataFrame, cost: str, ways: list[tuple], settings: style.Settings
) -> None:
    """Write above every cost the numbers of the network, fit and schedule that it belongs to."""
    by = [*summary.COLUMN, "schedule"]
    numbered = [
        (x, k)
        for k, way in enumerate(ways, start=1)
        for x in summary.at(panel, by, way)[cost].drop_duplicates()
    ]
    groups: list[list[tuple[float, int]]] = []
    for x, k in sorted(numbered):
        # Numbers of nearly equal costs share one place.
        if groups and x / groups[-1][-1][0] < _NEAR:
            groups[-1].append((x, k))
        else:
            groups.append([(x, k)])
    for group in groups:
        for x, _ in group:
            axes.axvline(x, color="#D0D0D0", linewidth=0.6, zorder=0)
        middle = sum(x for x, _ in group) / len(group)
        text = ", ".join(str(k) for k in sorted({k for _, k in group}))
        axes.text(
            *(middle, 1.01, text),
            transform=axes.get_xaxis_transform(),
            fontsize=settings.font_size - 1.5,
            color="#404040",
            ha="center",
        )
