import pytest

from prunescape.figures import noise_surface
from tests.helpers.figure_maps import at
from tests.helpers.figure_rows import DENSE, replicates, scores


def test_a_surface_has_the_dense_network_as_its_first_column():
    noise = {"noise": "grey_raw", "noise_level": 0.3}
    rows = at("snr", [0.5, 0.6, 0.7]) + at("snr", [0.2, 0.3, 0.4], **noise)
    rows += replicates([0.7, 0.8, 0.9], **noise)
    found = noise_surface.numbers(scores(DENSE + rows)).sort_values(["level", "noise_level"])
    assert found[["level", "noise_level"]].to_numpy().tolist() == [
        *([0, 0], [0, 0.3], [0.9, 0], [0.9, 0.3]),
    ]
    assert found["mean"].tolist() == pytest.approx([92, 80, 60, 30])
