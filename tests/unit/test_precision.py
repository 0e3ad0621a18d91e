"""How exactly matrix products are computed."""

import pytest
import torch

from prunescape.devices import device


@pytest.fixture(autouse=True)
def reset():
    """Leave torch to other tests as it was."""
    yield
    device("cpu")
    torch.set_flush_denormal(False)


@pytest.mark.parametrize(
    ("precision", "error"), [("highest", 1e-5), ("high", 1e-1), ("medium", 1e-1)]
)
def test_products_are_as_exact_as_asked_for(precision, error):
    generator = torch.Generator().manual_seed(1)
    left = torch.randn(5, 16, 64, generator=generator)
    right = torch.randn(5, 64, 8, generator=generator)

    device("cpu", precision)

    assert torch.get_float32_matmul_precision() == precision
    assert torch.backends.cudnn.allow_tf32 == (precision != "highest")
    torch.testing.assert_close(
        (left @ right).double(), left.double() @ right.double(), rtol=0, atol=error
    )


def test_the_default_is_float32():
    device("cpu")
    assert torch.get_float32_matmul_precision() == "highest"
    assert not torch.backends.cudnn.allow_tf32
