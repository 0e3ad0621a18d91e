"""Torch multiplies in unit tests as it does in a run; figures are drawn of one made-up study."""

import pytest
import torch

from prunescape.running.devices import device


@pytest.fixture(autouse=True, scope="session")
def processor():
    device("cpu")
    torch.set_flush_denormal(False)


@pytest.fixture(scope="module")
def figure_study():
    from tests.helpers import figure_study  # not at the top: few tests need matplotlib

    return figure_study


@pytest.fixture(scope="module")
def study(figure_study):
    return figure_study.study()


@pytest.fixture(scope="module")
def elsewhere(figure_study):
    """Return what others published of the study."""
    return figure_study.elsewhere()
