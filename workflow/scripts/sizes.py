"""Measure the bytes, multiply-adds and latency of exported networks."""

from pathlib import Path
from typing import Any

import pandas as pd

import _script
from prunescape.evaluation import table
from prunescape.exports import latency, sizes, storage
from prunescape.exports.portable import Portable
from prunescape.foundations import files
from prunescape.pipeline import paths

BATCHES = (1, 256)


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--folders", nargs="+", required=True, type=Path, help="of the exports")
    parser.add_argument("--output", required=True, metavar="FILE", help="sizes as CSV")
    arguments = parser.parse_args()

    found: list[dict[str, Any]] = []
    for folder in arguments.folders:
        described = files.read_json(folder / "export.json")
        nominal = described.pop("nominal")
        models = {form: Portable.load(folder / form) for form in paths.FORMS}
        calls = {
            (form, way, batch): run
            for batch in BATCHES
            for form, model in models.items()
            for way, run in latency.runs(model, folder / f"{form}.onnx", batch).items()
        }
        stored = {form: storage.sizes(model.arrays) for form, model in models.items()}
        counted = {form: model.multiply_adds().values() for form, model in models.items()}
        computed = {
            form: (sum(every for every, _ in pairs), sum(nonzero for _, nonzero in pairs))
            for form, pairs in counted.items()
        }
        times = latency.measure(calls)
        found += sizes.rows(folder.name, described, nominal, stored, computed, times)
    table.write_csv(pd.DataFrame(found, columns=sizes.COLUMNS), arguments.output)


if __name__ == "__main__":
    _script.run(main)
