"""A training goes on with an optimiser's moments as if it had never stopped."""

import numpy as np
import pytest
import torch

from prunescape.networks.ensembles import Ensemble
from prunescape.optimising import optimiser_moments, optimisers
from tests.helpers.fits import MOMENTUM

SHAPES = {"1.weight": (3, 4), "1.bias": (3,)}
ADAM = {"kind": "adam", "learning_rate": 0.1}


def trained(settings, steps, ensemble=None, optimiser=None):
    """Take steps along made-up slopes, which differ between members and steps."""
    ensemble = ensemble or Ensemble(SHAPES, 2, torch.device("cpu"))
    if optimiser is None:
        fit = {"optimiser": settings, "batch_size": 8}
        optimiser = optimisers.optimiser(ensemble, fit, 100, None)
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        for slope in ensemble.gradients.values():
            slope.copy_(torch.randn(slope.shape, generator=generator))
        optimiser.step()
    return ensemble, optimiser


def stored(ensemble, optimiser):
    return {
        name: value.numpy().copy()
        for name, value in optimiser_moments.named(optimiser, ensemble).items()
        for name, value in optimiser_moments.named(optimiser, ensemble).items()
    }


def fresh(settings, like):
    ensemble, optimiser = trained(settings, [])
    ensemble.load({name: tensor.detach() for name, tensor in like.tensors.items()})
    return ensemble, optimiser


@pytest.mark.parametrize("settings", [ADAM, MOMENTUM], ids=["adam", "sgd"])
def test_a_restored_training_goes_on_to_the_same_bits(settings):
    ensemble, optimiser = trained(settings, range(3))
    arrays = stored(ensemble, optimiser)
    other = fresh(settings, ensemble)
    optimiser_moments.restore(other[1], other[0], arrays)
    without = fresh(settings, ensemble)
    whole, _ = trained(settings, range(3, 6), ensemble, optimiser)
    again, _ = trained(settings, range(3, 6), *other)
    anew, _ = trained(settings, range(3, 6), *without)
    assert torch.equal(again.flat, whole.flat)
    assert not torch.equal(anew.flat, whole.flat)


def test_moments_have_the_names_and_shapes_of_parameters():
    arrays = stored(*trained(ADAM, range(2)))
    kinds = {name.removeprefix("1.bias.") for name in arrays if name.startswith("1.bias.")}
    assert len(kinds) == 2  # averages of slopes and of their squares
    for kind in kinds:
        assert arrays[f"1.weight.{kind}"].shape == (2, 3, 4)
        assert arrays[f"1.bias.{kind}"].shape == (2, 3)
    assert arrays[f"{optimiser_moments.PREFIX}step"].tolist() == [2, 2]


def test_weights_that_do_not_train_lose_their_moments():
    ensemble, optimiser = trained(MOMENTUM, range(3))
    arrays = stored(ensemble, optimiser)
    other, restored = fresh(MOMENTUM, ensemble)
    free = torch.ones_like(other.flat)
    other.views(free)["1.weight"][0, 0] = 0
    optimiser_moments.restore(restored, other, arrays, free)
    found = stored(other, restored)
    [name] = [name for name in found if name.startswith("1.weight.")]
    assert not found[name][0, 0].any()
    kept = np.ones((2, 3, 4), bool)
    kept[0, 0] = False
    assert np.array_equal(found[name][kept], arrays[name][kept])


def test_a_checkpoint_without_moments_is_refused():
    ensemble, optimiser = trained(ADAM, [])
    arrays = {"1.weight": np.zeros((2, 3, 4)), "1.bias": np.zeros((2, 3))}
    with pytest.raises(ValueError, match="the checkpoint has no optimiser's moments to go on with"):
        optimiser_moments.restore(optimiser, ensemble, arrays)


def test_without_momentum_there_is_nothing_to_go_on_with():
    plain = {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.0}
    ensemble, optimiser = trained(plain, [])
    optimiser_moments.restore(optimiser, ensemble, {"1.weight": np.zeros((2, 3, 4))})
    assert stored(*trained(plain, range(2), ensemble, optimiser)) == {}
