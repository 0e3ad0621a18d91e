"""Compare the masks of a study with each other, between criteria and between replicates."""

import _script
from prunescape.evaluation import table
from prunescape.foundations import files
from prunescape.report import overlaps


def main() -> None:
    """Parse the arguments, compare, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--masks", nargs="+", required=True, help="packed masks")
    parser.add_argument(
        "--cuts",
        type=_script.structure,
        required=True,
        help="network, fit, schedule, step, level of each file of masks (JSON)",
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="pairs of masks as CSV")
    arguments = parser.parse_args()

    masks = map(files.read_members, arguments.masks)
    found = overlaps.table(
        (overlaps.Cut(*cut), packed, replicates)
        for cut, (packed, replicates) in zip(arguments.cuts, masks, strict=True)
    )

    table.write_csv(found, arguments.output)


if __name__ == "__main__":
    _script.run(main)
