"""Compare pruned networks with unpruned ones image by image: what pruning breaks, and mends."""

import _script
from prunescape.evaluation import outcomes, table
from prunescape.foundations import files
from prunescape.report import flips


def main() -> None:
    """Parse the arguments, compare, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--folder", required=True, help="folder of the run, results/<run>")
    parser.add_argument("--study", required=True, help="study to compare")
    parser.add_argument("--data", required=True, help="folder of the prepared data sets")
    parser.add_argument("--table-output", required=True, metavar="FILE", help="arms as CSV")
    parser.add_argument(
        "--images-output", required=True, metavar="FILE", help="broken images (safetensors)"
    )
    arguments = parser.parse_args()
    found = outcomes.outcomes(arguments.folder, arguments.study, noise="none", prediction="mean")
    split = outcomes.images(found, arguments.data)

    compared = flips.table(found, split.labels, split.classes)
    broken = flips.broken_images(found, split.images, split.labels)

    table.write_csv(compared, arguments.table_output)
    files.write_tensors(arguments.images_output, *broken)


if __name__ == "__main__":
    _script.run(main)
