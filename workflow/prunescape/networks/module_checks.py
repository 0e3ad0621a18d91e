"""Whether a user's module works for replicates as it does alone, tried on made-up images (torch).

Run before any training: what can't be batched shows here, in one line.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from prunescape.foundations import user_files
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.network import Parameters, Shape, Weighted

MEMBERS, IMAGES = 2, 6
TOLERANCE = 1e-4  # of logits, relative to the largest; orders of summation differ


def check(network: ModuleNetwork, input_shape: Shape, classes: int, optimiser: str) -> None:
    """Compare two replicates in one batch with the module run on its own, each with its weights.

    Args:
        network: the network.
        input_shape: of one image.
        classes: of the data set.
        optimiser: kind of the fit's optimiser.

    Raises:
        ValueError: if the number of logits is not that of the classes, training is random or
            changes what replicates share, a parameter is not used, or the two results differ.
    """
    place = f"networks: {network.named}"
    if network.outputs != classes:
        raise ValueError(
            f"{place} returns {network.outputs} logits, expected one for each of the {classes} "
            "classes of the data set"
        )
    if optimiser == "psgd" and network.buffers:
        raise ValueError(
            f"{place} has buffers ({next(iter(network.buffers))}), which optimiser.kind: psgd, "
            "with its extra look at one image, would change; allowed: adam or sgd"
        )
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(MEMBERS, IMAGES, *input_shape, generator=generator)
    starts = [network.start(member) for member in range(MEMBERS)]
    parameters = {
        name: torch.stack([torch.as_tensor(start[name]) for start in starts]).requires_grad_()
        for name in network.shapes
    }
    for training in (True, False):
        _compare(network, images, parameters, training=training)


def _compare(
    network: ModuleNetwork, images: torch.Tensor, parameters: Parameters, *, training: bool
) -> None:
    place, mode = f"networks: {network.named}", "training" if training else "evaluation"
    runs = []
    constants = network.constants()
    for seed in (1, 2):
        torch.manual_seed(seed)
        values = dict(parameters) | network.initial_buffers(MEMBERS)
        # Looked at, all replicates run as one batch, as under a posterior.
        with _told(network):
            runs.append(network.logits(images, values, training=training, outputs=_look))
    if not torch.equal(*runs):
        raise ValueError(
            f"{place} is random in {mode}, by dropout for example; its replicates could not be "
            "computed again, so that is not supported"
        )
    if any(not torch.equal(a, b) for a, b in zip(constants, network.constants(), strict=True)):
        raise ValueError(f"{place} changes buffers that its replicates share")
    slopes = torch.autograd.grad(runs[0].sum(), list(parameters.values()), allow_unused=True)
    for name, slope in zip(parameters, slopes, strict=True):
        if slope is None:
            raise ValueError(f"{place}: parameter {network.paths[name]} is not used in {mode}")
    for member in range(MEMBERS):
        torch.manual_seed(1)
        with torch.no_grad(), _told(network):
            alone = network.fresh(member).train(training)(images[member])
        found = runs[0][member].detach()
        if not torch.allclose(found, alone, rtol=0, atol=TOLERANCE * max(1, alone.abs().max())):
            raise ValueError(
                f"{place} gives other logits in {mode} as one of several replicates than alone: "
                f"{found[0, 0]:.6g} instead of {alone[0, 0]:.6g}; it mixes the images of a batch, "
                "or takes a layer's parameters instead of calling the layer"
            )


@contextlib.contextmanager
def _told(network: ModuleNetwork) -> Iterator[None]:
    """Say of what the user's module raises where that was."""
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"networks: {network.named} can't be run for several replicates: "
            f"{user_files.told(network.path, error)}"
        ) from error


def _look(_layer: Weighted, _outputs: torch.Tensor) -> None:
    """Make the network show its layers' outputs."""


def summary(network: ModuleNetwork) -> dict[str, Any]:
    """Return which layer is which, for the user to look up."""
    return {
        "network": network.named,
        "pruned": [
            {"layer": layer.name, "path": layer.path, "shape": list(layer.shape)}
            for layer in network.weighted
        ],
        "not_pruned": {
            network.paths[name]: list(shape)
            for name, shape in (network.shapes | network.buffers).items()
            if name not in {f"{layer.name}.weight" for layer in network.weighted}
        },
    }
