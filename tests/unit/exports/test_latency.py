"""Every call is timed in turn."""

import pytest
import torch

from prunescape.exports import latency


def test_every_call_is_timed_and_quartiles_surround_the_median(monkeypatch):
    monkeypatch.setattr(latency, "SECONDS", 0.001)
    calls = {
        ("fast", 1): lambda: None,
        ("slow", 1): lambda: torch.rand(300, 300) @ torch.rand(300, 300),
    }
    found = latency.measure(calls)
    assert found.keys() == calls.keys()
    assert all(0 < low <= median <= high for median, low, high in found.values())
    assert found["fast", 1][0] < found["slow", 1][0]


@pytest.mark.parametrize(
    ("multiply_adds", "images"),
    [(1, 256), (2**22, 256), (2**22 + 1, 128), (2**26, 16), (2**29, 2), (10**12, 2)],
)
def test_the_larger_batch_takes_a_bounded_time(multiply_adds, images):
    assert latency.batches(multiply_adds) == (1, images)
