"""Measure the bytes, multiply-adds and latency of exported networks."""

from pathlib import Path

import pandas as pd

import _script
from prunescape.evaluation import table
from prunescape.exports import measuring, savings


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--folders", nargs="+", required=True, type=Path, help="of the exports")
    parser.add_argument("--output", required=True, metavar="FILE", help="sizes as CSV")
    arguments = parser.parse_args()

    found = [row for each in arguments.folders for row in measuring.rows(each)]

    table.write_csv(pd.DataFrame(found, columns=savings.COLUMNS), arguments.output)


if __name__ == "__main__":
    _script.run(main)
