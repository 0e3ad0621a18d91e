"""Download the raw files of a data source from the first mirror that has them; verify them."""

import logging
from pathlib import Path

import _script
from prunescape.data import sources


def main() -> None:
    """Parse the arguments, fetch the files."""
    parser = _script.parser(__doc__)
    parser.add_argument("--source", required=True, help="mnist, fashion_mnist or digits")
    parser.add_argument(
        "--mirrors", required=True, type=_script.structure, help="JSON list, in the order to try"
    )
    parser.add_argument(
        "--output", required=True, nargs="+", type=Path, help="one path for each raw file"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    sources.fetch(arguments.source, arguments.mirrors, arguments.output)


if __name__ == "__main__":
    _script.run(main)
