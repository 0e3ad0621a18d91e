import numpy as np
import pytest
import torch

from prunescape.data.image_tensors import ImageTensors
from prunescape.fitting import ensemble_fits

LAYERS = [{"kind": "linear", "units": 4}]
SETTINGS = {
    "scaling": "signed",
    "objective": {"kind": "likelihood", "softmax": "once"},
    "initial_weights": {"distribution": "he_uniform"},
    "optimiser": {"kind": "adam", "learning_rate": 0.01},
    "batch_size": 16,
    "epochs": 1,
}


def split(classes=4):
    generator = np.random.default_rng(0)
    images = torch.from_numpy(generator.integers(0, 256, (64, 1, 8, 8)).astype(np.uint8))
    labels = torch.from_numpy(generator.integers(0, classes, 64))
    return ImageTensors(images, labels, classes, {"train": "a" * 64})


def fit(start=None, replicates=(3, 5)):
    return ensemble_fits.fit(split(), LAYERS, SETTINGS, (1, "study"), replicates, start=start)


def test_a_checkpoint_is_of_the_replicates_and_says_what_was_opened():
    found = fit()
    assert found.replicates == [3, 5]
    assert found.fitted_on == {"train": "a" * 64}
    assert found.arrays["1.weight"].shape == (2, 4, 64)
    assert found.layers == LAYERS
    assert float(found.scaling.scale) == 0.5


def test_a_start_brings_its_weights_its_replicates_and_what_it_opened():
    before = fit()
    before.fitted_on["validation"] = "b" * 64

    on = fit(before, range(1, 10))

    assert on.replicates == [3, 5]
    assert on.fitted_on == {"train": "a" * 64, "validation": "b" * 64}
    anew = fit().arrays["1.weight"]
    assert np.array_equal(before.arrays["1.weight"], anew)
    assert not np.array_equal(on.arrays["1.weight"], anew)


def test_a_network_with_other_outputs_than_classes():
    with pytest.raises(
        ValueError, match=r"^networks: the last layer has 4 units, .* the 3 classes"
    ):
        ensemble_fits.fit(split(3), LAYERS, SETTINGS, (1, "study"), [1])


@pytest.mark.parametrize("settings", [{"batch_size": 64}, {"shuffle": False}])
def test_replicates_that_would_be_one_network_are_not_trained(settings):
    zeros = SETTINGS | settings | {"initial_weights": {"distribution": "zeros"}}

    def trained(replicates, **changes):
        return ensemble_fits.fit(split(), LAYERS, zeros | changes, (1, "study"), replicates)

    line = "zeros with .*: all replicates would be one network; allowed: another distribution"
    with pytest.raises(ValueError, match=line):
        trained((1, 2))
    assert trained((1,)).replicates == [1]
    found = trained((1, 2), batch_size=63, shuffle=True).arrays["1.weight"]
    assert (found[0] != found[1]).any()
