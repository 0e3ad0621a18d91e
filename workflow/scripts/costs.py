"""Collect the costs of a study's jobs from Snakemake's records and the jobs' logs."""

from pathlib import Path

import _script
from prunescape.evaluation import table
from prunescape.running import costs


def main() -> None:
    """Parse the arguments, collect, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--results", required=True, type=Path, help="folder of the run")
    parser.add_argument("--study", required=True, help="study whose jobs are collected")
    parser.add_argument("--output", required=True, metavar="FILE", help="costs as CSV")
    arguments = parser.parse_args()

    found = costs.collect(arguments.results, arguments.study)

    table.write_csv(found, arguments.output)


if __name__ == "__main__":
    _script.run(main)
