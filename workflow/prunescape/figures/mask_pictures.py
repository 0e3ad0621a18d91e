"""Masks as pictures: how much of each pixel the first layer keeps."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from prunescape.drawing import labels, style, summary
from prunescape.drawing.layout import Panels
from prunescape.foundations import files, levels
from prunescape.foundations.files import Arrays
from prunescape.foundations.table_rows import named_rows
from prunescape.scoring.needs import SHUFFLED

_ARM = [*summary.COLUMN, "criterion", "scope"]
_LEVELS = 3  # sparsities that are drawn
_PICTURES = 24  # on a figure
_KEYED = (0, 10, 25, 50, 100)  # percent, in the legend
# The eye tells shades of few percent apart, of which sparse masks are made.
_NORM, _MAP = PowerNorm(0.5, 0, 100), colormaps["cividis"]


class _Dense(NamedTuple):
    """The first layer of a model, which sees all pixels."""

    name: str
    units: int


def read(images: str | os.PathLike, *paths: str | os.PathLike, study: str) -> pd.DataFrame:
    """Return how much of each pixel the masks of a study's models keep.

    Args:
        images: a split file of the study's data set.
        paths: scores of its models, .../<network>/<fit>/<block>/score/<file>, and their packed
            masks, .../<network>/<fit>/<block>/prune/<selection>/<level>/<file>.
        study: the study.

    Returns:
        A row a mask: network, fit, level, criterion, scope, replicate, selection (exact_k), and
        picture: an array [H, W] in percent, the share of the first layer's weights on a pixel, in
        all of its channels, that is kept. Models whose first layer doesn't see all pixels, as
        convolutions, have no row.
    """
    shape = files.map_tensors(images)[0]["images"].shape[1:]
    named = [Path(path) for path in paths]
    scored = [path for path in named if path.parent.name == "score"]
    first = {_model(path.parent): _first_layer(path, int(np.prod(shape))) for path in scored}
    rows = []
    for path in named:
        *_, network, fit, _, _, _, level, _ = path.parts
        dense = first.get((network, fit)) if path not in scored else None
        if dense:
            cut = (network, fit, levels.number(level))
            rows += [(*cut, *found) for found in _pictures(path, dense, shape)]
    columns = ["network", "fit", "level", "criterion", "scope", "replicate", "picture"]
    return pd.DataFrame(rows, columns=columns).assign(selection="exact_k")


def _model(stage: Path) -> tuple[str, str]:
    """Return network and fit of .../<network>/<fit>/<block>/<stage>."""
    return stage.parents[2].name, stage.parents[1].name


def _first_layer(scores: Path, pixels: int) -> _Dense | None:
    """Return the first layer of scored networks, if each of its units sees all pixels."""
    arrays, _ = files.read_tensors(scores)
    name, values = next(iter(_in_order(arrays).items()))
    dense = values.ndim == 3 and values.shape[2] == pixels
    return _Dense(name.partition("/")[2], values.shape[1]) if dense else None


def _in_order(arrays: Arrays) -> Arrays:
    """Return the arrays of layers, "<...>/<number of the layer>", in the order of the layers."""
    return dict(sorted(arrays.items(), key=lambda each: int(each[0].rpartition("/")[2])))


def _pictures(
    masks: Path, dense: _Dense, shape: tuple[int, ...]
) -> list[tuple[str, str, int, np.ndarray]]:
    """Return criterion, scope, replicate and picture of the masks in a file."""
    packed, replicates = files.read_members(masks)
    found = []
    for name, bits in packed.items():
        criterion, scope, layer = name.split("/")
        if layer != dense.name:
            continue
        count = dense.units * int(np.prod(shape))
        kept = np.unpackbits(bits, axis=1, count=count).reshape(-1, dense.units, *shape)
        shares = 100 * kept.mean((1, 2))  # over units and channels
        found += [
            (criterion, scope, replicate, share)
            for replicate, share in zip(replicates, shares, strict=True)
        ]
    return found


def numbers(pictures: pd.DataFrame) -> pd.DataFrame:
    """Return the mean picture of every arm at a few sparsities.

    Random and shuffled masks are left out, and so is snr where log_alpha ranks alike; drawn are the
    first 24 pictures in the order of networks, fits and legends.

    Returns:
        network, fit, criterion, scope, level, n (replicates), kept (percent of the layer's
        weights), and picture: an array [H, W], percent.

    Raises:
        ValueError: if no model's first layer sees all pixels.
    """
    controls = (pictures["criterion"] == "random") | pictures["criterion"].str.startswith(SHUFFLED)
    rows = pictures[~controls & (pictures["level"] > 0)]
    if rows.empty:
        raise ValueError("figure mask_pictures: no masks of a first layer that sees all pixels")
    rows = summary.one_ranking(rows)
    rows = rows[rows["level"].isin(summary.spread(sorted(set(rows["level"])), _LEVELS))]
    groups = rows.groupby([*_ARM, "level"])["picture"]
    found = groups.agg(n="size", picture=lambda each: np.mean(list(each), axis=0)).reset_index()
    found["kept"] = [picture.mean() for picture in found["picture"]]
    place = {name: i for i, name in enumerate(style.order(found["criterion"]))}
    found = found.assign(place=found["criterion"].map(place))
    found = found.sort_values([*summary.COLUMN, "place", "scope", "level"], ignore_index=True)
    return found.drop(columns="place").head(_PICTURES)


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw pictures of the pixels [H, W] under a heading for each network and fit."""
    found = numbers(elsewhere)
    columns = summary.groups(found, summary.COLUMN)
    heads = summary.headings(columns, summary.COLUMN)
    effects = set(table["effect"])
    by_column = [summary.at(found, summary.COLUMN, column) for column in columns]
    with style.applied(settings):
        sections = [
            (head, [_title(row, found, effects) for row in named_rows(rows)])
            for head, rows in zip(heads, by_column, strict=True)
        ]
        panels = Panels(sections, settings, narrowest=1.0, shape=1.0, left=0.1, legend=len(_KEYED))
        for (section, place), axes in panels.axes.items():
            picture = by_column[section]["picture"].iloc[place]
            axes.imshow(picture, cmap=_MAP, norm=_NORM, interpolation="nearest", aspect="equal")
            axes.set_xticks([])
            axes.set_yticks([])
        handles: list[Artist] = [
            Patch(color=_MAP(_NORM(share)), label=f"{share} %") for share in _KEYED
        ]
        return panels.finish("", "", handles, _note(found, effects))


def _title(row: Any, found: pd.DataFrame, effects: set[str]) -> str:
    """Return what a picture is of: sparsity, criterion, scope where there are several."""
    said = [f"{100 * row.level:.4g} % {labels.taken(effects)}"]
    said.append(labels.label("criterion", row.criterion))
    if found["scope"].nunique() > 1:
        said.append(labels.brief("scope", row.scope))
    return ", ".join(said)


def _note(found: pd.DataFrame, effects: set[str]) -> str:
    """Return what the shades are."""
    least, most = found["n"].min(), found["n"].max()
    n = f"{least}" if least == most else f"{least} to {most}"
    return (
        f"The share of the first layer's weights on a pixel that is {labels.left(effects)}, mean "
        f"over n = {n} replicates. Sparsities are counted in all layers together, so the first may "
        "keep more or less. " + summary.shared(found)
    )
