"""Write one network in forms for other programs: dense, masked, and physically smaller.

A form is a safetensors file with a JSON file beside it, and an ONNX file.
"""

import _export
import _script
from prunescape.exports import forms


def main() -> None:
    """Parse the arguments, prune the network, make it smaller, write the forms."""
    given = _export.parser(__doc__).parse_args()

    found, nominal = _export.forms(given, forms.forms)

    forms.save(found, given.output)
    _export.end(given, nominal)


if __name__ == "__main__":
    _script.run(main)
