"""Synaptic flow: its law of conservation, and the order against the paper's loop."""

import numpy as np
import pytest
import torch

from prunescape.networks.network import Network
from prunescape.scoring import synaptic_flow
from tests.helpers.factories import member, parameters

RECTIFIED = [
    {"kind": "linear", "units": 9, "bias": False},
    {"kind": "relu"},
    {"kind": "linear", "units": 7, "bias": False},
    {"kind": "relu"},
    {"kind": "linear", "units": 4, "bias": False},
]
FILTERS = [
    {"kind": "conv", "filters": 3, "size": 3},
    {"kind": "max_pool", "size": 2},
    {"kind": "relu"},
    {"kind": "linear", "units": 4},
]
NETWORK = Network(RECTIFIED, (1, 4, 4))
ONES = torch.ones(1, 1, 1, 4, 4)
VALUES = parameters(NETWORK, 2)


def test_what_flows_into_a_unit_flows_out_of_it():
    found = synaptic_flow.flows(NETWORK, VALUES, ONES)
    for before, after in (("1", "2"), ("2", "3")):
        torch.testing.assert_close(found[before].sum(2), found[after].sum(1))
    total = found["3"].sum((1, 2))
    for flow in found.values():  # every layer passes on all that there is
        torch.testing.assert_close(flow.sum((1, 2)), total)
        assert (flow >= 0).all()


def test_a_flow_is_the_product_of_all_paths_through_a_weight():
    found = synaptic_flow.flows(NETWORK, VALUES, ONES)
    w1, w2, w3 = (VALUES[f"{i}.weight"].abs() for i in (1, 2, 3))
    expected = w2 * (w1.sum(2)[:, None] * w3.sum(1)[:, :, None])
    torch.testing.assert_close(found["2"], expected)


def test_flow_through_filters_is_conserved():
    network = Network(FILTERS, (1, 8, 8))
    values = {k: v if "weight" in k else v * 0 for k, v in parameters(network, 2).items()}
    found = synaptic_flow.flows(network, values, torch.ones(1, 1, 1, 8, 8))
    into = found["1"].flatten(2).sum(2)
    out_of = found["2"].unflatten(2, (3, -1)).sum((1, 3))
    torch.testing.assert_close(into, out_of)


def published(weights, density, steps=100):
    """Return masks by the paper's algorithm 1 for one network of matrices, in plain numpy."""
    masks = [np.ones(w.shape, dtype=bool) for w in weights]
    total = sum(w.size for w in weights)
    for step in range(1, steps + 1):
        w1, w2, w3 = (np.abs(w) * m for w, m in zip(weights, masks, strict=True))
        into, out_of = (w1 @ np.ones(w1.shape[1]), np.ones(w3.shape[0]) @ w3)
        flows = [
            w1 * (out_of @ w2)[:, None],
            w2 * np.outer(out_of, into),
            w3 * (w2 @ into)[None],
        ]
        left = int(total * density ** (step / steps))
        everything = np.concatenate(
            [np.where(m, f, -1).ravel() for f, m in zip(flows, masks, strict=True)]
        )
        cut = np.sort(everything)[total - left - 1] if left < total else -1
        masks = [m & (f > cut) for f, m in zip(flows, masks, strict=True)]
    return masks


@pytest.mark.parametrize("member_of", [0, 1])
def test_the_order_is_that_of_the_papers_hundred_steps(member_of):
    values = {name: value.double() for name, value in VALUES.items()}
    found = synaptic_flow.removal_order(NETWORK, values, ONES.double())
    weights = [values[f"{i}.weight"][member_of].numpy() for i in (1, 2, 3)]
    total = sum(w.size for w in weights)
    masks = published(weights, 0.1)
    kept = sum(int(mask.sum()) for mask in masks)
    assert kept == int(total * 0.1)
    flat = torch.cat([found[i][member_of].flatten() for i in "123"])
    last = flat.argsort(descending=True)[:kept]
    chosen = torch.zeros(total, dtype=torch.bool).scatter_(0, last, True)
    assert torch.equal(chosen, torch.from_numpy(np.concatenate([m.ravel() for m in masks])))


def test_all_weights_have_a_place_and_those_without_flow_the_first():
    values = VALUES | {"2.weight": VALUES["2.weight"].clone()}
    values["2.weight"][:, 3] = 0  # a unit that receives nothing
    found = synaptic_flow.removal_order(NETWORK, values, ONES)
    assert (found["2"][:, 3] == 0).all()
    assert (found["3"][:, :, 3] == 0).all()
    without = 9 + 4
    total = sum(value[0].numel() for value in found.values())
    for r in range(2):
        flat = torch.cat([found[i][r].flatten() for i in "123"]) * total
        assert (flat == 0).sum() == without
        # As many weights have gone before each as its place says. At the end whole paths are left,
        # all of whose weights pass on the same.
        before = (flat.round()[:, None] > flat.round()).sum(1)
        assert torch.equal(before.double(), flat.round())
        assert len(flat.round().unique()) > 0.9 * total


def test_a_member_has_the_same_order_alone():
    together = synaptic_flow.removal_order(NETWORK, VALUES, ONES)
    alone = synaptic_flow.removal_order(NETWORK, member(VALUES, 1), ONES)
    assert all(torch.equal(together[name][1:], alone[name]) for name in together)


def test_parameters_stay_as_they_are():
    before = {name: value.clone() for name, value in VALUES.items()}
    synaptic_flow.removal_order(NETWORK, VALUES, ONES)
    assert all(torch.equal(before[name], VALUES[name]) for name in before)
    assert not any(value.requires_grad for value in VALUES.values())


def test_numbers_that_are_too_large_are_told():
    values = {name: value * 1e20 for name, value in VALUES.items()}
    with pytest.raises(ValueError, match="too large for float32; allowed: a fit with float64"):
        synaptic_flow.flows(NETWORK, values, ONES)
