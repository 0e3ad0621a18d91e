"""What the scripts that fit an ensemble share: from split files to a checkpoint."""

import argparse

import torch

import _script
from prunescape.data import datasets
from prunescape.fitting import training
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.fitting.resuming import Progress
from prunescape.foundations import files
from prunescape.networks import architectures
from prunescape.networks.scaling import Scaling
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
    _script.add_computing(parser)
    parser.add_argument("--output", required=True, help="checkpoint to write")
    return parser


def fit(arguments: argparse.Namespace, start: Checkpoint | None = None) -> None:
    """Fit the ensemble that the arguments describe, from `start` if there is one; write it."""
    where = device(arguments.device, arguments.precision)
    split = datasets.load(arguments.images)
    images = torch.from_numpy(split.images)
    scaling = Scaling.fit(arguments.fit["scaling"], images)
    shape = tuple(images.shape[1:])
    first, last = arguments.replicates
    replicates = start.replicates if start else list(range(first, last + 1))
    network = architectures.network(arguments.network, scaling.shape(shape))
    if network.outputs != split.classes:
        raise ValueError(
            f"networks: the last layer has {network.outputs} units, expected one for each of the "
            f"{split.classes} classes of the data set"
        )
    opened = split.opened | (start.fitted_on if start else {})
    begun = files.sha256(arguments.start) if start else None
    code = [files.sha256(path) for path in arguments.network_files]
    progress = Progress(arguments.output, vars(arguments), opened, begun, code)
    fitted = training.fit(
        network,
        scaling,
        images.to(where),
        torch.from_numpy(split.labels).to(where),
        arguments.fit,
        (arguments.seed, arguments.study),
        replicates,
        start and {name: start.arrays[name] for name in [*network.shapes, *network.buffers]},
        progress=progress,
    )
    Checkpoint(
        arguments.network,
        shape,
        scaling,
        fitted.arrays,
        fitted.replicates,
        opened,
        diverged=(*(start.diverged if start else ()), *fitted.diverged),
    ).save(arguments.output)
    progress.end()
