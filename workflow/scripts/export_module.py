"""Write one network that is a user's module in forms for other programs: dense and masked.

A form is a safetensors file that the module loads in plain torch, with a JSON file beside it; and
an ONNX file, where torch can write the module so. If it can't, the log and the JSON file say why.
"""

import _export
import _script
from prunescape.exports import module_forms


def main() -> None:
    """Parse the arguments, prune the network, write the forms."""
    given = _export.arguments(__doc__)

    found, nominal = _export.forms(given, module_forms.forms)

    for line in module_forms.save(found, given.output):
        print(line)
    _export.end(given, nominal)


if __name__ == "__main__":
    _script.run(main)
