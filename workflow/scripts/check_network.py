"""Check a network from a user's file on made-up images, before anything is trained."""

import torch

import _script
from prunescape.data import image_tensors
from prunescape.foundations import files
from prunescape.networks import coupled_units, module_checks, module_units, prunable, scaling
from prunescape.pipeline.scopes import Scope


def main() -> None:
    """Parse the arguments, check the network, write which layer is which."""
    parser = _script.parser(__doc__)
    parser.add_argument("--images", nargs="+", required=True, help="split files of the data set")
    parser.add_argument("--network", type=_script.structure, required=True, help="file:name (JSON)")
    parser.add_argument(
        "--fit",
        type=_script.structure,
        required=True,
        help="scaling, optimiser, distribution, batch_sizes; recalibrated, posterior if so (JSON)",
    )
    parser.add_argument("--study", required=True, help="part of the key of its scopes")
    parser.add_argument(
        "--scopes",
        type=_script.structure,
        default={},
        help="the study's own: name -> [kind, layers, left-out layers, group, function] (JSON)",
    )
    parser.add_argument("--output", required=True, help="layers and their places (JSON)")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    split, fit = image_tensors.load(arguments.images), arguments.fit
    use = module_checks.Use(
        split.classes,
        fit["optimiser"],
        fit["distribution"],
        len(split.images),
        fit["batch_sizes"],
        fit.get("recalibrated", False),
        fit.get("posterior", False),
    )
    network = module_checks.checked(arguments.network, split.images, fit["scaling"], use)
    paths = prunable.paths(network)
    print(module_checks.line(network))
    for name, each in arguments.scopes.items():
        key = f"catalogue.{arguments.study}.scopes.{name}"
        layers = Scope(*each).layers(paths, key)
        print(f"scope {name}: {', '.join(f'{layer} {paths[layer]}' for layer in layers)}")
        if Scope(*each).kind == "neuron":
            shape = scaling.Scaling.fit(fit["scaling"], split.images).shape(split.images.shape[1:])
            for units in coupled_units.inside(module_units.found(network, shape), layers, key):
                made = ", ".join(paths[layer] for layer in units.made_by())
                print(f"scope {name}: {units.size} units of {made}")
    # Without the scopes: training reads this file, and doesn't depend on them.
    files.write_json(arguments.output, module_checks.summary(network))


if __name__ == "__main__":
    _script.run(main)
