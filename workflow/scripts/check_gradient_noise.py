"""Compare the noise covariance that preconditioned SGD estimates with the exact one.

Write a row for every replicate: Spearman's rank correlation at fixed weights and after training.
"""

import _script
from prunescape.data import image_tensors
from prunescape.fitting import gradient_noise
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import files
from prunescape.running.devices import device


def main() -> None:
    """Parse the arguments, compare, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--images", nargs="+", required=True, help="split files it was fitted on")
    parser.add_argument("--fit", type=_script.structure, required=True, help="settings (JSON)")
    parser.add_argument(
        "--model", type=_script.structure, required=True, help="study, dataset, network, fit (JSON)"
    )
    parser.add_argument("--seed", type=int, required=True, help="root of the random streams")
    _script.add_computing(parser)
    parser.add_argument("--output", required=True, help="rows to write (JSON)")
    arguments = parser.parse_args()

    where = device(arguments.device, arguments.precision)
    checkpoint = Checkpoint.load(arguments.checkpoint)
    split = image_tensors.load(arguments.images, where)
    rows = gradient_noise.check(
        checkpoint,
        arguments.fit,
        split.images,
        split.labels,
        (arguments.seed, arguments.model["study"]),
    )
    files.write_json(
        arguments.output,
        {"fitted_on": checkpoint.fitted_on, "rows": [arguments.model | row for row in rows]},
    )


if __name__ == "__main__":
    _script.run(main)
