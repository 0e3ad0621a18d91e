"""Write a study's main table from its scores, as CSV and as LaTeX for papers."""

import _script
from prunescape.drawing import main_table, summary
from prunescape.evaluation import table
from prunescape.foundations import files


def main() -> None:
    """Parse the arguments, average, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--table", required=True, metavar="FILE", help="a study's table as parquet")
    parser.add_argument("--study", required=True, help="the study's name")
    parser.add_argument("--csv-output", required=True, metavar="FILE", help="as CSV")
    parser.add_argument("--latex-output", required=True, metavar="FILE", help="as LaTeX")
    arguments = parser.parse_args()
    scores = summary.one_ranking(table.of_means(table.read_parquet(arguments.table)))

    found = main_table.numbers(scores)

    table.write_csv(found, arguments.csv_output)
    text = main_table.latex(found, arguments.study, int(scores["n_images"].max()))
    files.write_text(arguments.latex_output, text)


if __name__ == "__main__":
    _script.run(main)
