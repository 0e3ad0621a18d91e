"""Members under training: what is fixed stays, and who is left goes on as if alone."""

import numpy as np
import pytest
import torch

from prunescape.fitting.members import Members
from prunescape.networks.ensembles import Ensemble
from tests.helpers.factories import ties

SHAPES = {"1.weight": (3, 5), "1.bias": (3,)}
CPU = torch.device("cpu")
SETTINGS = {"optimiser": {"kind": "adam", "learning_rate": 0.1}, "batch_size": 4}


def members(replicates, trainable=None):
    """Return members whose numbers don't depend on their company."""
    ensemble = Ensemble(SHAPES, len(replicates), CPU)
    draws = {r: ties(1, f"member {r}")[0] for r in replicates}
    ensemble.load(
        {
            name: np.stack([draws[r].normal(size=shape) for r in replicates])
            for name, shape in SHAPES.items()
        }
    )
    generators = [torch.Generator().manual_seed(r) for r in replicates]
    free = {"1.weight": trainable} if trainable is not None else {}
    return Members(ensemble, replicates, generators, free, SETTINGS, 20)


def step(made):
    """Take a step on a loss in which each parameter has another slope."""
    values = made.ensemble.tensors
    loss = (values["1.weight"] ** 3).sum() + (values["1.bias"] ** 2).sum()
    made.ensemble.backward(loss)
    made.optimiser.step()


def test_members_of_a_replicate_are_counted_once():
    assert members([4, 2, 4]).own == [4, 2]


def test_those_who_are_left_go_on_as_if_alone():
    together, alone = members([1, 2, 3]), members([2])
    for made in (together, alone):
        step(made)
    left = together.without({1, 3})
    assert left.replicates == [2]
    for _ in range(3):  # with the moments of Adam, which `without` has to take along
        step(left)
        step(alone)
    assert torch.equal(left.ensemble.flat, alone.ensemble.flat)
    assert torch.rand(1, generator=left.generators[0]) == torch.rand(
        1, generator=alone.generators[0]
    )
    assert together.without(set()) is together


def test_fixed_weights_keep_their_value_also_of_those_who_are_left():
    trainable = np.random.default_rng(0).random((2, 3, 5)) < 0.5
    made = members([1, 2], trainable)
    before = made.ensemble.arrays()["1.weight"]
    step(made)
    left = made.without({1})
    step(left)
    left.fixed.check(left.optimiser)
    after = left.ensemble.arrays()["1.weight"][0]
    assert np.array_equal(after == before[1], ~trainable[1])


def test_a_fixed_weight_that_moves_or_has_a_moment_is_told():
    trainable = np.ones((2, 3, 5), dtype=bool)
    trainable[1, 0, 0] = False
    made = members([1, 2], trainable)
    step(made)
    made.fixed.check(made.optimiser)
    with torch.no_grad():
        made.ensemble.tensors["1.weight"][1, 0, 0] += 1
    with pytest.raises(ValueError, match="a weight that a mask holds has moved"):
        made.fixed.check(made.optimiser)
    with torch.no_grad():
        made.ensemble.tensors["1.weight"][1, 0, 0] -= 1
    made = members([1, 2], trainable)
    made.ensemble.gradients["1.weight"][1, 0, 0] = 1
    with pytest.raises(ValueError, match="has a gradient or a moment"):
        made.fixed.check(made.optimiser)


def test_weights_that_change_places_start_from_nothing():
    trainable = np.zeros((2, 3, 5), dtype=bool)
    trainable[:, 0] = True
    made = members([1, 2], trainable)
    made.rewire(made.kept)  # all that is held is zero from now on
    step(made)
    kept = torch.zeros(2, 3, 5, dtype=torch.bool)
    kept[0, 0], kept[1, 1] = True, True
    before = made.ensemble.flat.clone()
    made.rewire({"1.weight": kept})
    assert torch.equal(made.kept["1.weight"], kept)
    for buffer in (made.ensemble.flat, *(v for v in made.optimiser.state.values() if v.dim())):
        views = made.ensemble.views(buffer)
        assert views["1.weight"][0, 0].all()
        assert not views["1.weight"][0, 1:].any()
        assert not views["1.weight"][1].any()
        assert views["1.bias"].any()
    step(made)
    made.fixed.check(made.optimiser)
    left = made.without({1})
    step(left)
    left.fixed.check(left.optimiser)
    assert left.rewired
    assert torch.equal(left.kept["1.weight"], kept[1:])
    assert not torch.equal(made.ensemble.flat, before)


def test_a_mask_keeps_its_number_of_weights():
    trainable = np.ones((2, 3, 5), dtype=bool)
    trainable[1, 2] = False
    made = members([1, 2], trainable)
    other = made.kept["1.weight"].flip(0)
    with pytest.raises(ValueError, match="keeps another number of weights than before"):
        made.rewire({"1.weight": other})
