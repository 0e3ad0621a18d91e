"""Divide the images of a source into the parts of a data set: training, validation, test, ..."""

import argparse
from pathlib import Path

import _script
from prunescape.data import datasets, own_images, splitting
from prunescape.data.readers import pictures
from prunescape.data.readers.preparing import Preparation


def set_or_count(text: str) -> str | int:
    """Return "official" or "rest" as it is, another text as an integer."""
    return text if text in ("official", splitting.REST) else int(text)


def read_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = _script.parser(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set")
    parser.add_argument("--source", required=True, help="name of the source")
    images = parser.add_mutually_exclusive_group(required=True)
    images.add_argument("--raw", nargs="+", type=Path, help="files of MNIST's kind, or digits")
    images.add_argument("--own", type=Path, help="file or folder of images of the user's own")
    parser.add_argument(
        "--background",
        choices=pictures.BACKGROUNDS,
        default="white",
        help="what transparent pixels of the user's pictures are composed over",
    )
    parser.add_argument("--resize", type=int, help="the shorter side of the user's pictures")
    parser.add_argument("--crop", type=int, help="the square that is cut from their middle")
    parser.add_argument("--colour", action="store_true", help="grey images get three channels")
    parser.add_argument(
        "--test",
        required=True,
        type=set_or_count,
        help="official, rest, or how many images of the shuffled whole",
    )
    parser.add_argument("--train", type=int, nargs="?", help="how many images are learnt from")
    parser.add_argument(
        "--calibration", type=int, nargs="?", help="how many are set apart for given networks"
    )
    parser.add_argument("--seed", required=True, type=int, help="of the shuffling")
    parser.add_argument("--split", default="stream", help="who shuffles: stream or sklearn")
    for name in datasets.SPLITS:
        parser.add_argument(f"--{name}-output", type=Path, help="safetensors, of parts there are")
    return parser.parse_args()


def main() -> None:
    """Parse the arguments, read, split, write."""
    arguments = read_arguments()
    if arguments.own:
        how = Preparation(arguments.background, arguments.resize, arguments.crop, arguments.colour)
        own = own_images.read(arguments.own, how)
        parts, classes, names = own.parts, own.classes, own.names
        for note in own.notes:
            print(note)
    else:
        parts, classes, names = datasets.read_raw(arguments.raw), datasets.CLASSES, None
    splits = splitting.split(
        parts,
        arguments.source,
        arguments.test,
        arguments.seed,
        arguments.split,
        arguments.train,
        arguments.calibration or 0,
    )
    outputs = {name: getattr(arguments, f"{name}_output") for name in datasets.SPLITS}
    if wrong := [name for name, path in outputs.items() if (path is None) == (name in splits)]:
        raise ValueError(f"--{wrong[0]}-output: allowed: a file for each of {', '.join(splits)}")
    both = splitting.repeated_in_test(splits, parts) if arguments.own else 0
    for name, part in splits.items():
        path = outputs[name]
        more = (names, both if name == "test" else 0)
        datasets.write(path, part, arguments.dataset, name, arguments.source, classes, *more)
        print(f"{path}: {len(part[1]):,} images, {classes} classes")
    if both:
        print(
            f"warning: {both:,} of {len(splits['test'][1]):,} test images stand in the training "
            "or calibration data too, pixel for pixel: they tell nothing about new images"
        )


if __name__ == "__main__":
    _script.run(main)
