"""Make a checkpoint of weights that the user gives, a file a replicate; nothing is trained."""

import torch

import _script
from prunescape.data import image_tensors
from prunescape.fitting import given_fits


def main() -> None:
    """Parse the arguments, read and check, say what is otherwise in a file, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--images", nargs="+", required=True, help="split files to measure on")
    parser.add_argument(
        "--network", type=_script.structure, required=True, help="layers, or file:name (JSON)"
    )
    parser.add_argument("--fit", type=_script.structure, required=True, help="settings (JSON)")
    parser.add_argument("--weights", nargs="+", required=True, help="safetensors, one a replicate")
    parser.add_argument("--replicates", type=int, nargs=2, required=True, metavar=("FIRST", "LAST"))
    parser.add_argument("--output", required=True, help="checkpoint to write")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    first, last = arguments.replicates
    checkpoint, lines = given_fits.fit(
        image_tensors.load(arguments.images),
        arguments.network,
        arguments.fit,
        arguments.weights,
        range(first, last + 1),
    )
    print(*lines, sep="\n")
    checkpoint.save(arguments.output)


if __name__ == "__main__":
    _script.run(main)
