"""Second moments of every layer's inputs over the training images, and their ridge (needs torch).

They are the Hessian of a layer's squared error by the weights of any of its units (Hassibi and
Stork 1993; Frantar and Alistarh 2023, arXiv 2301.00774, section 3).
"""

import torch

from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Parameters, Weighted
from prunescape.networks.scaling import Scaling

CHUNK = 1000  # images at a time; fixed, so that sums don't depend on the machine's memory
RIDGE = 0.01  # share of the mean square of inputs, as SparseGPT's code has it (percdamp)


@torch.no_grad()
def second_moments(
    network: ReplicatedNetwork, parameters: Parameters, scaling: Scaling, images: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Measure the mean of x x' of each layer with weights, in the unpruned network.

    Args:
        network: the network.
        parameters: weights, biases and buffers [R, ...].
        scaling: input scaling.
        images: training images [N, C, H, W].

    Returns:
        Layer -> [R or 1, groups, n, n], float64, n inputs of a unit in the order of its weights; 1
        where all replicates see the same inputs. Units in different groups of a convolution see
        different inputs. In a convolution the mean is over positions too.
    """
    sums: dict[str, torch.Tensor] = {}
    counts: dict[str, int] = {}

    def observe(layer: Weighted, inputs: torch.Tensor) -> None:
        for some in inputs.split(layer.at_once, dim=1):
            windows = layer.windows(some).flatten(1, 2).double()
            by_group = windows.unflatten(2, (layer.groups, -1)).transpose(1, 2)
            # One by one: a batched product may add up in an order that depends on the others.
            squares = torch.stack(
                [torch.stack([rows.mT @ rows for rows in member]) for member in by_group]
            )
            sums[layer.name] = sums.get(layer.name, 0) + squares
            counts[layer.name] = counts.get(layer.name, 0) + windows.shape[1]

    for chunk in images.split(CHUNK):
        network.logits(scaling(chunk)[None], parameters, observe=observe)
    return {layer.name: sums[layer.name] / counts[layer.name] for layer in network.weighted}


def with_ridge(moments: torch.Tensor) -> torch.Tensor:
    """Add `RIDGE` times the mean of the diagonal to the diagonal of moments [..., n, n].

    So they can be inverted although some inputs never change or depend on others; of inputs that
    are all zero it is the identity.
    """
    mean = moments.diagonal(dim1=-2, dim2=-1).mean(-1)
    ridge = torch.where(mean > 0, RIDGE * mean, torch.ones_like(mean))
    return moments + torch.diag_embed(ridge.unsqueeze(-1).expand(moments.shape[:-1]))


def inverse_diagonals(moments: torch.Tensor) -> torch.Tensor:
    """Return the diagonal of the inverse of moments with ridge: [..., n, n] -> [..., n]."""
    flat = with_ridge(moments).flatten(0, -3)
    found = [torch.cholesky_inverse(torch.linalg.cholesky(each)).diagonal() for each in flat]
    return torch.stack(found).view(moments.shape[:-1])
