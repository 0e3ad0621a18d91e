"""Draw all claims of a run in one figure, from its verdicts alone."""

import _script
from prunescape.drawing import style
from prunescape.figures import forest
from prunescape.report import claim_parts
from prunescape.verdicts import claims


def main() -> None:
    """Parse the arguments, draw the figure, write it in each format."""
    parser = _script.parser(__doc__)
    parser.add_argument("--claims", required=True, metavar="FILE", help="claims.csv of the run")
    parser.add_argument("--parts", required=True, metavar="FILE", help="claim_parts.csv of the run")
    parser.add_argument(
        "--settings",
        type=_script.structure,
        default={},
        metavar="JSON",
        help="width in inches, font_size in points, dots_per_inch",
    )
    parser.add_argument("--outputs", required=True, nargs="+", metavar="FILE", help=".svg or .png")
    arguments = parser.parse_args()

    settings = style.Settings.of(arguments.settings)
    verdicts = claims.read_verdicts(arguments.claims)
    figure = forest.draw(verdicts, claim_parts.read(arguments.parts), settings)

    style.save(figure, arguments.outputs, settings)


if __name__ == "__main__":
    _script.run(main)
