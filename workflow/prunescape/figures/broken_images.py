"""Images that pruning breaks: most pruned replicates get them wrong, most unpruned ones right."""

import os
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from prunescape.drawing import labels, layout, style, summary
from prunescape.foundations import files
from prunescape.foundations.table_rows import named_rows

_ARM = [*summary.COLUMN, "criterion", "selection", *summary.ROW]
_ALIKE = [*summary.COLUMN, "criterion", "level", "broken_in_most", "difference"]
_CHEAP = 2.0  # points of accuracy: pruning that costs at most so much looks free
_ARMS = 6  # strips of pictures
_ACROSS = 8  # pictures a strip
_PAD, _GAP = 0.06, 0.08  # inches: at the edge, between pictures


def read(path: str | os.PathLike, *, study: str) -> pd.DataFrame:
    """Return the pictures of `flips.broken_images`, a row each, with the columns of their arms.

    `image` holds an array [H, W] or [H, W, 3] in [0, 1]. Raises ValueError naming the file if it
    is something else.
    """
    arrays, metadata = files.read_tensors(path)
    try:
        pictures = pd.DataFrame(
            {name: arrays[name] for name in ("row", "position", "label", "wrong", "right")}
        )
        arms = pd.DataFrame(metadata["arms"]).loc[pictures["row"]].reset_index(drop=True)
        found = pd.concat([pictures, arms], axis=1)
        found["image"] = pd.Series([_shown(image) for image in arrays["images"]], dtype=object)
    except KeyError as error:
        raise ValueError(f"{path}: no file of broken images: {error} is missing") from None
    return found


def _shown(image: np.ndarray) -> np.ndarray:
    """Return an image [C, H, W] as matplotlib takes it."""
    scaled = image / 255 if image.dtype == np.uint8 else image
    return np.asarray(scaled[0] if len(scaled) == 1 else scaled.transpose(1, 2, 0))


def numbers(pictures: pd.DataFrame) -> pd.DataFrame:
    """Return the pictures to draw: of every arm the most that it removes nearly for free.

    Of an arm's levels that cost at most 2 points of accuracy, the one that breaks most images; of
    the arms the 6 that break most. Random masks are left out, and so are snr where log_alpha ranks
    alike, other effects than zero where there is zero, and arms of a criterion that break the same
    images as one that is drawn. Nothing is left if no arm breaks an image at such a level.
    """
    rows = summary.one_ranking(pictures)
    rows = rows[(rows["criterion"] != "random") & (rows["effect"] != "freeze")]
    if (rows["effect"] == "zero").any():
        rows = rows[rows["effect"] == "zero"]
    rows = rows[rows["difference"] >= -_CHEAP]
    once = rows.drop_duplicates("row").sort_values(
        ["broken_in_most", "row"], ascending=[False, True]
    )
    most = once.drop_duplicates(_ARM)
    same = rows.groupby("row")["position"].agg(tuple).loc[most["row"]].to_numpy()
    most = most.assign(images=same).drop_duplicates([*_ALIKE, "images"])
    chosen = most.head(_ARMS)["row"]
    rows = rows[rows["row"].isin(chosen)]
    order = rows["row"].map({row: i for i, row in enumerate(chosen)})
    rows = rows.assign(order=order).sort_values(
        ["order", "wrong", "right", "position"], ascending=[True, False, False, True]
    )
    return rows.drop(columns="order").reset_index(drop=True)


def draw(table: pd.DataFrame, settings: style.Settings, elsewhere: pd.DataFrame) -> Figure:
    """Draw a strip of pictures for every arm, with class and counts below each."""
    found = numbers(elsewhere)
    strips = [rows for _, rows in found.groupby("row", sort=False)]
    line = settings.font_size / 72 * 1.45
    side = (settings.width - 2 * _PAD - (_ACROSS - 1) * _GAP) / _ACROSS
    with style.applied(settings):
        figure = Figure(figsize=(settings.width, 1), dpi=settings.dots_per_inch)
        FigureCanvasAgg(figure)
        top, places = _PAD, []
        texts: list[tuple[float, float, str, dict[str, Any]]] = []
        for rows in strips:
            for text in layout.wrapped(figure, _heading(rows.iloc[0]), weight="bold"):
                texts.append((_PAD, top, text, {"weight": "bold"}))
                top += line
            for i, picture in enumerate(named_rows(rows.head(_ACROSS))):
                left = _PAD + i * (side + _GAP)
                places.append((left, top, picture.image))
                caption = f"{picture.label}: {picture.wrong}, {picture.right}"
                middle: dict[str, Any] = {"ha": "center", "size": settings.font_size - 2}
                texts.append((left + side / 2, top + side + 0.02, caption, middle))
            top += side + 1.3 * line
        small: dict[str, Any] = {"size": settings.font_size - 0.5, "color": "#404040"}
        for text in layout.wrapped(figure, _note(table, found), **small):
            texts.append((_PAD, top, text, small))
            top += 0.95 * line
        height = top + _PAD
        figure.set_size_inches(settings.width, height)
        for left, above, image in places:
            box = (left, height - above - side, side, side)
            width = settings.width
            axes = figure.add_axes((box[0] / width, box[1] / height, side / width, side / height))
            axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axes.set_axis_off()
        for left, above, text, font in texts:
            figure.text(left / settings.width, 1 - above / height, text, va="top", **font)
        return figure


def _heading(arm: pd.Series) -> str:
    words = [labels.label(name, arm[name]) for name in ("criterion", "scope", "schedule")]
    if arm["selection"] == "threshold":
        amount = f"threshold {arm['level']:g}"
    else:
        amount = f"{100 * arm['level']:.4g} % removed"
    points = f"{arm['difference']:+.2f}".replace("-", "−")
    return (
        f"{labels.label('network', arm['network'])}, {labels.label('fit', arm['fit'])}: "
        f"{', '.join(words)}, {amount}: {arm['broken_in_most']} images, {points} points"
    )


def _note(table: pd.DataFrame, found: pd.DataFrame) -> str:
    if found.empty:
        return (
            "No image that most pruned networks get wrong and most unpruned ones right, at a level "
            f"that costs at most {_CHEAP:g} points of accuracy."
        )
    least, most = found["n"].min(), found["n"].max()
    return (
        "Images that most pruned networks get wrong and most unpruned ones of the same replicates "
        "right. Below each: its class, how many pruned networks get it wrong, and how many "
        f"unpruned ones right, of n = {least if least == most else f'{least} to {most}'}. In bold: "
        f"how many such images there are among {table['n_images'].max():,}, and what the pruning "
        f"costs on all of them. Drawn are at most {_ARMS} arms, those that break most images at a "
        f"level that costs at most {_CHEAP:g} points of accuracy, and {_ACROSS} images each; arms "
        "that break the same images are drawn once."
    )
