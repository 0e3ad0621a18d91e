"""How exactly matrix products are computed, and by which library."""

import os
from pathlib import Path

import pytest
import torch

from prunescape.running import devices
from prunescape.running.devices import device


@pytest.fixture(autouse=True)
def reset():
    """Leave torch to other tests as it was."""
    yield
    device("cpu")
    torch.set_flush_denormal(False)


def onednn_is_faster():
    """Return whether MKL leaves half of this processor idle, by what Linux says of it."""
    information = Path("/proc/cpuinfo")
    words = set(information.read_text().split()) if information.exists() else set()
    if "ATEN_CPU_CAPABILITY" in os.environ:  # it makes torch forget what a processor can do
        return False
    return words >= {"AuthenticAMD", "avx512f", "avx512bw", "avx512vl", "avx512dq"}


@pytest.mark.parametrize(
    ("precision", "error"), [("highest", 1e-5), ("high", 1e-1), ("medium", 1e-1)]
)
def test_products_are_as_exact_as_asked_for(precision, error):
    generator = torch.Generator().manual_seed(1)
    left = torch.randn(5, 16, 64, generator=generator)
    right = torch.randn(5, 64, 8, generator=generator)

    device("cpu", precision)

    expected = "medium" if onednn_is_faster() else precision
    assert torch.get_float32_matmul_precision() == expected
    assert torch.backends.cudnn.allow_tf32 == (precision != "highest")
    torch.testing.assert_close(
        (left @ right).double(), left.double() @ right.double(), rtol=0, atol=error
    )


@pytest.mark.parametrize("size", [64, 784])
def test_the_default_is_float32(size):
    device("cpu")
    assert not torch.backends.cudnn.allow_tf32
    # Each of them has a bit that bfloat16 and TF32 lack.
    factors = 1 + torch.arange(1, size + 1) / 2**23
    assert torch.equal(factors.diag() @ torch.ones(size, 300), factors[:, None].expand(-1, 300))


def test_a_library_that_rounds_factors_is_not_asked(monkeypatch):
    monkeypatch.setattr(torch, "equal", lambda *_: False)
    devices._onednn_multiplies_float32.cache_clear()
    try:
        device("cpu")
        assert torch.get_float32_matmul_precision() == "highest"
    finally:
        devices._onednn_multiplies_float32.cache_clear()
