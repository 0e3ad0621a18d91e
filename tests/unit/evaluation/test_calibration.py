"""Errors of calibration, against loops over images and closed forms."""

import numpy as np
import pytest

from prunescape.evaluation import calibration
from prunescape.foundations import streams
from tests.helpers.places import ROOT

GENERATOR = streams.generator("test", "calibration")


def plain_equal_mass(confidence, correct):
    """A loop over images, each cut into as many pieces as there are bins.

    A bin takes the pieces of as many images as it has; images of one confidence are mixed first.
    """
    total = len(confidence)
    ranked = sorted(range(total), key=lambda n: confidence[n])
    error = 0.0
    for i in range(calibration.BINS):
        begin, end = i * total // calibration.BINS, (i + 1) * total // calibration.BINS
        sure = right = 0.0
        for n in ranked[begin:end]:
            alike = [m for m in range(total) if confidence[m] == confidence[n]]
            sure += confidence[n]
            right += sum(bool(correct[m]) for m in alike) / len(alike)
        error += abs(sure - right) / total
    return error


@pytest.mark.parametrize("n", [1, 7, 14, 15, 16, 299, 300, 301, 1000])
@pytest.mark.parametrize("digits", [1, 2, 12])
def test_equal_mass_equals_a_plain_loop(n, digits):
    confidence = GENERATOR.uniform(0.1, 1, (3, n)).round(digits)  # few digits: many ties
    correct = GENERATOR.random((3, n)) < confidence**2
    found = calibration.equal_mass_error(confidence, correct)
    expected = [plain_equal_mass(*each) for each in zip(confidence, correct, strict=True)]
    assert found.tolist() == pytest.approx(expected, abs=1e-12)
    for alone, sure, right in zip(found, confidence, correct, strict=True):
        assert calibration.equal_mass_error(sure[None], right[None]).tolist() == [alone]


def test_the_order_of_images_means_nothing():
    confidence = GENERATOR.uniform(0.1, 1, (1, 500)).round(1)
    correct = np.sort(GENERATOR.random((1, 500)) < 0.6)  # as in files that are sorted by class
    shuffled = GENERATOR.permutation(500)
    found = calibration.equal_mass_error(confidence, correct)
    again = calibration.equal_mass_error(confidence[:, shuffled], correct[:, shuffled])
    assert again == pytest.approx(found, abs=1e-12)


def test_networks_that_say_the_same_of_every_image_are_one_bin():
    # A network without weights: right for all images of the class that comes first in the file.
    correct = np.arange(1000)[None] < 100
    for confidence in (0.1, 0.25, 0.9):
        same = np.full((1, 1000), confidence)
        expected = abs(confidence - 0.1)
        assert calibration.equal_mass_error(same, correct) == pytest.approx([expected])
        bins = calibration.binned(same, correct)
        assert calibration.equal_width_error(bins) == pytest.approx([expected])


def test_equal_mass_by_hand():
    # 30 images, two a bin: the first bin has confidences 0.5 and 0.6 (one right), others are right.
    confidence = np.array([[0.5, 0.6, *[1.0] * 28]])
    correct = np.array([[True, False, *[True] * 28]])
    found = calibration.equal_mass_error(confidence[:, ::-1], correct[:, ::-1])
    assert found == pytest.approx([0.1 / 30])
    # 16 images: one a bin, and two in the last.
    confidence, correct = np.linspace(0.2, 0.95, 16)[None], np.zeros((1, 16), bool)
    assert calibration.equal_mass_error(confidence, correct) == pytest.approx([confidence.mean()])


def test_bins_hold_every_image_once():
    confidence = np.array([[0.0, 1 / 15, 0.0667, 0.5, 0.99, 1.0], [0.9] * 6])
    correct = np.array([[False, True, True, False, True, True], [True] * 3 + [False] * 3])
    bins = calibration.binned(confidence, correct)
    assert bins.shape == (2, 3, 15)
    first = {0: (2, 1, 1 / 15), 1: (1, 1, 0.0667), 7: (1, 0, 0.5), 14: (2, 2, 1.99)}
    for place in range(15):
        assert bins[0, :, place] == pytest.approx(first.get(place, (0, 0, 0)))
    assert bins[1, :, 13] == pytest.approx((6, 3, 5.4))
    gaps = (1 - 1 / 15, 1 - 0.0667, 0.5, 0.01)
    assert calibration.equal_width_error(bins) == pytest.approx([sum(gaps) / 6, 0.4])


N = 10_000
CALIBRATED = {  # share of right images in percent -> confidences from 0.5 to 1 with this mean
    right: 1 - 0.5 * ((np.arange(N) + 0.5) / N) ** (50 / (100 - right) - 1)
    for right in (75, 90, 98)
}


@pytest.mark.parametrize("right", CALIBRATED)
def test_the_bias_is_what_the_page_says(right):
    confidence = np.broadcast_to(CALIBRATED[right], (200, N))
    generator = streams.generator("test", "calibrated", right)
    correct = generator.random(confidence.shape) < confidence  # as often as they say
    width = calibration.equal_width_error(calibration.binned(confidence, correct)).mean()
    mass = calibration.equal_mass_error(confidence, correct).mean()
    page = (ROOT / "docs/table.md").read_text()
    assert f"\n| {right} % | {width:.4f} | {mass:.4f} |\n" in page
    # A bin's gap is about normal, with the variance of a share of so many images.
    bins = np.array_split(np.sort(confidence[0]), calibration.BINS)
    spread = [np.sqrt(np.mean(each * (1 - each)) / len(each)) for each in bins]
    assert mass == pytest.approx(np.sqrt(2 / np.pi) * np.mean(spread), rel=0.05)
