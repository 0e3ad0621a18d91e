"""Measure the pruned networks that a label chose: under input noise, in bytes and in time."""

import argparse

import _script
from prunescape.data import image_tensors
from prunescape.foundations import files, spelling
from prunescape.label import measuring, reading
from prunescape.running.devices import device


def read_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = _script.parser(__doc__)
    parser.add_argument("--choice", required=True, help="what was chosen (JSON)")
    parser.add_argument("--images", required=True, help="split file to evaluate on")
    parser.add_argument(
        "--training-images",
        nargs="*",
        default=[],
        help="split files it was fitted on, which some effects need",
    )
    parser.add_argument(
        "--blocks",
        required=True,
        type=_script.structure,
        help="for each block of networks its checkpoint, moments and arms with their files (JSON)",
    )
    parser.add_argument(
        "--conditions", required=True, type=_script.structure, help="[noise, noise level] (JSON)"
    )
    parser.add_argument(
        "--noises", nargs="*", default=[], help="of the user: name=path/to/file.py:function"
    )
    parser.add_argument(
        "--effects", nargs="*", default=[], help="of the user: name=path/to/file.py:function"
    )
    parser.add_argument("--dataset", required=True, help="name of the data set")
    parser.add_argument("--seed", required=True, type=int, help="root of the random streams")
    _script.add_computing(parser)
    _script.add_processes(parser)
    parser.add_argument("--output", required=True, help="to write (JSON)")
    return parser.parse_args()


def main() -> None:
    """Parse the arguments, read what was chosen, measure, write."""
    arguments = read_arguments()
    where = device(arguments.device, arguments.precision)
    chosen = reading.chosen(files.read_json(arguments.choice))
    if chosen is None:
        files.write_json(arguments.output, {})
        return
    arm, blocks = reading.blocks(arguments.blocks, chosen, where)
    split = image_tensors.load([arguments.images], where)
    own = measuring.Own(spelling.read_all(arguments.noises), spelling.read_all(arguments.effects))
    if arguments.training_images:
        own = own._replace(trained_on=image_tensors.load(arguments.training_images, where).images)
    noise = measuring.under_noise(
        blocks,
        arm,
        [(kind, level) for kind, level in arguments.conditions],
        split.images,
        split.labels,
        (arguments.seed, arguments.dataset),
        own,
        arguments.processes,
    )
    pair = measuring.first(blocks[0], arm, own)
    work = measuring.multiply_adds(pair)
    files.write_json(
        arguments.output,
        {
            "noise": noise,
            "bytes": measuring.sizes(pair),
            "multiply_adds": work,
            "latency": measuring.times(pair, work["all"]),
        },
    )


if __name__ == "__main__":
    _script.run(main)
