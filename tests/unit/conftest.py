"""Torch multiplies in unit tests as it does in a run."""

import pytest
import torch

from prunescape.running.devices import device


@pytest.fixture(autouse=True, scope="session")
def processor():
    device("cpu")
    torch.set_flush_denormal(False)
