"""Score the weights of a checkpoint by every criterion of the study."""

import _script
from prunescape.data import image_tensors
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import files
from prunescape.running.devices import device
from prunescape.scoring import input_moments, ranking


def main() -> None:
    """Parse the arguments, score, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--images", nargs="+", required=True, help="split files to measure on")
    parser.add_argument(
        "--moments", nargs="?", help="of the layers' inputs, where a criterion needs them"
    )
    parser.add_argument(
        "--criteria", nargs="+", required=True, help="names, or name=path/to/file.py:function"
    )
    parser.add_argument("--fit", type=_script.structure, required=True, help="settings (JSON)")
    parser.add_argument("--units", action="store_true", help="tell which units can go as a whole")
    parser.add_argument("--study", required=True, help="part of the random streams' names")
    parser.add_argument("--seed", type=int, required=True, help="root of the random streams")
    _script.add_computing(parser)
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()

    where = device(arguments.device, arguments.precision)
    checkpoint = Checkpoint.load(arguments.checkpoint)
    split = image_tensors.load(arguments.images, where)
    measured: input_moments.Moments = {}
    if arguments.moments:
        measured, _ = input_moments.load(arguments.moments, where)
    scores = ranking.scores(
        checkpoint,
        arguments.criteria,
        arguments.fit,
        split.images,
        split.labels,
        measured,
        (arguments.seed, arguments.study),
    )
    described = ranking.metadata(checkpoint, units=arguments.units)
    files.write_tensors(arguments.output, scores, described)


if __name__ == "__main__":
    _script.run(main)
