"""Compare the ways in which a study prunes its networks, and choose among them for a label."""

import _script
from prunescape.data import datasets
from prunescape.evaluation import outcomes, table
from prunescape.foundations import files
from prunescape.label import comparing


def main() -> None:
    """Parse the arguments, compare, choose, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--table", required=True, help="the study's table as parquet")
    parser.add_argument(
        "--outcomes",
        type=_script.structure,
        required=True,
        help="outcomes files of the evaluation's jobs (JSON)",
    )
    parser.add_argument("--images", required=True, help="split file that was evaluated")
    parser.add_argument("--limits", required=True, type=float, nargs="+", help="points of accuracy")
    parser.add_argument("--seed", required=True, type=int, help="root of the random streams")
    parser.add_argument("--output", required=True, help="to write (JSON)")
    arguments = parser.parse_args()

    found = outcomes.of_rows(table.read_parquet(arguments.table), arguments.outcomes)
    split = datasets.load([arguments.images])
    files.write_json(
        arguments.output,
        comparing.compared(
            found,
            split.labels,
            datasets.class_names(arguments.images),
            arguments.limits,
            arguments.seed,
        ),
    )


if __name__ == "__main__":
    _script.run(main)
