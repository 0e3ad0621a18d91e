"""Train a checkpoint further under masks, all arms of a schedule at once; write a checkpoint.

In a chain, also write the scores from which the next step's masks are made; where training changes
the masks, those that it ends with.
"""

import argparse
from dataclasses import replace

import _script
from prunescape.data import image_tensors
from prunescape.fitting import history
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.fitting.resuming import Progress
from prunescape.foundations import files
from prunescape.networks import prunable
from prunescape.pruning import arm_masks, retraining, trained_masks
from prunescape.running.devices import device
from prunescape.scoring import ranking


def read_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = _script.parser(__doc__)
    parser.add_argument("--checkpoint", required=True, help="where training goes on from")
    parser.add_argument("--masks", nargs="*", default=[], help="packed masks, a file a level")
    parser.add_argument("--levels", nargs="*", default=[], help="the masks' levels, in their order")
    parser.add_argument("--images", nargs="+", required=True, help="split files to train on")
    parser.add_argument(
        "--arms",
        type=_script.structure,
        required=True,
        help="[[criterion, scope, effect, level], ...]; criterion none: the dense control",
    )
    _script.add_network_files(parser)
    parser.add_argument("--fit", type=_script.structure, required=True, help="settings (JSON)")
    parser.add_argument("--first-epoch", type=int, required=True, help="epochs trained before")
    parser.add_argument("--study", required=True, help="part of the random streams' names")
    parser.add_argument("--seed", type=int, required=True, help="root of the random streams")
    _script.add_validation(parser)
    _script.add_computing(parser)
    _script.add_processes(parser)
    parser.add_argument("--output", required=True, help="checkpoint to write")
    parser.add_argument("--masks-output", help="packed masks to write, if training changes them")
    parser.add_argument("--scores-output", help="scores to write, for the next step of a chain")
    parser.add_argument(
        "--criteria",
        nargs="*",
        default=[],
        help="of these scores: names, or name=path/to/file.py:function",
    )
    parser.add_argument(
        "--measured-images",
        nargs="*",
        default=[],
        help="split files on which these criteria measure, if not those to train on",
    )
    parser.add_argument("--units", action="store_true", help="tell which units can go as a whole")
    return parser.parse_args()


def main() -> None:
    """Parse the arguments, train, score, write."""
    arguments = read_arguments()
    where = device(arguments.device, arguments.precision)
    split = image_tensors.load(arguments.images, where)
    before = Checkpoint.load(arguments.checkpoint)
    before = replace(before, fitted_on=before.fitted_on | split.opened)
    root = (arguments.seed, arguments.study)
    arms = [retraining.Trained(*arm) for arm in arguments.arms]
    replicates = list(dict.fromkeys(before.replicates))
    shapes = prunable.shapes(before.network)
    masks = {
        level: arm_masks.of_replicates(*arm_masks.read(path, shapes), replicates)
        for level, path in zip(arguments.levels, arguments.masks, strict=True)
    }
    read = [arguments.checkpoint, *arguments.masks, *arguments.network_files, *arguments.validation]
    progress = Progress.of_files(arguments.output, read, _script.deciding(arguments), split.opened)
    checkpoint = retraining.retrain(
        before,
        arms,
        masks,
        split.images,
        split.labels,
        arguments.fit,
        root,
        arguments.first_epoch,
        progress,
        arguments.processes,
        history.held_out(arguments.validation, arguments.validate_every, where),
    )
    if arguments.masks_output:
        checkpoint, made = trained_masks.split(checkpoint)
        of = {"replicates": list(dict.fromkeys(checkpoint.replicates))}
        files.write_tensors(arguments.masks_output, made, of)
    checkpoint.save(arguments.output)
    if arguments.scores_output:
        if arguments.measured_images:
            split = image_tensors.load(arguments.measured_images, where)
        scores = ranking.scores_by_arm(
            checkpoint, arguments.criteria, arguments.fit, split.images, split.labels, root
        )
        described = ranking.metadata(checkpoint, units=arguments.units)
        files.write_tensors(arguments.scores_output, scores, described)
    progress.end()


if __name__ == "__main__":
    _script.run(main)
