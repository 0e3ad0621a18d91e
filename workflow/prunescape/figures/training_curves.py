"""Training and retraining by epoch: loss, and accuracy on held-out images if it was measured."""

import os

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from prunescape.drawing import ink, lines, scales, style, summary
from prunescape.drawing.layout import Panels
from prunescape.drawing.lines import Facet
from prunescape.evaluation import training_history
from prunescape.foundations import csv_files

_LINE = [*summary.COLUMN, *lines.LINE]
_LABELS = {"loss": "training loss", "accuracy": "validation accuracy (%)"}
_MARKED = 14  # epochs of a course that are marked, or a few more
_SHORT = 4  # epochs; a course of fewer has marks on all of them


def read(path: str | os.PathLike, *, study: str) -> pd.DataFrame:
    """Return a study's trainings (`training_history.collect`); ValueError names the file."""
    return csv_files.read(path, training_history.COLUMNS)


def numbers(history: pd.DataFrame) -> pd.DataFrame:
    """Return loss and accuracy by epoch, averaged over replicates, of fits and retrained arms.

    Arms whose levels train on their own are drawn at one level: the sparsest of those that most of
    them have. Of a chain that rewinds at every step the last time is drawn that it has an epoch.

    Returns:
        measure (loss; accuracy in percent, if it was measured), network, fit, criterion ("none":
        unpruned), scope, effect, schedule ("none": the fit itself), epoch, mean, low, high, n.

    Raises:
        ValueError: if nothing was trained.
    """
    if history.empty:
        raise ValueError("figure training_curves: no fit was trained")
    unpruned = history["criterion"] == "none"
    rows = history[unpruned | _chained(history) | (history["level"] == level(history))]
    latest = rows.groupby([*_LINE, "replicate", "epoch"])["step"].transform("max")
    rows = rows[rows["step"] == latest].assign(accuracy=100 * rows["accuracy"].astype(float))
    found = [
        summary.over_replicates(rows.dropna(subset=name), [*_LINE, "epoch"], name)
        for name in _LABELS
    ]
    named = zip(_LABELS, found, strict=True)
    return pd.concat([each.assign(measure=name) for name, each in named if len(each)])


def level(history: pd.DataFrame) -> float | None:
    """Return at which level arms are drawn whose levels train on their own; None: there are none.

    It is the sparsest of those that most arms have.
    """
    own = history[(history["criterion"] != "none") & ~_chained(history)]
    arms = own.drop_duplicates([*_LINE, "level"])["level"].value_counts()
    return max(arms[arms == arms.max()].index, default=None)


def _chained(history: pd.DataFrame) -> pd.Series:
    """Return which rows are of a schedule whose steps go on from each other."""
    return history.groupby([*summary.COLUMN, "schedule"])["step"].transform("max") > 0


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw a panel for each fit and for its retraining: loss, and below it accuracy."""
    found = numbers(elsewhere)
    looks = lines.Looks(found[found["criterion"] != "none"])
    controls = ink.controls(found.loc[found["criterion"] == "none", "schedule"])
    drawn = [name for name in _LABELS if name in set(found["measure"])]
    facets = _facets(found)
    handles: list[Artist] = [*ink.control_handles(controls), *looks.handles()]
    handles += ink.band(found["n"].max())
    with style.applied(settings):
        titles = [facet.title for facet in facets]
        panels = Panels(
            [("", titles) for _ in drawn],
            settings,
            own_x=True,
            own_y=True,
            narrowest=1.5,
            legend=len(handles),
        )
        for (section, place), axes in panels.axes.items():
            here = facets[place].rows
            here = here[here["measure"] == drawn[section]]
            for arm in lines.arms(here):
                look = controls[arm[-1]] if arm[0] == "none" else looks.line(arm)
                _course(axes, lines.of(here, arm), look)
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.set_xlabel("epoch")
        for section, name in enumerate(drawn):
            values, first = found.loc[found["measure"] == name, "mean"], panels.axes[section, 0]
            if name == "loss":
                scales.loss(first, values, panels.height)
            else:
                images = int(elsewhere["n_images"].max())
                scales.accuracy(first, values, images, panels.height)
        names = [_LABELS[name] for name in drawn]
        return panels.finish("", names, handles, _note(found, elsewhere))


def _facets(found: pd.DataFrame) -> list[Facet]:
    """Return the panels: of each network and fit its training, then that after pruning.

    The latter has the unpruned networks that train as long, too.
    """
    columns = summary.groups(found, summary.COLUMN)
    panels = []
    for column, heading in zip(columns, summary.headings(columns, summary.COLUMN), strict=True):
        here = summary.at(found, summary.COLUMN, column)
        unpruned = here[here["criterion"] == "none"]
        after = lines.facets(here[here["criterion"] != "none"])
        if len(fitted := unpruned[unpruned["schedule"] == "none"]):
            title = ", ".join(filter(None, [heading, "before pruning" if after else ""]))
            panels.append(Facet(title, column, fitted))
        for facet in after:
            title = ", ".join(filter(None, [heading, facet.title, "after pruning"]))
            controls = unpruned[unpruned["schedule"].isin(set(facet.rows["schedule"]))]
            panels.append(Facet(title, column, pd.concat([controls, facet.rows])))
    return panels


def _course(axes: Axes, line: pd.DataFrame, look: ink.Look) -> None:
    """Draw one training; a short one, which could be a single point, never goes without marks."""
    drawn = {**look, "markevery": max(1, len(line) // _MARKED)}
    if look["marker"] == "None" and len(line) < _SHORT:
        drawn["marker"] = "o"
    ink.shade(axes, line["epoch"], line["low"], line["high"], look["color"])
    axes.plot(line["epoch"], line["mean"], **drawn)


def _note(found: pd.DataFrame, history: pd.DataFrame) -> str:
    """Return what the curves are."""
    least, most = found["n"].min(), found["n"].max()
    n = f"n = {least}" if least == most else f"n = {least} to {most}"
    mean = "of one replicate, n = 1: no intervals"
    if most > 1:
        mean = f"mean over {n} replicates; band: 95 % t interval of the mean"
    said = [
        f"Loss: mean over an epoch's batches, each before its step, as training minimises it, "
        f"without a posterior's divergence; log scale. Curves: {mean}."
    ]
    if "accuracy" in set(found["measure"]):
        images = int(history["n_images"].max())
        said.append(
            f"Accuracy: on {images:,} held-out images, of the weights as they are after an epoch "
            f"(of a posterior: its means). {scales.LOGIT.strip()}"
        )
    taken = level(history)
    if taken is not None:
        said.append(
            f"After pruning: at {100 * taken:.4g} % where levels train on their own; a chain of "
            "steps prunes on its way. Epochs count on from the fit's."
        )
    elif (found["criterion"] != "none").any():
        said.append("After pruning: a chain of steps prunes on its way; epochs count on.")
    return " ".join(said) + " " + summary.shared(found[found["criterion"] != "none"])
