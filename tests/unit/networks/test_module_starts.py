"""How modules are made: all that is random from the seed, and nothing left behind."""

import random

import numpy as np
import torch

from prunescape.foundations.global_state import random_states
from prunescape.networks.module_starts import differing, fenced
from tests.helpers.own_networks import unusual


def test_numbers_of_numpy_and_python_come_from_the_seed():
    built = unusual("Numpys")
    first, again, other = built.start(2**40 + 1), built.start(2**40 + 1), built.start(2**40 + 2)
    for name in ("1.weight", "2.weight"):
        assert np.array_equal(first[name], again[name])
        assert not np.array_equal(first[name], other[name])


def test_lazy_layers_start_with_the_numbers_of_the_seed():
    built = unusual("lazy")
    assert built.shapes["2.weight"] == (4, 108)
    for name in ("1.weight", "2.weight"):
        assert np.array_equal(built.start(5)[name], built.start(5)[name])
        assert not np.array_equal(built.start(5)[name], built.start(6)[name])
    assert not built.start(5)["own.1.running_mean"].any()


def test_nothing_of_the_users_code_is_left():
    before = random_states()
    settings = (torch.get_default_dtype(), torch.get_float32_matmul_precision())
    for name in ("Seeded", "SeededInside", "Settings", "RandomWidth"):
        unusual(name).start(3)
        assert random_states() == before
        assert settings == (torch.get_default_dtype(), torch.get_float32_matmul_precision())
        assert torch.is_grad_enabled()


def test_a_fence_keeps_draws_inside():
    before = random_states()
    with fenced(4):
        drawn = torch.rand(()), np.random.rand(), random.random()  # noqa: NPY002
        assert set(differing(before, random_states())) == {"torch", "numpy.random", "random"}
    assert random_states() == before
    with fenced(4):
        assert drawn == (torch.rand(()), np.random.rand(), random.random())  # noqa: NPY002


def test_a_module_of_the_file_stays_as_it_is():
    built = unusual("SharedBackbone")
    assert built.fresh(1).back.weight is not built.fresh(2).back.weight
    assert torch.equal(built.fresh(1).back.weight, built.fresh(2).back.weight)
