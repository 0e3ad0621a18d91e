"""What criteria read beside weights, and what is said where a fit doesn't have it."""

import numpy as np
import pytest
import torch

from prunescape.scoring import needs
from prunescape.scoring.input_moments import input_moments
from prunescape.scoring.weight_statistics import WeightStatistics
from tests.helpers.factories import PERCEPTRON, PSGD, checkpoint, classes, uint8_images

IMAGES, LABELS, ROOT = uint8_images(20), classes(20), (1, "study")
CPU = torch.device("cpu")


def statistics(fit=PSGD, root=ROOT, **made):
    fitted = checkpoint(PERCEPTRON, **made)
    moments = input_moments(fitted.network, fitted.parameters(CPU), fitted.scaling, IMAGES)
    return WeightStatistics(fitted, fit, IMAGES, LABELS, moments, root)


def test_there_is_every_statistic_that_criteria_may_name_and_no_other():
    public = {name for name in vars(WeightStatistics) if not name.startswith("_")}
    assert public == set(needs.STATISTICS)


@pytest.mark.parametrize("name", needs.STATISTICS)
def test_a_statistic_goes_with_the_weights_of_each_layer(name):
    fitted = checkpoint(PERCEPTRON, posterior=True)
    found = getattr(statistics(posterior=True), name)
    assert list(found) == [layer.name for layer in fitted.network.weighted]
    for layer in fitted.network.weighted:
        weight = torch.zeros(3, *layer.shape)
        # Of inputs they are like one unit's weights, and may be the same for all replicates.
        assert (weight * found[layer.name]).shape == weight.shape
        assert torch.isfinite(found[layer.name]).all()


def test_the_norm_of_an_input_is_the_root_of_its_mean_square():
    found = statistics()
    for layer in found.input_norm:
        square = found.input_mean[layer] ** 2 + found.input_deviation[layer] ** 2
        torch.testing.assert_close(found.input_norm[layer] ** 2, square)


def test_noise_is_the_replicates_own_and_of_the_study():
    together = statistics(replicates=(1, 2)).uniform
    alone = statistics(replicates=(2,)).uniform
    other = statistics(root=(1, "other"), replicates=(2,)).uniform
    for layer, drawn in together.items():
        assert torch.equal(drawn[1:], alone[layer])
        assert not torch.equal(drawn[0], drawn[1])
        assert not torch.equal(alone[layer], other[layer])
        assert drawn.min() >= 0
        assert drawn.max() < 1


def test_initial_weights_are_those_that_training_starts_from():
    found = statistics(replicates=(4, 2)).initial_weight
    again = statistics(replicates=(2,)).initial_weight
    assert all(torch.equal(found[layer][1:], again[layer]) for layer in found)
    bound = 1 / np.sqrt(64)  # torch_default, of 64 pixels
    assert found["1"].abs().max() <= bound
    assert found["1"].abs().max() > 0.9 * bound


@pytest.mark.parametrize(
    ("name", "fit", "message"),
    [
        ("sigma", PSGD, "needs a posterior; the fit has none"),
        ("preconditioner", PSGD | {"optimiser": {"kind": "adam"}}, "needs optimiser.kind: psgd"),
        (
            "initial_gradient",
            {k: v for k, v in PSGD.items() if k != "initial_weights"},
            "needs initial_weights, which the fit doesn't have",
        ),
    ],
)
def test_what_a_fit_does_not_have_is_named(name, fit, message):
    with pytest.raises(ValueError, match=message):
        getattr(statistics(fit), name)
