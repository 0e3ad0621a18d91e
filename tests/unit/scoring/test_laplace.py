"""Laplace posteriors: against laplace-torch's numbers, and the likelihood that priors maximise."""

import torch

from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.optimising.objectives import Likelihood
from prunescape.scoring import laplace
from prunescape.scoring.image_gradients import expected_squares

WEIGHTS = {
    "1": torch.tensor([[[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]]]),
    "2": torch.tensor([[[1.0, -2.0], [0.5, 1.25]]]),
}
IMAGES = torch.arange(60.0).mul(0.7).sin().abs().view(20, 1, 1, 3)
# laplace-torch 0.3, DiagLaplace with BackPackGGN and a prior precision for each layer, which Adam
# drove to the maximum of its log_marginal_likelihood: prior precisions, posterior precision.
PRIORS = (0.6598, 0.3221)
POSTERIOR = {
    "1": [[0.76043123, 0.84329987, 0.98054099], [0.97728491, 8.51384926, 17.31625938]],
    "2": [[0.61761576, 0.84526420], [0.61761576, 0.84526420]],
}


def curvature():
    layers = [
        {"kind": "linear", "units": 2, "bias": False},
        {"kind": "tanh"},
        {"kind": "linear", "units": 2, "bias": False},
    ]
    network = Network(layers, (1, 1, 3))
    parameters = {f"{layer}.weight": weight for layer, weight in WEIGHTS.items()}
    unit = Scaling(torch.tensor(0.0), torch.tensor(1.0))
    return expected_squares(Likelihood(network, {"kind": "likelihood"}), parameters, unit, IMAGES)


def test_posterior_precisions_are_those_of_laplace_torch():
    found = laplace.precisions(WEIGHTS, curvature(), len(IMAGES))
    for layer, expected in POSTERIOR.items():
        torch.testing.assert_close(found[layer][0], torch.tensor(expected), rtol=2e-3, atol=0)


def test_priors_maximise_the_marginal_likelihood():
    generator = torch.Generator().manual_seed(3)
    weight = torch.randn(4, 5, 7, generator=generator, dtype=torch.float64)
    data = 30 * torch.rand(4, 5, 7, generator=generator, dtype=torch.float64).square()
    found = laplace.prior_precisions(weight, data)

    def evidence(delta):
        fit = delta * weight.flatten(1).square().sum(1) - weight[0].numel() * delta.log()
        return -(fit + (data.flatten(1) + delta[:, None]).log().sum(1)) / 2

    for factor in (0.98, 1.02):
        assert (evidence(found) > evidence(factor * found)).all()
    # A member alone has the same prior.
    assert torch.allclose(laplace.prior_precisions(weight[2:3], data[2:3]), found[2:3])


def test_a_layer_of_zeros_has_a_finite_precision():
    zeros = {"1": torch.zeros(2, 3, 4)}
    found = laplace.precisions(zeros, {"1": torch.ones(2, 3, 4)}, 10)["1"]
    assert found.isfinite().all()
    assert (found >= 10).all()
