"""Steps of the buffer have the bits of torch's optimisers, without torch's compiler."""

import pytest
import torch

from prunescape.networks.ensembles import Ensemble
from prunescape.optimising.flat_optimisers import SGD, Adam
from tests.helpers.import_closures import python

CODE = """
import sys
sys.path.insert(0, "")
import torch
from prunescape.networks.ensembles import Ensemble
from prunescape.optimising.flat_optimisers import SGD, Adam
made = Ensemble({"1.weight": (3, 2)}, 2, torch.device("cpu"))
for optimiser in (Adam(made, 0.1, 1e-8), SGD(made, 0.1, 0.9)):
    optimiser.step()
print(made.flat.shape[0], "torch._dynamo" in sys.modules, "sympy" in sys.modules)
"""


def fused(kind, values):
    if kind is Adam:
        return torch.optim.Adam([values], lr=0.01, eps=1e-6, fused=True)
    return torch.optim.SGD([values], lr=0.01, momentum=kind.momentum, fused=True)


class Plain(SGD):
    momentum = 0.0


class Heavy(SGD):
    momentum = 0.9


@pytest.mark.parametrize("kind", [Adam, Plain, Heavy])
def test_steps_and_state_are_those_of_torchs_fused_optimiser(kind):
    made = Ensemble({"1.weight": (7, 5), "1.bias": (7,)}, 3, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        made.flat.copy_(torch.randn(made.flat.shape, generator=generator))
    values = made.flat.detach().clone().requires_grad_()
    ours = kind(made, 0.01, 1e-6 if kind is Adam else kind.momentum)
    theirs = fused(kind, values)
    for step in range(20):
        values.grad = torch.randn(values.shape, generator=generator)
        made.gradient.copy_(values.grad)
        ours.rate = theirs.param_groups[0]["lr"] = 0.01 / (1 + step)
        ours.step()
        theirs.step()
        assert torch.equal(made.flat, values)
    state = {name: value for name, value in theirs.state[values].items() if value is not None}
    assert ours.state.keys() == state.keys()
    assert all(torch.equal(value, state[name]) for name, value in ours.state.items())
    assert all(value.dtype == state[name].dtype for name, value in ours.state.items())


def test_a_step_imports_no_compiler():
    assert python("-c", CODE) == "2 False False\n"
