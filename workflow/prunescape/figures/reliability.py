"""Reliability diagrams: how often networks are right, against how confident they are."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.drawing import ink, labels, lines, style, summary, unpruned
from prunescape.drawing.layout import Panels
from prunescape.evaluation import reliability
from prunescape.evaluation.calibration import BINS
from prunescape.evaluation.columns import KEY

_NOISE = ["noise", "noise_level"]
_PANEL = ["level", *_NOISE]
_ARM = [*summary.COLUMN, *lines.LINE, *_PANEL]
_CONTROL = [*summary.COLUMN, "control", *_PANEL]
_FEWEST = 50  # images of a point: its accuracy is known to 14 points
_STRIP = -32.0  # where the strip below 0 begins, on the axis of accuracy in percent
_TALLEST = 26.0  # of the strip's bars, on the same axis
_DOT: dict[str, Any] = {"marker": ".", "markersize": 4}  # a lone point has no line
_DIAGONAL: dict[str, Any] = {"color": "#9A9A9A", "linewidth": 0.8, "linestyle": ":"}


def read(path: str | os.PathLike, *, study: str) -> pd.DataFrame:
    """Return the bins of a study's rows (`reliability.of_rows`); ValueError names the file."""
    return reliability.read(path)


def numbers(table: pd.DataFrame, bins: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return how often pruned and unpruned networks are right, by their confidence.

    Taken are clean images, and those under the noise that costs most accuracy on average; of the
    sparsities that were tested under it 3, or 2 if there are many panels. The images of all
    replicates are put together.

    Args:
        table: the scores.
        bins: of their rows at least, as `reliability.of_rows` returns them.

    Returns:
        (pruned, unpruned), a row a bin with images: network, fit, level, noise, noise_level, bin,
        images, confidence and accuracy [%], share (of the images [%]), n (replicates); `pruned`
        also has the columns of `lines.LINE`, and `unpruned` control.

    Raises:
        ValueError: if there are no rows that remove an exact number of weights.
    """
    rows = summary.last_step(table[(table["selection"] == "exact_k") & (table["level"] > 0)])
    if rows.empty:
        raise ValueError("figure reliability: no rows with selection = exact_k")
    clean, noisy = rows["noise"] == "none", rows["noise"] != "none"
    if noisy.any():
        means = rows[noisy].groupby(_NOISE)["accuracy"].mean().reset_index()
        worst = means.sort_values(["accuracy", *_NOISE]).iloc[0]
        noisy = (rows[_NOISE] == list(worst[_NOISE])).all(axis=1)
    tested = sorted(set(rows.loc[noisy if noisy.any() else clean, "level"]))
    most = 3 if len(lines.facets(rows)) < 3 else 2
    rows = rows[(clean | noisy) & rows["level"].isin(summary.spread(tested, most))]
    pairs = unpruned.partners(rows, table)[[*_CONTROL, "step", "replicate"]].drop_duplicates()
    dense = bins[(bins["criterion"] == "none") & (bins["prediction"] == "mean")]
    dense = dense.drop(columns="level").rename(columns={"schedule": "control"})
    shared = [name for name in pairs if name != "level"]
    return (
        _together(bins.merge(rows[list(KEY)], on=list(KEY)), _ARM),
        _together(dense.merge(pairs, on=shared), _CONTROL),
    )


def _together(bins: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Put the bins of all replicates of a group together."""
    sums = bins.assign(
        confidence=100 * bins["images"] * bins["confidence"],
        accuracy=100 * bins["images"] * bins["accuracy"],
    )
    groups = sums.groupby([*by, "bin"])
    found = groups[["images", "confidence", "accuracy"]].sum().reset_index()
    found["confidence"] /= found["images"]
    found["accuracy"] /= found["images"]
    found["share"] = 100 * found["images"] / found.groupby(by)["images"].transform("sum")
    n = bins.groupby(by)["replicate"].nunique().rename("n").reset_index()
    return found.merge(n, on=by)


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw accuracy against confidence, both in %: a heading for each fit, panels for sparsities.

    Under the diagonal's 0 a strip shows how many images each bin has.
    """
    pruned, dense = numbers(table, elsewhere)
    looks = lines.Looks(pruned)
    controls = {name: look | _DOT for name, look in ink.controls(dense["control"]).items()}
    facets = lines.facets(pruned)
    panels_of = [_panels(facet.rows) for facet in facets]
    most = max(pruned["share"].max(), dense["share"].max())
    with style.applied(settings):
        sections = [
            (facet.title, [_title(facet.rows, *panel) for panel in panels])
            for facet, panels in zip(facets, panels_of, strict=True)
        ]
        diagonal = Line2D([], [], label="calibrated", **_DIAGONAL)
        handles = [*ink.control_handles(controls), *looks.handles(), diagonal]
        panels = Panels(sections, settings, shape=1.1, legend=len(handles))
        for (section, place), axes in panels.axes.items():
            facet, panel = facets[section], panels_of[section][place]
            axes.plot([0, 100], [0, 100], **_DIAGONAL, zorder=1.2)
            axes.axhline(0, color="#000000", linewidth=0.6, zorder=1.2)
            here = summary.at(facet.rows, _PANEL, panel)
            beside = summary.at(dense, [*summary.COLUMN, *_PANEL], [*facet.column, *panel])
            for control in sorted(set(unpruned.control(here, table))):
                _line(axes, beside[beside["control"] == control], controls[control], most)
            for arm in lines.arms(here):
                _line(axes, lines.of(here, arm), looks.line(arm), most)
        panels.first.set_xlim(-2, 102)
        panels.first.set_xticks([0, 50, 100])
        panels.first.set_ylim(_STRIP, 103)
        panels.first.set_yticks([0, 25, 50, 75, 100])
        note = _note(pruned, table, most) + unpruned.note(pruned, table) + summary.shared(pruned)
        return panels.finish("confidence (%)", "accuracy (%)", handles, note)


def _panels(rows: pd.DataFrame) -> list[tuple[float, str, float]]:
    """Return level, noise and noise level of a facet's panels: clean ones first, by level."""
    found = set(rows[_PANEL].itertuples(index=False, name=None))
    return sorted(found, key=lambda panel: (panel[2], panel[0]))


def _title(rows: pd.DataFrame, level: float, noise: str, noise_level: float) -> str:
    said = f"{100 * level:.4g} % {labels.taken(rows['effect'])}"
    return (
        f"{said}, {labels.SHORT_NOISES.get(noise, noise)} {noise_level:g}" if noise_level else said
    )


def _line(axes: Axes, found: pd.DataFrame, look: Mapping[str, Any], most: float) -> None:
    """Draw accuracy by confidence, and in the strip the share of images, `most` [%] at the top."""
    full = found[found["images"] >= _FEWEST]
    axes.plot(full["confidence"], full["accuracy"], **look)
    shares = np.zeros(BINS)
    shares[found["bin"] - 1] = found["share"]
    axes.stairs(
        _STRIP + _TALLEST * shares / most,
        np.linspace(0, 100, BINS + 1),
        baseline=None,
        color=look["color"],
        linestyle=look["linestyle"],
        linewidth=0.7,
    )


def _note(found: pd.DataFrame, table: pd.DataFrame, most: float) -> str:
    images = " or ".join(f"{count:,}" for count in sorted(set(table["n_images"])))
    least, largest = found["n"].min(), found["n"].max()
    n = f"n = {least}" if least == largest else f"n = {least} to {largest}"
    return (
        f"Accuracy in {BINS} bins of confidence, of {images} images and {n} replicates together; "
        f"no intervals, bins of fewer than {_FEWEST} images are left out. Below the diagonal a "
        "network is too confident. Strip below 0: the share of the images in each bin, its top "
        f"is {most:.0f} %. "
    )
