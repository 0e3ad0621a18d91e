"""Make the explorer: one page that holds the whole table and needs no server or network."""

from pathlib import Path

import _script
from prunescape.evaluation import table
from prunescape.explorer import contents, page
from prunescape.foundations import files
from prunescape.verdicts import claims


def main() -> None:
    """Parse the arguments, compose the page, write it."""
    parser = _script.parser(__doc__)
    parser.add_argument("--table", required=True, metavar="FILE", help="table as parquet")
    parser.add_argument("--claims", required=True, metavar="FILE", help="claims.csv of the run")
    parser.add_argument("--run", required=True, help="name of the run")
    parser.add_argument("--template", required=True, type=Path, metavar="FILE", help="HTML")
    parser.add_argument("--styles", required=True, type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--scripts", required=True, type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--output", required=True, metavar="FILE", help="page as HTML")
    arguments = parser.parse_args()

    known = contents.contents(
        table.of_means(table.read_parquet(arguments.table)),
        claims.read_verdicts(arguments.claims),
        arguments.run,
    )

    def read(paths: list[Path]) -> list[str]:
        return [path.read_text(encoding="utf-8") for path in paths]

    [template] = read([arguments.template])
    text = page.compose(known, template, read(arguments.styles), read(arguments.scripts))
    files.write_text(arguments.output, text)


if __name__ == "__main__":
    _script.run(main)
