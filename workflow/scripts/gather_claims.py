"""Join the verdicts on a run's studies into one table."""

import _script
from prunescape.foundations import csv_files, files


def main() -> None:
    """Parse the arguments, join, write."""
    parser = _script.parser(__doc__)
    parser.add_argument(
        "--claims", required=True, nargs="+", metavar="FILE", help="studies' claims.csv"
    )
    parser.add_argument(
        "--parts", required=True, nargs="+", metavar="FILE", help="studies' claim_parts.csv"
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="verdicts as CSV")
    parser.add_argument("--parts-output", required=True, metavar="FILE", help="their parts as CSV")
    arguments = parser.parse_args()

    files.write_text(arguments.output, csv_files.joined(arguments.claims))
    files.write_text(arguments.parts_output, csv_files.joined(arguments.parts))


if __name__ == "__main__":
    _script.run(main)
