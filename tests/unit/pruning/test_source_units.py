import numpy as np
import pytest

from prunescape.pruning.source_units import by_source


def test_filters_are_the_sources_of_runs_of_inputs():
    weights = np.arange(2 * 3 * 8).reshape(2, 3, 8)
    found = by_source(weights, 4)
    assert found.shape == (2, 3, 4, 2)
    assert found[1, 2, 3].tolist() == weights[1, 2, 6:].tolist()
    found[:, :, 0] = -1  # a view
    assert (weights[:, :, :2] == -1).all()
    assert (weights[:, :, 2:] >= 0).all()


def test_kernels_of_a_convolution_belong_to_their_input():
    weights = np.arange(5 * 4 * 9).reshape(1, 5, 4, 3, 3)
    assert (by_source(weights, 4)[0, 1, 2] == weights[0, 1, 2].ravel()).all()


def test_inputs_that_are_no_multiple_of_the_units():
    with pytest.raises(ValueError, match="9 inputs can't come from 4 units"):
        by_source(np.zeros((1, 2, 9)), 4)
