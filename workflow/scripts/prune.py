"""Turn scores into masks at one level, for every criterion and scope; write them bit-packed."""

import sys

import _script
from prunescape.foundations import files
from prunescape.networks import coupled_units
from prunescape.pruning import arm_masks


def main() -> None:
    """Parse the arguments, select, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--scores", required=True, help="scores of a checkpoint")
    parser.add_argument("--level", required=True, help="share to remove, or threshold; a decimal")
    parser.add_argument("--selection", required=True, choices=["exact_k", "threshold"])
    parser.add_argument(
        "--arms",
        type=_script.structure,
        required=True,
        help="[[criterion, scope, floor, [kind, layers, left-out layers, group, "
        "path/to/file.py:function]], ...]",
    )
    parser.add_argument(
        "--rounding", required=True, choices=["nearest", "down"], help="of how many go: exact_k"
    )
    parser.add_argument("--study", required=True, help="part of the random streams' names")
    parser.add_argument("--seed", type=int, required=True, help="root of the random streams")
    parser.add_argument(
        "--previous", nargs="?", help="packed masks of the step before, in a schedule"
    )
    parser.add_argument("--output", required=True, help="packed masks to write")
    arguments = parser.parse_args()

    scores, described = files.read_tensors(arguments.scores)
    replicates = files.members_of(arguments.scores, scores, described)
    previous = None
    if arguments.previous:
        previous = arm_masks.of_replicates(*files.read_members(arguments.previous), replicates)
    paths = dict(described.get("paths", ()))
    chained = previous is not None
    for said in arm_masks.leftovers(scores, arguments.arms, paths, chained=chained):
        print(said, file=sys.stderr)
    masks = arm_masks.masks(
        scores,
        arguments.arms,
        arguments.selection,
        arguments.level,
        (arguments.seed, arguments.study),
        replicates,
        previous,
        arguments.rounding,
        paths,
        coupled_units.read(described.get("units", ())),
    )
    for flagged in arm_masks.empty_layers(masks, replicates):
        print(flagged, file=sys.stderr)
    files.write_tensors(
        arguments.output, masks, {"level": arguments.level, "replicates": replicates}
    )


if __name__ == "__main__":
    _script.run(main)
