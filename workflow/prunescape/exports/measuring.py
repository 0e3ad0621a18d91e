"""Measures exported networks: bytes, multiply-adds and latency of every form (needs torch)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from prunescape.exports import latency, loading, runtimes, savings, stored_bytes
from prunescape.exports.loading import Exported
from prunescape.exports.portable_modules import PortableModule
from prunescape.foundations import files
from prunescape.pipeline import paths


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of `sizes` for one export.

    Args:
        folder: the export's; its name is that of the export.

    Raises:
        ValueError: if a file of the export is damaged.
    """
    described = files.read_json(folder / "export.json")
    nominal = described.pop("nominal")
    models = _models(folder)
    stored = {form: stored_bytes.sizes(each.arrays, each.prunable) for form, each in models.items()}
    computed = {}
    for form, model in models.items():
        every, nonzero = zip(*model.multiply_adds().values(), strict=True)
        computed[form] = (sum(every), sum(nonzero))
    calls = {
        (form, way, batch): run
        for batch in latency.batches(computed["dense"][0])
        for form, model in models.items()
        for way, run in runtimes.runs(model, _onnx(model, folder / f"{form}.onnx"), batch).items()
    }
    times = latency.measure(calls)
    yield from savings.rows(folder.name, described, nominal, stored, computed, times)


def _models(folder: Path) -> dict[str, Exported]:
    """Return form -> network: of layers three forms, of a user's module two or three."""
    dense = loading.load(folder / "dense")
    forms: Sequence[str] = paths.FORMS
    if isinstance(dense, PortableModule) and not (folder / "compact.json").exists():
        forms = paths.MODULE_FORMS
    return {form: loading.load(folder / form) for form in forms}


def _onnx(model: Exported, path: Path) -> Path | None:
    """Return the path of a network's ONNX file; None if there is none."""
    missing = isinstance(model, PortableModule) and model.without_onnx
    return None if missing else path
