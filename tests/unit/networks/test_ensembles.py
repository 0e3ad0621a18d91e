"""An ensemble is one buffer: views, padding, gradients, and those who are left."""

import numpy as np
import pytest
import torch

from prunescape.networks.ensembles import ALIGNMENT, Ensemble

SHAPES = {"1.weight": (3, 5), "1.bias": (3,), "2.weight": (2, 3)}
CPU = torch.device("cpu")


def loaded(replicates=2, input_major=()):
    made = Ensemble(SHAPES, replicates, CPU, {"count": torch.arange(replicates)}, input_major)
    generator = np.random.default_rng(0)
    values = {name: generator.normal(size=(replicates, *shape)) for name, shape in SHAPES.items()}
    made.load(values)
    return made, {name: value.astype(np.float32) for name, value in values.items()}


@pytest.mark.parametrize("input_major", [(), ("1.weight",)])
def test_every_parameter_is_a_view_that_begins_aligned(input_major):
    made, values = loaded(input_major=input_major)
    assert made.parameters == 3 * 5 + 3 + 2 * 3
    assert made.flat.shape[1] == len(SHAPES) * ALIGNMENT
    assert np.count_nonzero(made.flat.detach()) == 2 * made.parameters  # the padding is zero
    for name, tensor in made.tensors.items():
        assert np.array_equal(tensor.detach(), values[name])
        assert (tensor.data_ptr() - made.flat.data_ptr()) % (4 * ALIGNMENT) == 0
    with torch.no_grad():
        made.flat += 1
    assert all(np.array_equal(made.arrays()[name], value + 1) for name, value in values.items())
    assert made.tensors["1.weight"][0].mT.is_contiguous() == bool(input_major)


@pytest.mark.parametrize("input_major", [(), ("1.weight",)])
def test_gradients_are_autograds_in_either_layout(input_major):
    made, values = loaded(input_major=input_major)
    scale = torch.tensor([1.0, 3.0]).view(2, 1, 1)
    made.backward(
        (scale * made.tensors["1.weight"] ** 2).sum()
        + (made.tensors["1.bias"].sum() + made.tensors["2.weight"].sum())
    )
    expected = 2 * scale * torch.from_numpy(values["1.weight"])
    torch.testing.assert_close(made.gradients["1.weight"], expected)
    assert made.flat.grad.count_nonzero() == 2 * made.parameters


def test_gradients_are_zero_where_nothing_is_free():
    made, _ = loaded()
    free = torch.ones_like(made.flat)
    made.views(free)["1.weight"][1, 2] = 0
    made.hold(free)
    made.backward(sum((tensor * 2).sum() for tensor in made.tensors.values()))
    assert not made.gradients["1.weight"][1, 2].any()
    assert (made.gradients["1.weight"][0] == 2).all()
    assert (made.gradients["1.weight"][1, :2] == 2).all()
    with made.unheld():
        made.backward(sum((tensor * 3).sum() for tensor in made.tensors.values()))
    assert (made.gradients["1.weight"] == 3).all()
    made.backward(sum((tensor * 2).sum() for tensor in made.tensors.values()))
    assert not made.gradients["1.weight"][1, 2].any()


def test_those_who_are_left_are_copies_with_their_buffers():
    made, values = loaded(3)
    made.backward(sum((tensor**2).sum() for tensor in made.tensors.values()))
    left = made.only([2, 0])
    assert left.buffers["count"].tolist() == [2, 0]
    for name, value in values.items():
        assert np.array_equal(left.arrays()[name], value[[2, 0]])
        torch.testing.assert_close(left.gradients[name], made.gradients[name][[2, 0]])
    with torch.no_grad():
        left.flat.zero_()
    assert np.array_equal(made.arrays()["1.bias"], values["1.bias"])
