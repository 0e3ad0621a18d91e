"""Pruning criteria: how weights are ranked (needs torch).

Every public function here is a criterion: a pure function that returns a score for every weight,
higher = keep. There are two kinds. With `weight`, one layer's [R, out, in, ...], as first parameter
it returns scores of that shape; with `weights`, layer -> weight of the whole network, it returns
layer -> scores. The names of its other parameters are the statistics that it reads, for the same
layer or as layer -> statistic (`needs.STATISTICS` lists them). A user's criterion is a function of
the same kind.
"""

from collections.abc import Mapping

import torch
from torch import Tensor


def random(weight: Tensor, uniform: Tensor) -> Tensor:
    """Return uniform numbers: the control of every comparison."""
    return uniform


def magnitude(weight: Tensor) -> Tensor:
    """Return |w| (Han et al. 2015, arXiv 1506.02626)."""
    return weight.abs()


def snr(weight: Tensor, sigma: Tensor) -> Tensor:
    """Return |mu| / sigma, a weight's signal-to-noise ratio (Graves 2011, section 6)."""
    return weight.abs() / sigma.abs().clamp_min(1e-30)


def inverse_sigma(weight: Tensor, sigma: Tensor) -> Tensor:
    """Return 1 / sigma: how certain the posterior is of a weight."""
    return 1 / sigma.abs().clamp_min(1e-30)


def log_alpha(weight: Tensor, sigma: Tensor) -> Tensor:
    """Return -log alpha with alpha = sigma^2 / mu^2; the same order as snr.

    Molchanov, Ashukha and Vetrov (2017), arXiv 1701.05369, section 4.2.
    """
    return 2 * (_log(weight) - _log(sigma))


def magnitude_x_std(weight: Tensor, input_deviation: Tensor) -> Tensor:
    """Return the standard deviation of what a weight passes on."""
    return weight.abs() * input_deviation


def wanda(weight: Tensor, input_norm: Tensor) -> Tensor:
    """Return |w| times the norm of the weight's input (Sun et al. 2023, arXiv 2306.11695, eq. 1).

    The paper's Wanda is this criterion in the scope output_unit: only the weights of one output are
    compared with each other. The norm is divided by the square root of the number of images, which
    changes no order there and makes layers comparable in other scopes.
    """
    return weight.abs() * input_norm


def g(weight: Tensor, gradient: Tensor) -> Tensor:
    """Return |g|: how far a step along the full gradient moves a weight."""
    return gradient.abs()


def hg(weight: Tensor, preconditioner: Tensor, gradient: Tensor) -> Tensor:
    """Return |H g|: how far a step of preconditioned SGD along the full gradient moves a weight."""
    return (preconditioner * gradient).abs()


def taylor(weight: Tensor, gradient_size: Tensor) -> Tensor:
    """Return the mean over images of |w g_n|: how much an image's loss changes without the weight.

    Molchanov et al. (2017), arXiv 1611.06440, equation 7, for a weight in place of a feature map:
    the loss to first order. As in the paper every image has its own absolute value, which is then
    averaged: at the end of training the mean gradient is near zero, but images' gradients aren't.
    """
    return weight.abs() * gradient_size


def obd(weight: Tensor, gauss_newton: Tensor) -> Tensor:
    """Return w^2 h / 2, the rise of the loss without the weight, to second order at a minimum.

    LeCun, Denker and Solla (1990), "Optimal Brain Damage", equation 5. As in the paper h is the
    diagonal of the Gauss-Newton matrix, but exact, where the paper drops what is off the diagonal
    at every layer. With cross-entropy that is the Fisher information: the mean of squared gradients
    whose labels are drawn from the network's predictions.
    """
    return weight.square() * gauss_newton / 2


def obd_empirical(weight: Tensor, fisher: Tensor) -> Tensor:
    """Return `obd` (LeCun, Denker and Solla 1990) with the empirical Fisher information for h.

    That is the mean over n of g_n^2 with the data's labels. Up to a factor the score equals snr^2
    under the Laplace approximation, whose variance is 1 / (N h).
    """
    return weight.square() * fisher / 2


def obd_hessian(weight: Tensor, hessian: Tensor) -> Tensor:
    """Return `obd` (LeCun, Denker and Solla 1990) with the Hessian's own diagonal for h.

    It is estimated from random signs (Hutchinson 1990). Unlike the Gauss-Newton matrix' it may be
    negative: then the loss falls without the weight, to second order.
    """
    return weight.square() * hessian / 2


def opd(weight: Tensor, precision: Tensor) -> Tensor:
    """Return P w^2 with P the diagonal of a Laplace posterior's precision.

    "Optimal posterior damage" of SpaM (Dhahri et al. 2024, arXiv 2402.15978, section 3.3): `obd`
    for all images together, with the prior's precision beside the curvature. The curvature is the
    Gauss-Newton matrix' diagonal; each layer has the prior that makes the network likeliest, which
    the paper finds while it trains.
    """
    return precision * weight.square()


def obs(weight: Tensor, inverse_moment: Tensor) -> Tensor:
    """Return w^2 / [H^-1]_qq with H the second moments of the layer's inputs, plus a ridge.

    Hassibi and Stork (1993), "Optimal Brain Surgeon", equation 5, for a layer's squared error as in
    Frantar and Alistarh (2023), arXiv 2301.00774, equation 3: how much it rises, up to a factor of
    2, if the weight goes and its unit's other weights make the best of it, as the effect
    reconstruct lets them.
    """
    return weight.square() / inverse_moment


def gradient_magnitude(weight: Tensor, gradient: Tensor) -> Tensor:
    """Return |w g|, with the gradient of all training images.

    Blalock et al. (2020), arXiv 2003.03033, section 7.2, "gradient magnitude pruning", there of one
    batch. `taylor` averages images' absolute values instead, `snip` has the initial weights.
    """
    return (weight * gradient).abs()


def gradient_norm(weight: Tensor, fisher: Tensor) -> Tensor:
    """Return the root of the mean over images of g_n^2: how long images' gradients are there."""
    return fisher.sqrt()


def grasp(weight: Tensor, initial_weight: Tensor, initial_hessian_gradient: Tensor) -> Tensor:
    """Return w H g at the initial weights: how much of the gradient's flow a weight keeps.

    Wang, Zhang and Grosse (2020), arXiv 2002.07376, equation 8: S(-w) = -w H g is how the squared
    norm of the gradient changes, up to a factor of 2, without the weight. Weights with the highest
    S go first, so its negative is the score. As in `snip` all training images are read and trained
    weights play no part; logits are not divided by 200, as the published code does.
    """
    return initial_weight * initial_hessian_gradient


def synflow(weight: Tensor, initial_flow: Tensor) -> Tensor:
    """Return the order in which iterative pruning by synaptic flow removes the initial weights.

    Tanaka et al. (2020), arXiv 2006.05467, algorithm 1, with 100 steps for a compression of 10 and
    as many for each further factor of 10 (`synaptic_flow.removal_order`). It reads no images, and
    trained weights play no part: a schedule that starts at the initial weights does as the paper.
    """
    return initial_flow


def snip(
    weights: Mapping[str, Tensor],
    initial_weight: Mapping[str, Tensor],
    initial_gradient: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """Return |w g| at the initial weights over its sum in the network: connection sensitivity.

    Lee, Ajanthan and Torr (2019), arXiv 1810.02340, equation 6, with the gradient of all training
    images instead of one batch. Trained weights play no part: to train a network only after
    pruning, as the paper does, use a schedule that starts at the initial weights.
    """
    found = {layer: (w * initial_gradient[layer]).abs() for layer, w in initial_weight.items()}
    totals = torch.stack([value.flatten(1).sum(1) for value in found.values()]).sum(0)
    return {
        layer: value / totals.clamp_min(1e-30).view(-1, *[1] * (value.dim() - 1))
        for layer, value in found.items()
    }


def movement(weight: Tensor, movement: Tensor) -> Tensor:
    """Return the sum of -w g over the steps of the training that ends with these weights.

    Movement pruning (Sanh, Wolf and Rush 2020, arXiv 2005.07683, section 3, up to the constant
    learning rate of scores): weights that training has moved away from zero stay. The training is
    the fit's and, in a chain, the step's before; what earlier ones summed is forgotten.
    """
    return movement


def lamp(weight: Tensor) -> Tensor:
    """Return w^2 over the sum of the squares of the layer's weights that are not smaller.

    Lee et al. (2021), arXiv 2010.07611, equation 3. Within a layer the order is that of |w|.
    Between layers a weight's share of the remaining squares counts; every layer's largest weight
    has score 1.
    """
    squares = weight.flatten(1).double().square()
    squares, order = squares.sort(dim=1, descending=True, stable=True)
    # In a layer of zeros, 0 / 1e-300 gives every weight score 0.
    shares = squares / squares.cumsum(1).clamp_min(1e-300)
    return torch.empty_like(shares).scatter_(1, order, shares).view(weight.shape).float()


def _log(values: Tensor) -> Tensor:
    """Return the logarithm of the absolute value, finite at 0."""
    return values.abs().clamp_min(1e-30).log()
