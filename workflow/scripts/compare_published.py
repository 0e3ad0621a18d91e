"""Compare published results with the run's: intervals of the differences, and verdicts."""

import _script
from prunescape.evaluation import table
from prunescape.report import published_results


def main() -> None:
    """Parse the arguments, compare, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--table", required=True, metavar="FILE", help="table as parquet")
    parser.add_argument("--published", required=True, metavar="FILE", help="public_figures.csv")
    parser.add_argument(
        "--tolerance", required=True, type=float, help="points within which means are equal"
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="comparison as CSV")
    arguments = parser.parse_args()

    compared = published_results.compare(
        table.of_means(table.read_parquet(arguments.table)),
        published_results.read(arguments.published),
        arguments.tolerance,
    )

    table.write_csv(compared, arguments.output)


if __name__ == "__main__":
    _script.run(main)
