"""Measure the mean and standard deviation of every layer's inputs over the training images."""

import _script
from prunescape.data import image_tensors
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import files
from prunescape.running.devices import device
from prunescape.scoring import input_moments


def main() -> None:
    """Parse the arguments, measure, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--images", nargs="+", required=True, help="split files to measure on")
    _script.add_computing(parser)
    parser.add_argument("--output", required=True, help="moments of each layer's inputs")
    arguments = parser.parse_args()

    where = device(arguments.device, arguments.precision)
    checkpoint = Checkpoint.load(arguments.checkpoint)
    split = image_tensors.load(arguments.images, where)
    measured = input_moments.input_moments(
        checkpoint.network,
        checkpoint.parameters(where),
        checkpoint.scaling.to(where),
        split.images,
    )
    metadata = {"replicates": checkpoint.replicates, "opened": split.opened}
    files.write_tensors(arguments.output, input_moments.arrays(measured), metadata)


if __name__ == "__main__":
    _script.run(main)
