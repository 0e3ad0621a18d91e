"""Write one network in forms for other programs: dense, masked, and physically smaller.

A form is a safetensors file with a JSON file beside it, and an ONNX file.
"""

from pathlib import Path

import _script
from prunescape.exports import forms
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import files
from prunescape.pruning import arm_masks
from prunescape.scoring import input_moments


def main() -> None:
    """Parse the arguments, prune the network, make it smaller, write the forms."""
    parser = _script.parser(__doc__)
    parser.add_argument("--checkpoint", required=True, help="the fitted ensemble")
    parser.add_argument("--retrained", nargs="?", help="checkpoint after retraining")
    parser.add_argument("--masks", required=True, help="packed masks")
    parser.add_argument(
        "--moments", nargs="?", help="of the layers' inputs, which `compensate` needs"
    )
    parser.add_argument(
        "--origin",
        type=_script.structure,
        required=True,
        help="study to replicate: the table's key columns of the network (JSON)",
    )
    parser.add_argument("--output", required=True, type=Path, help="folder to write to")
    arguments = parser.parse_args()

    origin = arguments.origin
    fitted = Checkpoint.load(arguments.checkpoint)
    shapes = {layer.name: layer.shape for layer in fitted.network.weighted}
    packed, replicates = arm_masks.read(arguments.masks, shapes)
    means = {}
    if arguments.moments:
        measured = input_moments.from_arrays(files.read_tensors(arguments.moments)[0], "cpu")
        means = input_moments.means(measured)
    pruned = fitted
    if arguments.retrained:
        arm = [origin[key] for key in ("criterion", "scope", "effect", "level")]
        pruned = Checkpoint.load(arguments.retrained).of_arm(*arm)
    found, nominal = forms.forms(fitted, pruned, packed, replicates, means, origin)
    forms.save(found, arguments.output)
    files.write_json(arguments.output / "export.json", origin | {"nominal": nominal})


if __name__ == "__main__":
    _script.run(main)
