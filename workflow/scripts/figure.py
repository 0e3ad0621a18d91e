"""Draw one kind of figure of one study from its table, or what else the kind reads."""

import _script
from prunescape.drawing import style, summary
from prunescape.evaluation import table
from prunescape.figures import kinds


def main() -> None:
    """Parse the arguments, draw the figure, write it in each format."""
    parser = _script.parser(__doc__)
    parser.add_argument("--kind", required=True, choices=kinds.KINDS)
    parser.add_argument("--table", required=True, metavar="FILE", help="table as parquet")
    parser.add_argument("--study", required=True, help="study to draw")
    parser.add_argument(
        "--settings",
        type=_script.structure,
        default={},
        metavar="JSON",
        help="width in inches, font_size in points, dots_per_inch",
    )
    parser.add_argument(
        "--references", required=True, nargs="+", metavar="FILE", help="results from elsewhere"
    )
    parser.add_argument("--outputs", required=True, nargs="+", metavar="FILE", help=".svg or .png")
    arguments = parser.parse_args()

    settings = style.Settings.of(arguments.settings)
    scores = table.of_means(table.read_parquet(arguments.table))
    scores = scores[scores["study"] == arguments.study]
    if scores.empty:
        raise ValueError(f"{arguments.table}: no rows of study {arguments.study}")
    scores = summary.one_ranking(scores)
    found = kinds.elsewhere(arguments.kind, arguments.references, arguments.study)

    figure = kinds.load(arguments.kind).draw(scores, settings, found)

    style.save(figure, arguments.outputs, settings)


if __name__ == "__main__":
    _script.run(main)
