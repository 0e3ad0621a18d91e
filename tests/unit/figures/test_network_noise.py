import pytest

from prunescape.figures import network_noise
from tests.helpers.figure_maps import at
from tests.helpers.figure_rows import DENSE, replicates, scores


def test_networks_are_drawn_without_what_was_pruned_or_trained_on():
    noise = {"noise": "occlusion", "noise_level": 0.3}
    rows = DENSE + replicates([0.5, 0.6, 0.7], **noise)
    rows += replicates([0.1, 0.1, 0.1], schedule="fine", **noise) + at("snr", [0, 0, 0], **noise)
    found = network_noise.numbers(scores(rows))
    assert found[["noise_level", "mean"]].to_numpy().tolist() == [
        *([0.0, pytest.approx(92)], [0.3, pytest.approx(60)]),
    ]
