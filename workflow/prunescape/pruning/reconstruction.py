"""Least squares for the weights that a mask keeps, on the inputs of their layer (needs torch).

Hassibi and Stork (1993), "Optimal Brain Surgeon"; layer by layer as in Frantar and Alistarh (2022,
arXiv 2208.11580; 2023, arXiv 2301.00774). Their algorithms choose and update weights in turn, and
SparseGPT approximately so; here the mask is given, and the update is exact for it.
"""

import torch

from prunescape.networks import second_moments


def solved(weight: torch.Tensor, mask: torch.Tensor, moments: torch.Tensor) -> torch.Tensor:
    """Return the weights under a mask that change a layer's outputs least, on its inputs.

    With H the moments plus a ridge, each unit's weights v minimise (v - w)' H (v - w), which is
    the mean squared change of its outputs plus the ridge times the squared change of its weights;
    v is 0 where the mask removes. So the kept weights solve H_KK v_K = (H w)_K. Biases stay.

    Args:
        weight: [M, out, in, ...].
        mask: boolean, of the weight's shape; True = keep.
        moments: mean of x x' of the layer's inputs, without a ridge: [M or 1, groups, n, n], n the
            inputs of a unit in the order of its weights; units lie group by group.

    Returns:
        [M, out, in, ...] like `weight`. A unit that keeps all weights, or none, is exact.
    """
    ridged = second_moments.with_ridge(moments).expand(len(weight), -1, -1, -1)
    found, units = (weight * mask).flatten(2), weight.shape[1] // moments.shape[1]
    for member, rows, kept_of, hessians in zip(
        found, weight.flatten(2).double(), mask.flatten(2), ridged, strict=True
    ):
        for row, kept in enumerate(kept_of):
            if kept.all() or not kept.any():
                continue
            places, hessian = torch.nonzero(kept).squeeze(1), hessians[row // units]
            factor = torch.linalg.cholesky(hessian[places][:, places])
            right = (hessian[places] @ rows[row]).unsqueeze(1)
            member[row, places] = torch.cholesky_solve(right, factor).squeeze(1).to(member.dtype)
    return found.view(weight.shape)
