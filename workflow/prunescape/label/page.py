"""The label as one page of HTML that prints on A4: no script, no network."""

import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prunescape.drawing import labels
from prunescape.foundations.plain_text import literal
from prunescape.label import curve
from prunescape.label.words import amount, named, percent, plural, points, unshown

Label = Mapping[str, Any]
"""The contents of label.json, as docs/your-model.md describes it."""


def compose(label: Label, template: str, styles: str) -> str:
    """Return the page.

    Args:
        label: what it shows.
        template: HTML with $title, $styles and $contents.
        styles: a style sheet.
    """
    sections = [
        _head(label),
        _answers(label),
        f"<h2>What each way of pruning costs</h2>{_curve(label)}",
        _table_of_methods(label),
        _details(label),
        _reading(label),
        _provenance(label),
    ]
    title = literal(f"How far can {label['network']} be pruned?", "html")
    return string.Template(template).substitute(
        title=title, styles=styles, contents="\n".join(sections)
    )


def _head(label: Label) -> str:
    images, count = label["images"], label["networks"]
    network = literal(label["network"], "html")
    many = "one network" if count == 1 else f"{count} networks"
    return (
        f"<h1>How far can {network} be pruned?</h1>"
        f"<p>{many.capitalize()} with {label['weights']:,} prunable weights on "
        f"{images['evaluated']:,} images of {literal(_place(label), 'html')}: "
        f"{percent(label['unpruned']['accuracy'])} are classified correctly before pruning.</p>"
    )


def _place(label: Label) -> str:
    """Return where the images come from: the user's file or folder, or the data set."""
    kind, _, path = label["source"].partition(":")
    return str(path if kind in ("file", "classes") else label["dataset"])


def _answers(label: Label) -> str:
    items = []
    for choice in label["choices"]:
        limit = f"to lose less than {choice['limit']:g} {plural(choice['limit'])}"
        if choice["level"] is None:
            why = literal(unshown(label, choice), "html")
            items.append(f'<li class="none"><b>nothing shown</b>{limit}: {why}</li>')
            continue
        method = literal(named(label["methods"][choice["method"]]), "html")
        items.append(
            f"<li><b>{percent(choice['level'])}</b> of the weights can go, {limit}: by {method}. "
            f"Lost: {points(choice['points'])} points, with 95\u00a0% confidence less than "
            f"{points(choice['at_most'])}</li>"
        )
    images = label["images"]
    return (
        f'<ul class="answers">{"".join(items)}</ul>'
        f'<p class="quiet">{images["choosing"]:,} images chose the way of pruning; these figures '
        f"are of the other {images['stating']:,}. Points are percentage points of accuracy.</p>"
    )


def _curve(label: Label) -> str:
    limits = [choice["limit"] for choice in label["choices"]]
    drawn = curve.svg(label["methods"], limits)
    note = "Bands reach to the upper bound of 95 % confidence; dotted: the limits above."
    if "until_lost" in label:
        note += (
            f" A curve ends at the first sparsity that loses more than {label['until_lost']:g} "
            "points: larger ones were not evaluated."
        )
    return f'<div class="scroll">{drawn}</div><p class="quiet">{note}</p>'


def _table_of_methods(label: Label) -> str:
    limits = [choice["limit"] for choice in label["choices"]]
    head = [
        "largest share of weights removed, on all images, shown to lose less than",
        *(f"{limit:g} {plural(limit)}" for limit in limits),
    ]
    best = {choice["method"] for choice in label["choices"]}
    rows, looks = [], []
    for number, method in enumerate(label["methods"]):
        levels = [each["level"] for each in method["largest"]]
        rows.append([named(method), *("–" if at is None else percent(at) for at in levels)])
        looks.append("control" if method["control"] else "best" if number in best else "")
    return _table(head, rows, looks)


def _details(label: Label) -> str:
    detail, measured = label["detail"], label["measured"]
    if detail is None:
        return ""
    method = label["methods"][detail["method"]]
    here = next(
        point
        for point in method["points"]
        if (point["step"], point["level"]) == (detail["step"], detail["level"])
    )
    title = f"{percent(detail['level'])} removed by {literal(named(method), 'html')}"
    left = _broken(label, detail) + _calibration(label["unpruned"], here)
    right = _sizes(measured) + _noise(measured["noise"])
    return f'<h2>{title}</h2><div class="two"><div>{left}</div><div>{right}</div></div>'


def _broken(label: Label, detail: Mapping[str, Any]) -> str:
    evaluated = label["images"]["evaluated"]
    text = (
        f"<p>Of all {evaluated:,} images, those that chose too, {detail['broken']:,.6g} become "
        f"wrong and {detail['mended']:,.6g} right: {points(detail['points'])} points lost"
    )
    if detail["mcnemar_p"] is not None:
        text += f" (McNemar's exact test: p = {detail['mcnemar_p']:.2g})"
    known = [each for each in detail["classes"] if each["loss"] is not None]
    worst = sorted(known, key=lambda each: -each["loss"])[:5]
    rows = [[each["name"], f"{each['images']:,}", points(each["loss"])] for each in worst]
    return text + ".</p>" + _table(["classes that lose most", "images", "points"], rows)


def _calibration(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    rows = [
        [name, *(f"{side[key]:.4f}" for side in (before, after))]
        for name, key in (
            ("calibration error (ECE)", "ece"),
            ("negative log likelihood (nats)", "nll"),
            ("Brier score", "brier"),
        )
    ]
    return _table(["confidence", "before", "pruned"], rows)


def _sizes(measured: Mapping[str, Any]) -> str:
    sizes, adds = measured["bytes"], measured["multiply_adds"]
    plain, compressed = sizes["compressed"]
    rows = [
        ["bytes", amount(sizes["unpruned"]), f"{amount(sizes['pruned'])} ({sizes['way']})"],
        ["bytes, compressed (zstd)", amount(plain), amount(compressed)],
        ["multiply-adds an image", amount(adds["all"]), f"{amount(adds['nonzero'])} nonzero"],
    ]
    for batch, times in measured["latency"].items():
        text = [f"{times[side]['median']:.3g}\u00a0ms" for side in ("unpruned", "pruned")]
        rows.append([f"time of {batch} {'image' if batch == '1' else 'images'}, one thread", *text])
    note = (
        "Zeros scattered over a weight matrix save space, not time, in plain PyTorch; time is "
        "saved by runtimes for sparse weights, or by removing whole units."
    )
    return _table(["size and time", "before", "pruned"], rows) + f'<p class="quiet">{note}</p>'


def _noise(rows: Iterable[Mapping[str, Any]]) -> str:
    found = [
        [
            f"{labels.SHORT_NOISES.get(row['noise'], row['noise'])} {row['level']:g}",
            *(percent(round(row[side], 4)) for side in ("unpruned", "pruned")),
            f"{points(row['points'])} (<\u00a0{points(row['at_most'])})",
        ]
        for row in rows
    ]
    return _table(["accuracy under noise", "before", "pruned", "lost"], found) if found else ""


def _reading(label: Label) -> str:
    one = label["networks"] == 1
    about = (
        "They speak of this network on new images like these, not of training it again."
        if one
        else "They speak of networks trained like these, on new images like these."
    )
    bound = (
        "Newcombe's interval for two shares of the same images"
        if one
        else "the crossed model of networks and images"
    )
    measured = any(method["effect"] == "recalibrate" for method in label["methods"])
    anew = (
        " Statistics anew: after pruning, the means and variances by which layers such as "
        "BatchNorm normalise are measured again on the images that rank weights."
        if measured
        else ""
    )
    return (
        f"<h2>How to read it</h2><p>Bounds are one-sided at 95 %, from {bound}. {about} Sparsities "
        "were tested in rising order up to the first that isn't shown to stay below the limit, so "
        "each statement has the error of one test. Weights are ranked with "
        f"{label['images']['calibration']:,} images that were not evaluated; whether the network "
        f"was trained on evaluated ones is not known here.{_repeated(label)} Grey rows "
        "are controls: a criterion that "
        f"isn't better than they are tells nothing.{anew}</p>"
    )


def _repeated(label: Label) -> str:
    """Return a warning about evaluated images that are known to stand in the training data."""
    images = label["images"]
    if not images["repeated"]:
        return ""
    return (
        f" <b>{images['repeated']:,} of {images['evaluated']:,} evaluated images stand in the "
        "training or calibration data too, pixel for pixel: they tell nothing about new images.</b>"
    )


def _provenance(label: Label) -> str:
    rows = [[name, digest[:16]] for name, digest in label["files"].items()]
    command = f"<code>{literal(label['command'], 'html')}</code>" if label["command"] else ""
    return (
        f"<h2>Made from</h2>{_table(['file', 'SHA-256 begins with'], rows)}"
        f'<p class="quiet">prunescape {literal(label["version"], "html")}. {command}</p>'
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], looks: Sequence[str] = ()) -> str:
    """Return a table whose first column names the rows; texts are escaped here."""
    top = "".join(f'<th scope="col">{literal(each, "html")}</th>' for each in head)
    body = []
    for number, (name, *cells) in enumerate(rows):
        look = f' class="{looks[number]}"' if looks and looks[number] else ""
        shown = "".join(f"<td>{literal(cell, 'html')}</td>" for cell in cells)
        body.append(f'<tr{look}><th scope="row">{literal(name, "html")}</th>{shown}</tr>')
    return (
        f'<div class="scroll"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )
