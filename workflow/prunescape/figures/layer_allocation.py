"""Allocation of kept weights to layers: the share of a layer's weights that a criterion keeps."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunescape.drawing import ink, scales, style, summary
from prunescape.drawing.layout import Panels

# A mask doesn't depend on the effect, so effects get no panels.
_ROW = [*summary.COLUMN, "scope", "schedule"]
_MARKERS = "os^Dv<>P"
_EVEN = np.geomspace(100, 0.01, 100)  # no straight line on these axes


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the share of weights kept in every layer, against the share in the whole network.

    Random masks, which keep the same share of all layers, are left out if there are others; so are
    recipes as published, which have few levels.

    Returns:
        network, fit, scope, schedule, criterion, level, layer (from 1), kept_percent (of all
        weights), n, size (weights of the layer), and mean, low, high (of the layer's weights, in
        percent); from most to fewest weights kept.

    Raises:
        ValueError: if no network with several layers was pruned.
    """
    # Frozen weights count as kept. In these scopes all layers keep the same share.
    even = table["scope"].isin(["layer", "output_unit"])
    clean = table[(table["effect"] != "freeze") & ~even]
    sizes = clean[clean["criterion"] == "none"].drop_duplicates(summary.COLUMN)
    sizes = sizes[[*summary.COLUMN, "kept_by_layer"]]
    pruned = summary.exact(clean)
    for column, word in (("criterion", "random"), ("fit", "as_published")):
        if set(pruned[column]) > {word}:
            pruned = pruned[pruned[column] != word]
    pruned = pruned.drop_duplicates([*_ROW, "criterion", "level", "replicate"])
    rows = pruned.merge(sizes, on=summary.COLUMN, suffixes=("", "_dense"))
    split = rows.assign(
        layer=rows["kept_by_layer"].str.split().map(lambda kept: range(1, len(kept) + 1)),
        kept=rows["kept_by_layer"].str.split(),
        size=rows["kept_by_layer_dense"].str.split(),
    ).explode(["layer", "kept", "size"])
    split = split[split["layer"].groupby(split.index).transform("max") > 1]
    if split.empty:
        raise ValueError("figure layer_allocation: no network of several layers was pruned")
    split["share"] = 100 * split["kept"].astype(float) / split["size"].astype(float)
    split["layer"] = split["layer"].astype(int)
    by = [*_ROW, "criterion", "level", "layer"]
    found = summary.over_replicates(split, by, "share")
    split["size"] = split["size"].astype(int)
    kept = split.groupby(by).agg(kept_percent=("kept_percent", "mean"), size=("size", "first"))
    kept = kept.reset_index()
    found = found.merge(kept, on=by, validate="one_to_one")
    return found.sort_values([*_ROW, "criterion", "layer", "level"], ignore_index=True)


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw the share of weights kept in every layer [%] against that in the whole network."""
    found = numbers(table)
    layers = sorted(set(found["layer"]))
    # Dark to light with depth; cividis looks the same to colour-blind readers.
    depth = max(len(layers) - 1, 1)
    looks: dict[int, dict[str, Any]] = {
        n: {"color": colormaps["cividis"](0.75 * k / depth), "marker": _MARKERS[k % len(_MARKERS)]}
        | {"markeredgecolor": "white"}
        for k, n in enumerate(layers)
    }
    even: dict[str, Any] = {"color": "#595959", "linestyle": ":", "linewidth": 0.9}
    arms = summary.groups(found, [*_ROW, "criterion"])
    with style.applied(settings):
        handles: list[Artist] = [Line2D([], [], label=_layer(found, n), **looks[n]) for n in layers]
        handles += [Line2D([], [], label="even", **even), *ink.band(found["n"].max())]
        titles = summary.headings(arms, [*_ROW, "criterion"], brief=True)
        panels = Panels([("", titles)], settings, narrowest=1.45, legend=len(handles))
        for axes, arm in zip(panels.axes.values(), arms, strict=True):
            axes.plot(_EVEN, _EVEN, **even)
            panel = summary.at(found, [*_ROW, "criterion"], arm)
            for layer in layers:
                line = panel[panel["layer"] == layer]
                # An interval of shares ends where shares do.
                line = line.assign(low=line["low"].clip(0), high=line["high"].clip(upper=100))
                ink.curve(axes, line["kept_percent"], line, looks[layer] | {"linestyle": "-"})
        _axes(panels, found)
        note = (
            "Layers in the order of the images' way through them. Dotted: every layer keeps the "
            "same share, as random masks do. "
            + summary.sample(found, "Share of a layer's weights that is kept", None)
            + summary.constants(arms, [*_ROW, "criterion"])
        )
        return panels.finish(scales.kept_label([]), "kept of the layer (%)", handles, note)


def _axes(panels: Panels, found: pd.DataFrame) -> None:
    first = panels.first
    scales.kept(first, found["kept_percent"], panels.width)
    first.set_yscale("symlog", linthresh=0.1, linscale=0.6)
    first.set_ylim(-0.02, 130)
    first.set_yticks([0, 0.1, 1, 10, 100], ["0", "0.1", "1", "10", "100"])
    first.set_yticks([], minor=True)


def _layer(found: pd.DataFrame, layer: int) -> str:
    """Return a layer's name, with its size where all networks have the same."""
    sizes = set(found[found["layer"] == layer]["size"])
    return f"layer {layer}" + (f" ({sizes.pop():,} weights)" if len(sizes) == 1 else "")
