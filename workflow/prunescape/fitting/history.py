"""The course of a training: the loss of every epoch, and the accuracy on held-out images (torch).

It is kept with the members, and ends among a checkpoint's arrays under `history_names`. Nothing
that it measures moves a weight or draws a random number.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from prunescape.data import image_tensors
from prunescape.fitting.history_names import CORRECT, LOSS, WRONG
from prunescape.foundations.files import Arrays
from prunescape.networks.interfaces import ReplicatedNetwork
from prunescape.networks.network import Parameters
from prunescape.networks.scaling import Scaling


class Validation(NamedTuple):
    """Images from which a training learns nothing, and how often it looks at them."""

    images: torch.Tensor
    """Raw intensities [N, C, H, W], on the device that trains."""
    labels: torch.Tensor
    """Their classes [N]."""
    every: int
    """Epochs between two looks; the last epoch has one, too."""

    def due(self, epoch: int, end: int) -> bool:
        """Return whether there is a look after `epoch`, of those before `end`, from 0."""
        return (epoch + 1) % self.every == 0 or epoch + 1 == end


def held_out(paths: Sequence[str], every: int, device: torch.device) -> Validation | None:
    """Return the images of split files of which a training learns nothing; None without files."""
    if not paths:
        return None
    split = image_tensors.load(paths, device)
    return Validation(split.images, split.labels, every)


def begin(members: int, epochs: int, validation: Validation | None) -> Arrays:
    """Return the history [members, epochs] of a training that hasn't begun."""
    measured = (CORRECT, WRONG) if validation else ()
    return {LOSS: np.full((members, epochs), np.nan, np.float32)} | {
        name: np.zeros((members, epochs), np.int64) for name in measured
    }


def keep_losses(history: Arrays, place: int, losses: torch.Tensor) -> None:
    """Note the losses [step, M] of the epoch at a place of the history."""
    # A member's row alone: numpy's order of adding up depends on nothing but its length.
    rows = np.ascontiguousarray(losses.cpu().numpy().T)
    history[LOSS][:, place] = rows.mean(1, dtype=np.float64)


@torch.no_grad()
def keep_accuracy(
    history: Arrays,
    place: int,
    network: ReplicatedNetwork,
    parameters: Parameters,
    scaling: Scaling,
    validation: Validation,
    batch_size: int,
) -> None:
    """Note how many held-out images the members classify correctly, after an epoch.

    Args:
        history: changed in place.
        place: the epoch's place in it.
        network: the network of every member.
        parameters: weights, of a posterior their means, biases and buffers [M, ...].
        scaling: input scaling.
        validation: the images.
        batch_size: how many images at once, that of training, which then has the memory.
    """
    correct = np.zeros(len(history[CORRECT]), np.int64)
    batches = zip(
        validation.images.split(batch_size), validation.labels.split(batch_size), strict=True
    )
    for images, labels in batches:
        predicted = network.logits(scaling(images)[None], parameters).argmax(2)
        correct += (predicted == labels).sum(1).cpu().numpy()
    history[CORRECT][:, place] = correct
    history[WRONG][:, place] = len(validation.labels) - correct
