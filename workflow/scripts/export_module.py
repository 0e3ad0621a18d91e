"""Write one network that is a user's module in forms for other programs.

These are dense and masked and, where whole units are removed, compact: without them.

A form is a safetensors file that the module loads in plain torch, with a JSON file beside it; and
an ONNX file, where torch can write the module so. If it can't, the log and the JSON file say why.
"""

import functools

import _export
import _script
from prunescape.data import image_tensors
from prunescape.exports import module_forms


def main() -> None:
    """Parse the arguments, prune the network, write the forms."""
    parser = _export.parser(__doc__)
    parser.add_argument(
        "--training-images", nargs="*", help="split files, which the effect `recalibrate` needs"
    )
    parser.add_argument("--units", action="store_true", help="whole units go: write compact too")
    given = parser.parse_args()
    images = image_tensors.load(given.training_images).images if given.training_images else None

    make = functools.partial(module_forms.forms, trained_on=images, whole_units=given.units)
    found, nominal = _export.forms(given, make)

    for line in module_forms.save(found, given.output):
        print(line)
    _export.end(given, nominal)


if __name__ == "__main__":
    _script.run(main)
