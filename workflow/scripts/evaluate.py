"""Evaluate one arm of a fit at a batch of levels, on clean and noisy images; write table rows."""

import argparse

import _script
from prunescape.data import image_tensors
from prunescape.evaluation import ending, evaluating, outcome_bits
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import files, spelling
from prunescape.networks import prunable
from prunescape.pruning import arm_masks
from prunescape.running.devices import device
from prunescape.scoring import input_moments


def read_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = _script.parser(__doc__)
    parser.add_argument("--checkpoint", required=True, help="the fitted ensemble")
    parser.add_argument("--retrained", nargs="*", default=[], help="checkpoints after retraining")
    parser.add_argument(
        "--moments", nargs="?", help="of the layers' inputs, which some effects need"
    )
    parser.add_argument(
        "--training-images",
        nargs="*",
        default=[],
        help="split files on which some effects measure",
    )
    parser.add_argument("--masks", nargs="*", default=[], help="packed masks, a file a point")
    parser.add_argument(
        "--unpruned", nargs="?", help="rows of the unpruned networks, if the arm ends at a loss"
    )
    parser.add_argument("--images", required=True, help="split file to evaluate on")
    parser.add_argument(
        "--model", type=_script.structure, required=True, help="study, dataset, network, fit (JSON)"
    )
    parser.add_argument(
        "--arm",
        type=_script.structure,
        required=True,
        help="criterion, scope, within, selection, schedule, effects, points, until_lost (JSON)",
    )
    parser.add_argument(
        "--conditions",
        type=_script.structure,
        required=True,
        help="for each point a list of [noise, noise level] (JSON)",
    )
    parser.add_argument(
        "--noises", nargs="*", default=[], help="of the user: name=path/to/file.py:function"
    )
    parser.add_argument(
        "--effects", nargs="*", default=[], help="of the user: name=path/to/file.py:function"
    )
    parser.add_argument(
        "--samples", type=int, default=0, help="of a posterior's weights, to average; 0: none"
    )
    parser.add_argument("--seed", type=int, required=True, help="root of the random streams")
    _script.add_computing(parser)
    parser.add_argument("--output", required=True, help="rows to write (JSON)")
    parser.add_argument(
        "--outcomes-output", required=True, help="to write: bits and bins of a row (safetensors)"
    )
    return parser.parse_args()


def main() -> None:
    """Parse the arguments, evaluate, write."""
    arguments = read_arguments()
    where = device(arguments.device, arguments.precision)
    checkpoint = Checkpoint.load(arguments.checkpoint)
    means, opened = {}, dict[str, str]()
    if arguments.moments:
        measured, opened = input_moments.load(arguments.moments, where)
        means = input_moments.means(measured)
    trained_on = None
    if arguments.training_images:
        training = image_tensors.load(arguments.training_images, where)
        trained_on, opened = training.images, opened | training.opened
    split = image_tensors.load([arguments.images], where)
    shapes = prunable.shapes(checkpoint.network)
    retrained = [Checkpoint.load(path) for path in arguments.retrained]
    fitted_on = checkpoint.fitted_on | opened
    for each in retrained:
        fitted_on |= each.fitted_on
    cases = evaluating.cases(
        checkpoint,
        retrained,
        [arm_masks.read(path, shapes) for path in arguments.masks],
        arguments.arm,
        arguments.conditions,
    )
    end = None
    if arguments.unpruned:
        end = ending.End(arguments.arm["until_lost"], files.read_json(arguments.unpruned)["rows"])
    rows = evaluating.rows(
        cases,
        means,
        split.images,
        split.labels,
        (arguments.seed, arguments.model["dataset"]),
        spelling.read_all(arguments.noises),
        evaluating.Sampling(arguments.samples, (arguments.seed, arguments.model["study"])),
        trained_on,
        spelling.read_all(arguments.effects),
        end,
    )
    outcomes, bins = ([row.pop(name) for row in rows] for name in ("outcomes", "bins"))
    record = {
        "fitted_on": fitted_on,
        "evaluated_on": split.opened,
        "rows": [arguments.model | row for row in rows],
    }
    if missing := evaluating.missing(cases):
        record["missing"] = [arguments.model | each for each in missing]
    if left_out := evaluating.left_out(cases, rows):
        record["left_out"] = [arguments.model | each for each in left_out]
        record["until_lost"] = arguments.arm["until_lost"]
    files.write_json(arguments.output, record)
    sizes = len(split.labels), split.opened
    outcome_bits.write(arguments.outcomes_output, outcomes, bins, *sizes)


if __name__ == "__main__":
    _script.run(main)
