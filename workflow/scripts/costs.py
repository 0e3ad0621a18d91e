"""Collect Snakemake's records of what the jobs of a run cost."""

from pathlib import Path

import _script
from prunescape import costs, table


def main() -> None:
    """Parse the arguments, collect, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--folder", required=True, type=Path, help="benchmarks/ of the run")
    parser.add_argument("--output", required=True, metavar="FILE", help="costs as CSV")
    arguments = parser.parse_args()

    found = costs.collect(arguments.folder)

    table.write_csv(found, arguments.output)


if __name__ == "__main__":
    _script.run(main)
