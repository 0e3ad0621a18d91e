"""Metrics of predictions: accuracy, likelihood and calibration of M networks (needs torch)."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from prunescape.evaluation import calibration
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Affine, Parameters, Weighted
from prunescape.networks.scaling import Scaling, intensities

# Images at a time; fixed, so that a network's numbers don't depend on other networks.
CHUNK = 1000
CHUNK_OF_FILTERS = 500  # with convolutions: outputs so small that the allocator reuses their memory


@torch.no_grad()
def measure(
    network: ReplicatedNetwork,
    parameters: Parameters,
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
    affine: Affine | None = None,
) -> dict[str, list[Any]]:
    """Measure M networks on the same images.

    Args:
        network: the architecture.
        parameters: weights and biases [M, ...].
        scaling: input scaling.
        images: raw, uint8 or intensities [N, C, H, W].
        labels: classes [N].
        affine: as in `Network.logits`.

    Returns:
        Lists of M values: n_correct; accuracy in [0, 1]; nll: mean negative log likelihood in nats;
        ece and ece_equal_mass: expected calibration errors in [0, 1]; brier: mean squared error
        summed over classes, in [0, 2]; silent_by_layer: for every layer with weights the number of
        units (filters, in a convolution) whose outputs are zero for all images, as text separated
        by spaces; outcomes: a bit an image, 1 if it is classified correctly, packed as by
        numpy.packbits; bins: [3, bins] as `calibration.binned` has them. Averages are taken in
        float64.
    """
    heard = Heard(network, len(next(iter(parameters.values()))))
    parts, size = [], _chunk(network)
    for chunk, chunk_labels in zip(images.split(size), labels.split(size), strict=True):
        shown = scaling(intensities(chunk))[None]
        logits = network.logits(shown, parameters, affine, outputs=heard.hear)
        parts.append(_sums(F.log_softmax(logits.double(), dim=2), chunk_labels))
    return _values(parts, heard, len(labels))


def _values(parts: list[tuple[torch.Tensor, ...]], heard: "Heard", total: int) -> dict[str, Any]:
    """Return what `measure` does, given what `_sums` found in every chunk of `total` images."""
    *images, nlls, briers = zip(*parts, strict=True)
    # Chunk by chunk: torch's order of adding up a stack depends on the number of members.
    nll, brier = sum(nlls), sum(briers)
    correct, confidence = (torch.cat(part, 1).cpu().numpy() for part in images)
    bins, n_correct = calibration.binned(confidence, correct), correct.sum(1)
    return {
        "n_correct": n_correct.tolist(),
        "accuracy": (n_correct / total).tolist(),
        "nll": (nll / total).tolist(),
        "ece": calibration.equal_width_error(bins).tolist(),
        "ece_equal_mass": calibration.equal_mass_error(confidence, correct).tolist(),
        "brier": (brier / total).tolist(),
        "silent_by_layer": heard.silent(),
        "outcomes": [bits.tobytes() for bits in np.packbits(correct, axis=1)],
        "bins": bins.tolist(),
    }


@torch.no_grad()
def measure_average(
    network: ReplicatedNetwork,
    drawn: Iterable[tuple[Parameters, Affine | None]],
    scaling: Scaling,
    images: torch.Tensor,
    labels: torch.Tensor,
) -> dict[str, list[Any]]:
    """Measure the average prediction of several samples of M networks.

    Args:
        network: the architecture.
        drawn: the samples, one or more: the parameters [M, ...], and what `measure` calls affine.
        scaling: input scaling.
        images: raw, uint8 or intensities [N, C, H, W].
        labels: classes [N].

    Returns:
        As `measure`, of the mean over samples of the predicted probabilities; silent_by_layer
        counts units that are zero for all images in all samples.
    """
    size = _chunk(network)
    heard, total, samples = None, None, 0
    for parameters, affine in drawn:
        heard = heard or Heard(network, len(next(iter(parameters.values()))))
        parts = [
            F.softmax(
                network.logits(
                    scaling(intensities(chunk))[None], parameters, affine, outputs=heard.hear
                ).double(),
                dim=2,
            )
            for chunk in images.split(size)
        ]
        p = torch.cat(parts, 1)
        total, samples = p if total is None else total.add_(p), samples + 1
    if heard is None or total is None:
        raise ValueError("no samples to average, expected one or more")
    # A member alone, so that its bits don't depend on its company; log p stays finite.
    tiny = torch.finfo(torch.float64).tiny
    log_p = torch.stack([member.div(samples).clamp_min(tiny).log() for member in total])
    sums = [
        _sums(chunk, chunk_labels)
        for chunk, chunk_labels in zip(log_p.split(size, 1), labels.split(size), strict=True)
    ]
    return _values(sums, heard, len(labels))


def _chunk(network: ReplicatedNetwork) -> int:
    """Return how many images a network takes at a time."""
    filters = any(len(layer.shape) > 2 for layer in network.weighted)
    return CHUNK_OF_FILTERS if filters else CHUNK


class Heard:
    """Notes which units have had a nonzero output; in a k-winners layer, which have won."""

    def __init__(self, network: ReplicatedNetwork, members: int) -> None:
        """`members`: number of networks that run at once."""
        self._units = {
            layer.name: np.zeros((members, layer.shape[0]), dtype=bool)
            for layer in network.weighted
        }

    def hear(self, layer: Weighted, outputs: torch.Tensor, members: slice) -> None:
        """Note the outputs [M, B, units, ...] of a layer with weights, in some of the networks."""
        heard = self._units[layer.name][members]
        if heard.all():  # true for most networks after their first images
            return
        # On a processor numpy compares and gathers five times as fast as torch.
        values = outputs if outputs.is_cuda else outputs.numpy()
        loud = torch.as_tensor((values != 0).any(1)).cpu().numpy()
        heard |= loud.reshape(*heard.shape, -1).any(2)

    def silent(self) -> list[str]:
        """Return a text for every network: the numbers of silent units, layer by layer."""
        counts = np.stack([(~heard).sum(1) for heard in self._units.values()], axis=1)
        return [" ".join(map(str, row)) for row in counts.tolist()]


def _sums(log_p: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return hits and confidence [M, B] of a chunk, and its sums of nll and brier [M]."""
    p = log_p.exp()
    confidence, predicted = p.max(2)
    hit = predicted == labels
    truth = F.one_hot(labels, p.shape[2])
    nll = -log_p.gather(2, labels.expand(len(p), -1)[..., None]).sum((1, 2))
    return hit, confidence, nll, (p - truth).square().sum((1, 2))
