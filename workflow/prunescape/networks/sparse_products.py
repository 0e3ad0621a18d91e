"""Products that skip zeros: weights that masks removed, or units that lost (needs torch).

On a processor the matrices of 5 networks in compressed rows (CSR) multiply as fast as dense ones
when 5 to 10 % of the weights are left, 4 times as fast at 2 %, 7 times as fast at 1 % (250 x 784
weights, 1,000 images, one thread). After k-winners with 100 of 4,320 units, adding up the winners'
weights takes half the time of the dense product.
"""

import warnings
from collections.abc import Callable, Sequence
from math import prod

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Affine, Parameters, Weighted

SPARSE = 0.04
"""Zeros are skipped if at most this share of a layer's weights, or of its inputs, isn't zero."""
LARGE = 10_000
"""A layer needs so many weights for skipping zeros to pay."""

Product = Callable[[torch.Tensor], torch.Tensor]


def affine(network: ReplicatedNetwork, parameters: Parameters) -> Affine | None:
    """Return the `affine` argument of `Network.logits` for M networks in inference, or None.

    The weights of winners are added up wherever the network has few winners. A member's layer is
    multiplied in compressed rows if its weights are sparse; no other member plays a part, so a
    member's bits don't depend on its company. The result is None where nothing can be gained: no
    linear layer has few weights left or few winners before it, the network is a user's module, or
    it isn't on a processor.

    Args:
        network: the architecture.
        parameters: weights and biases [M, ...].
    """
    if not network.chained:
        return None
    products = {}
    for layer in network.weighted:
        product = _product(layer, parameters[f"{layer.name}.weight"])
        if product:
            products[layer.name] = product
    if not products:
        return None

    def multiply(layer: Weighted, inputs: torch.Tensor) -> torch.Tensor | None:
        if layer.name not in products:
            return None
        return layer.add_bias(products[layer.name](inputs), parameters)

    return multiply


def _product(layer: Weighted, weight: torch.Tensor) -> Product | None:
    """Return a product of inputs [R or 1, B, ...] and `weight` that skips zeros, or None."""
    if len(layer.shape) > 2 or prod(layer.shape) < LARGE or weight.device.type != "cpu":
        return None
    if layer.winners is not None and layer.winners <= SPARSE * layer.shape[1]:
        columns = weight.mT.contiguous()
        return lambda inputs: _by_winners(inputs, columns)
    if torch.backends.mkl.is_available() and any(_is_sparse(own) for own in weight):
        compressed = [_compressed(own) for own in weight]
        return lambda inputs: _by_compressed_rows(layer, inputs, weight, compressed)
    return None


def _by_compressed_rows(
    layer: Weighted,
    inputs: torch.Tensor,
    weight: torch.Tensor,
    compressed: Sequence[torch.Tensor | None],
) -> torch.Tensor:
    """Multiply [R or 1, B, ...] by [R, out, in], in compressed rows for members that have them."""
    rows = inputs.flatten(2)
    columns = rows.mT.contiguous().expand(len(weight), -1, -1)
    rows = rows.expand(len(weight), -1, -1)
    outputs = rows.new_empty(*weight.shape[:2], rows.shape[1])
    for member, own in enumerate(compressed):
        if own is None:
            alone = slice(member, member + 1)
            outputs[alone] = layer.product(rows[alone], weight[alone]).mT
        else:
            torch.mm(own, columns[member], out=outputs[member])
    return outputs.mT


def _by_winners(inputs: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Add up the columns [R, in, out] that belong to nonzero inputs [R, B, ...]."""
    found = []
    for rows, own in zip(inputs.flatten(2).numpy(), columns, strict=True):
        places = np.flatnonzero(rows != 0)
        starts = np.arange(0, rows.size, rows.shape[1])
        offsets = np.searchsorted(places, starts)
        values = rows.ravel()[places]
        places -= starts.repeat(np.diff(offsets, append=len(places)))
        # A bag is an image: it begins at its offset.
        bags = F.embedding_bag(
            torch.from_numpy(places),
            own,
            torch.from_numpy(offsets),
            mode="sum",
            per_sample_weights=torch.from_numpy(values),
        )
        found.append(bags)
    return torch.stack(found)


def _compressed(weight: torch.Tensor) -> torch.Tensor | None:
    if not _is_sparse(weight):
        return None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return weight.to_sparse_csr()


def _is_sparse(weight: torch.Tensor) -> bool:
    return int(weight.count_nonzero()) <= SPARSE * weight.numel()
