"""Calibration: whether networks are right as often as they are confident.

The confidence of a prediction is its probability, the largest of the image's. An error of
calibration is the mean distance of confidence and accuracy over bins of images (Guo et al. 2017,
arXiv 1706.04599, equation 3). Bins of few images say more by chance, so each error is too large on
average; docs/table.md says by how much.
"""

import numpy as np

BINS = 15


def binned(confidence: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Return what a reliability diagram of M networks needs.

    Args:
        confidence: [M, N], in [0, 1].
        correct: whether the predictions are right, bool [M, N].

    Returns:
        float64 [M, 3, BINS]: the number of images, the number of correct ones, and the sum of
        confidences. Bins are equally wide, bin i is of confidences in (i / BINS, (i + 1) / BINS].
    """
    places = np.clip(np.ceil(confidence * BINS).astype(int), 1, BINS) - 1
    return np.array(
        [
            [np.bincount(place, weights, BINS) for weights in (None, right, sure)]
            for place, right, sure in zip(places, correct, confidence, strict=True)
        ],
        dtype=np.float64,
    ).reshape(-1, 3, BINS)


def equal_width_error(bins: np.ndarray) -> np.ndarray:
    """Return the calibration error [M], in [0, 1], given what `binned` returns."""
    count, right, sure = bins.transpose(1, 0, 2)
    return np.asarray(np.abs(sure - right).sum(1) / count.sum(1))


def equal_mass_error(confidence: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Return the calibration error over BINS bins of as many images each.

    Nguyen and O'Connor 2015 (arXiv 1508.05154) divide so; of estimates by bins it has less bias
    than that by equal widths (Roelofs et al. 2022, arXiv 2012.08668). Bins differ by one image at
    most. Images of one confidence are never told apart: where they reach into several bins, each
    gets its part of their number of correct ones, so that the order of the images means nothing.

    Args:
        confidence: [M, N], in [0, 1].
        correct: whether the predictions are right, bool [M, N].

    Returns:
        [M], in [0, 1].
    """
    # A network alone, so that its bits don't depend on its company.
    return np.array([_equal_mass(*each) for each in zip(confidence, correct, strict=True)])


def _equal_mass(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Return the error of one network: confidence and correct are [N]."""
    order, total = np.argsort(confidence, kind="stable"), len(confidence)
    edges = np.arange(BINS + 1) * total // BINS
    ranked = confidence[order]
    sure = np.append(0, np.cumsum(ranked))[edges]
    alike = ranked[np.minimum(edges, total - 1)]  # confidence of the first image behind an edge
    first, last = (np.searchsorted(ranked, alike, side) for side in ("left", "right"))
    counted = np.append(0, np.cumsum(correct[order]))
    part = (edges - first) / (last - first)
    right = counted[first] + part * (counted[last] - counted[first])
    return float(np.abs(np.diff(sure) - np.diff(right)).sum() / total)
