"""Measure how much a study's masks overlap between criteria and between replicates."""

import _script
from prunescape.evaluation import table
from prunescape.foundations import files
from prunescape.report import overlaps


def main() -> None:
    """Parse the arguments, compare, write."""
    parser = _script.parser(__doc__)
    parser.add_argument(
        "--cuts",
        type=_script.structure,
        required=True,
        metavar="JSON",
        help="[[file of packed masks, network, fit, schedule, step, level], ...]",
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="pairs of masks as CSV")
    arguments = parser.parse_args()

    found = overlaps.table(
        (overlaps.Cut(*cut), *files.read_members(masks)) for masks, *cut in arguments.cuts
    )

    table.write_csv(found, arguments.output)


if __name__ == "__main__":
    _script.run(main)
