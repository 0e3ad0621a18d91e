"""Print the verdicts on the claims as a table for the terminal."""

import _command
from prunescape.report import claims


def main() -> None:
    """Parse the arguments, print the verdicts."""
    parser = _command.parser(__doc__)
    parser.add_argument("verdicts", metavar="FILE", help="claims.csv of a run")
    arguments = parser.parse_args()

    print(claims.report(claims.read_verdicts(arguments.verdicts)))


if __name__ == "__main__":
    _command.run(main)
