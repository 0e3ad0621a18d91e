"""Write the front page of a run's report: the verdicts, and the savings that sparsity brings."""

import _script
from prunescape.evaluation import table
from prunescape.exports import savings
from prunescape.fitting import divergence
from prunescape.foundations import files
from prunescape.report import front_page
from prunescape.verdicts import claims


def main() -> None:
    """Parse the arguments, put the verdicts into words, write them."""
    parser = _script.parser(__doc__)
    parser.add_argument("--claims", required=True, metavar="FILE", help="claims.csv of the run")
    parser.add_argument("--table", required=True, metavar="FILE", help="table as parquet")
    parser.add_argument("--diverged", required=True, metavar="FILE", help="diverged.csv of the run")
    parser.add_argument(
        "--sizes", nargs="?", metavar="FILE", help="sizes.csv, if networks were exported"
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="reStructuredText")
    arguments = parser.parse_args()

    text = front_page.verdicts(claims.read_verdicts(arguments.claims))
    text += front_page.diverged(divergence.read(arguments.diverged))
    text += front_page.empty_layers(table.of_means(table.read_parquet(arguments.table)))
    if arguments.sizes:
        text += "\n" + front_page.savings(savings.read(arguments.sizes))

    files.write_text(arguments.output, text)


if __name__ == "__main__":
    _script.run(main)
