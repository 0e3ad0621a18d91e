import pandas as pd
import pytest

from prunescape.figures import error_compression
from tests.helpers.figure_maps import LITERATURE, at
from tests.helpers.figure_rows import DENSE, scores


def test_compression_is_how_many_times_fewer_weights():
    rows = at("snr", [0.98, 0.97, 0.96])
    found = error_compression.numbers(scores(DENSE + rows))
    assert found[["compression", "mean"]].to_numpy().tolist() == [[10.0, pytest.approx(3)]]


def test_published_networks_stand_beside_the_same_architecture_and_data():
    known = error_compression.read(LITERATURE, study="sparse_vd")
    mnist = pd.DataFrame({"dataset": ["mnist"]})
    found = error_compression.published(known, "lenet_300_100", mnist)
    assert len(found) == 12
    assert found["compression"].is_monotonic_increasing
    assert len(error_compression.published(known, "lenet_5_caffe", mnist)) == 10
    assert error_compression.published(known, "logistic", mnist).empty
    assert error_compression.published(known, "lenet_300_100", mnist.replace("mnist", "x")).empty
