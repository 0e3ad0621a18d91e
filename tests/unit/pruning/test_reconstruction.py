"""Weights fitted under a mask, against numpy's least squares on the inputs themselves."""

import numpy as np
import pytest
import torch

from prunescape.networks import second_moments
from prunescape.pruning import reconstruction


def made(shape, replicates=2, images=40, shared=False):
    """Return weights, masks, and rows of inputs [R or 1, images, inputs of a unit]."""
    generator = torch.Generator().manual_seed(5)
    weight = torch.randn(replicates, *shape, generator=generator)
    mask = torch.rand(weight.shape, generator=generator) < 0.4
    inputs = int(np.prod(shape[1:]))
    rows = torch.randn(1 if shared else replicates, images, inputs, generator=generator)
    return weight, mask, rows.double() + 0.5


def moments_of(rows):
    """Return the second moments [R or 1, 1, n, n]: all units see the same inputs."""
    return (rows.mT @ rows / rows.shape[1]).unsqueeze(1)


def least_squares(weight, kept, rows):
    """Return one unit's weights by numpy's lstsq; rows of the ridge stand below the inputs."""
    ridge = second_moments.RIDGE * np.mean(np.sum(rows**2, 0) / len(rows))
    design = np.vstack([rows / np.sqrt(len(rows)), np.sqrt(ridge) * np.eye(len(weight))])
    found = np.zeros(len(weight))
    found[kept] = np.linalg.lstsq(design[:, kept], design @ weight, rcond=None)[0]
    return found


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("shape", [(5, 12), (4, 3, 2, 2)])
def test_each_units_weights_solve_least_squares(shape, shared):
    weight, mask, rows = made(shape, shared=shared)
    mask[0, 1], mask[1, 2] = True, False
    found = reconstruction.solved(weight, mask, moments_of(rows))
    assert found.shape == weight.shape
    assert found.dtype == weight.dtype
    assert (found[~mask] == 0).all()
    for r, inputs in enumerate(rows.expand(2, -1, -1)):
        for row, kept, own in zip(weight[r], mask[r], found[r], strict=True):
            expected = least_squares(
                row.flatten().double().numpy(), kept.flatten().numpy(), inputs.numpy()
            )
            np.testing.assert_allclose(own.flatten().numpy(), expected, rtol=1e-4, atol=1e-5)


def test_one_removed_weight_is_optimal_brain_surgeons_update():
    weight, _, rows = made((3, 6))
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[:, :, 2] = False
    found = reconstruction.solved(weight, mask, moments_of(rows))
    for r in range(2):
        inverse = torch.linalg.inv(second_moments.with_ridge(moments_of(rows))[r, 0])
        for row, own in zip(weight[r].double(), found[r], strict=True):
            # Hassibi and Stork, equation 5: dw = -w_q / [H^-1]_qq H^-1 e_q.
            expected = row - row[2] / inverse[2, 2] * inverse[:, 2]
            torch.testing.assert_close(own.double(), expected, rtol=1e-5, atol=1e-5)


def test_outputs_change_less_than_by_zeros():
    weight, mask, rows = made((5, 12))
    found = reconstruction.solved(weight, mask, moments_of(rows)).double()

    def changed(after):
        return (rows @ (after - weight.double()).mT).square().mean()

    assert changed(found) < changed(weight.double() * mask)


def test_units_of_a_group_see_its_inputs():
    weight, mask, rows = made((6, 5))
    _, _, others = made((6, 5), images=30)
    both = torch.cat([moments_of(rows), moments_of(others)], dim=1)
    found = reconstruction.solved(weight, mask, both)
    first = reconstruction.solved(weight[:, :3], mask[:, :3], moments_of(rows))
    second = reconstruction.solved(weight[:, 3:], mask[:, 3:], moments_of(others))
    assert torch.equal(found, torch.cat([first, second], dim=1))


def test_a_unit_that_keeps_all_or_nothing_is_exact():
    weight, _, rows = made((2, 7))
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[:, 1] = False
    found = reconstruction.solved(weight, mask, moments_of(rows))
    assert torch.equal(found, weight * mask)


def test_a_member_has_the_same_bits_alone():
    weight, mask, rows = made((5, 12))
    together = reconstruction.solved(weight, mask, moments_of(rows))
    alone = reconstruction.solved(weight[1:], mask[1:], moments_of(rows)[1:])
    assert torch.equal(together[1:], alone)
