"""Score the weights of a checkpoint by every criterion of the study; measure the layers' inputs."""

import torch

import _script
from prunescape import datasets, files, moments, scoring
from prunescape.checkpoints import Checkpoint
from prunescape.devices import device


def main() -> None:
    """Parse the arguments, score, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--images", nargs="+", required=True, help="split files it was fitted on")
    parser.add_argument("--criteria", nargs="*", default=[], help="names of criteria")
    parser.add_argument("--fit", type=_script.structure, required=True, help="settings (JSON)")
    parser.add_argument("--study", required=True, help="part of the random streams' names")
    parser.add_argument("--seed", type=int, required=True, help="root of the random streams")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or auto")
    parser.add_argument("--scores-output", required=True)
    parser.add_argument("--means-output", required=True, help="mean inputs of each layer")
    arguments = parser.parse_args()

    where = device(arguments.device)
    checkpoint = Checkpoint.load(arguments.checkpoint)
    split = datasets.load(arguments.images)
    images = torch.from_numpy(split.images).to(where)
    measured = moments.input_moments(
        checkpoint.network, checkpoint.parameters(where), checkpoint.scaling.to(where), images
    )
    scores = scoring.scores(
        checkpoint,
        arguments.criteria,
        arguments.fit,
        images,
        torch.from_numpy(split.labels).to(where),
        measured,
        (arguments.seed, arguments.study),
    )
    silent = moments.silent_units(checkpoint.network, measured)
    means = {layer: mean.cpu().numpy() for layer, (mean, _) in measured.items()}
    metadata = {"replicates": checkpoint.replicates}
    files.write_tensors(arguments.scores_output, scores, metadata)
    metadata |= {"opened": split.opened, "silent_units": silent}
    files.write_tensors(arguments.means_output, means, metadata)


if __name__ == "__main__":
    _script.run(main)
