"""Arguments and code that the scripts that fit an ensemble share."""

import argparse

import _script
from prunescape.data import image_tensors
from prunescape.fitting import ensemble_fits, history
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.fitting.resuming import Progress
from prunescape.running.devices import device


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the arguments that every fit has."""
    parser = _script.parser(description)
    parser.add_argument("--images", nargs="+", required=True, help="split files to train on")
    parser.add_argument(
        "--network", type=_script.structure, required=True, help="layers, or file:name (JSON)"
    )
    _script.add_network_files(parser)
    parser.add_argument("--fit", type=_script.structure, required=True, help="settings (JSON)")
    parser.add_argument("--study", required=True, help="part of the random streams' names")
    parser.add_argument("--seed", type=int, required=True, help="root of the random streams")
    parser.add_argument("--replicates", type=int, nargs=2, required=True, metavar=("FIRST", "LAST"))
    _script.add_validation(parser)
    _script.add_computing(parser)
    _script.add_processes(parser)
    parser.add_argument("--output", required=True, help="checkpoint to write")
    return parser


def fit(arguments: argparse.Namespace, start: Checkpoint | None = None) -> None:
    """Fit the ensemble that the arguments describe, from `start` if there is one; write it."""
    where = device(arguments.device, arguments.precision)
    split = image_tensors.load(arguments.images)
    opened = ensemble_fits.opened(split, start)
    read = [*arguments.network_files, *arguments.validation, *([arguments.start] if start else [])]
    progress = Progress.of_files(arguments.output, read, _script.deciding(arguments), opened)
    first, last = arguments.replicates
    fitted = ensemble_fits.fit(
        split,
        arguments.network,
        arguments.fit,
        (arguments.seed, arguments.study),
        range(first, last + 1),
        device=where,
        start=start,
        progress=progress,
        processes=arguments.processes,
        validation=history.held_out(arguments.validation, arguments.validate_every, where),
    )
    fitted.save(arguments.output)
    progress.end()
