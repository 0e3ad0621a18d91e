"""Measures exported networks: bytes, multiply-adds and latency of every form (needs torch)."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from prunescape.exports import latency, sizes, storage
from prunescape.exports.portable import Portable
from prunescape.foundations import files

BATCHES = (1, 256)
"""Images at a time, for latency."""


def rows(folder: Path, forms: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of `sizes` for one export.

    Args:
        folder: the export's; its name is that of the export.
        forms: names of the forms in it, "dense" among them.

    Raises:
        ValueError: if a file of the export is damaged.
    """
    described = files.read_json(folder / "export.json")
    nominal = described.pop("nominal")
    models = {form: Portable.load(folder / form) for form in forms}
    stored = {form: storage.sizes(model.arrays) for form, model in models.items()}
    computed = {}
    for form, model in models.items():
        every, nonzero = zip(*model.multiply_adds().values(), strict=True)
        computed[form] = (sum(every), sum(nonzero))
    calls = {
        (form, way, batch): run
        for batch in BATCHES
        for form, model in models.items()
        for way, run in latency.runs(model, folder / f"{form}.onnx", batch).items()
    }
    times = latency.measure(calls)
    yield from sizes.rows(folder.name, described, nominal, stored, computed, times)
