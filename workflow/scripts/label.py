"""Write a label: what was compared, chosen and measured, as JSON and as a page."""

from pathlib import Path

import _script
from prunescape.foundations import files
from prunescape.label import composing, page


def main() -> None:
    """Parse the arguments, put together, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--choice", required=True, help="what was compared and chosen (JSON)")
    parser.add_argument("--measured", required=True, help="what was measured of it (JSON)")
    parser.add_argument(
        "--said",
        required=True,
        type=_script.structure,
        help="run, network, fit, dataset, version, command (JSON)",
    )
    parser.add_argument("--training", required=True, nargs="+", help="split files of the training")
    parser.add_argument("--images", required=True, help="split file that was evaluated")
    parser.add_argument("--files", required=True, nargs="*", help="others that it was made from")
    parser.add_argument("--template", required=True, type=Path, metavar="FILE", help="HTML")
    parser.add_argument("--styles", required=True, type=Path, metavar="FILE", help="CSS")
    parser.add_argument("--json-output", required=True, metavar="FILE", help="the label as JSON")
    parser.add_argument("--page-output", required=True, metavar="FILE", help="the page as HTML")
    arguments = parser.parse_args()

    label = composing.label(
        arguments.said,
        files.read_json(arguments.choice),
        files.read_json(arguments.measured),
        arguments.training,
        arguments.images,
        [*arguments.files, *arguments.training, arguments.images],
    )
    template, styles = (
        path.read_text(encoding="utf-8") for path in (arguments.template, arguments.styles)
    )
    files.write_json(arguments.json_output, label)
    files.write_text(arguments.page_output, page.compose(label, template, styles))


if __name__ == "__main__":
    _script.run(main)
