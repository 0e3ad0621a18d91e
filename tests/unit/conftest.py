"""Torch multiplies in unit tests as it does in a run."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def processor():
    import torch  # for the sake of suites that are collected beside this one

    from prunescape.devices import device

    device("cpu")
    torch.set_flush_denormal(False)
