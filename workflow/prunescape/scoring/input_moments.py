"""Means and standard deviations of every layer's inputs over the training images (needs torch)."""

import os

import numpy as np
import torch

from prunescape.foundations import files
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Parameters, Weighted
from prunescape.networks.scaling import Scaling

CHUNK = 1000  # images at a time; fixed, so that sums don't depend on the machine's memory

KINDS = ("mean", "deviation")

Moments = dict[str, tuple[torch.Tensor, torch.Tensor]]


@torch.no_grad()
def input_moments(
    network: ReplicatedNetwork, parameters: Parameters, scaling: Scaling, images: torch.Tensor
) -> Moments:
    """Measure the inputs of each layer with weights in the unpruned network.

    Args:
        network: the network.
        parameters: weights and biases [R, ...].
        scaling: input scaling.
        images: training images [N, C, H, W].

    Returns:
        Layer -> (mean, standard deviation), both [R or 1, out or 1, in, ...] like the weights; 1
        where all replicates, or all units, see the same inputs. Units of a convolution in groups
        don't. In a convolution they are taken over all positions of the window too.
    """
    sums: dict[str, tuple[torch.Tensor, torch.Tensor, int]] = {}

    def observe(layer: Weighted, inputs: torch.Tensor) -> None:
        for some in inputs.split(layer.at_once, dim=1):
            windows = layer.windows(some).flatten(1, 2).double()
            mean, square, count = sums.get(layer.name, (0.0, 0.0, 0))
            sums[layer.name] = (
                mean + windows.sum(1),
                square + windows.square().sum(1),
                count + windows.shape[1],
            )

    for chunk in images.split(CHUNK):
        network.logits(scaling(chunk)[None], parameters, observe=observe)
    moments = {}
    for layer in network.weighted:
        total, square, count = sums[layer.name]
        mean = total / count
        deviation = (square / count - mean.square()).clamp_min(0).sqrt()
        moments[layer.name] = (_of_units(mean, layer), _of_units(deviation, layer))
    return moments


def _of_units(values: torch.Tensor, layer: Weighted) -> torch.Tensor:
    """Return values [R or 1, groups * in] as float32 [R or 1, out or 1, in, ...]."""
    by_group = values.float().view(-1, layer.groups, *layer.shape[1:])
    if layer.groups == 1:
        return by_group
    return by_group.repeat_interleave(layer.shape[0] // layer.groups, 1)


def means(moments: Moments) -> dict[str, torch.Tensor]:
    """Return layer -> mean inputs [R or 1, out or 1, in, ...]; the effect `compensate` reads it."""
    return {layer: mean for layer, (mean, _) in moments.items()}


def arrays(moments: Moments) -> dict[str, np.ndarray]:
    """Return what a file stores: "mean/<layer>" and "deviation/<layer>"."""
    return {
        f"{kind}/{layer}": values.cpu().numpy()
        for layer, pair in moments.items()
        for kind, values in zip(KINDS, pair, strict=True)
    }


def load(path: str | os.PathLike, device: torch.device | str) -> tuple[Moments, dict[str, str]]:
    """Return the moments that a file has as `arrays`, and what they were measured on.

    That is split -> SHA-256 of its file, as `ImageTensors.opened`.

    Raises:
        ValueError: if the file is not whole; names it.
    """
    stored, metadata = files.read_tensors(path)
    layers = [name.split("/")[1] for name in stored if name.startswith("mean/")]

    def moment(kind: str, layer: str) -> torch.Tensor:
        return torch.as_tensor(stored[f"{kind}/{layer}"], device=device)

    found = {layer: (moment("mean", layer), moment("deviation", layer)) for layer in layers}
    return found, metadata["opened"]
