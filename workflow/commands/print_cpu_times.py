"""Print where the CPU time of a run went, from its logs."""

from pathlib import Path

import _command
from prunescape.running import spending


def main() -> None:
    """Parse the arguments, print the summary."""
    parser = _command.parser(__doc__)
    parser.add_argument("results", type=Path, metavar="FOLDER", help="results/<run>")
    arguments = parser.parse_args()

    print(spending.report(arguments.results))


if __name__ == "__main__":
    _command.run(main)
