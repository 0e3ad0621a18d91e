"""Latency: how long calls take, on one thread (needs torch)."""

import time
from collections.abc import Callable, Mapping

import numpy as np
import torch

ROUNDS = 7
"""Number of rounds; a round measures every runtime, so that a busy moment affects all alike."""
SECONDS = 0.06
"""Least time for which a runtime is called in a round, at least once."""
MOST_IMAGES = 256
MOST_WORK = 2**30
"""Multiply-adds of the larger batch that is timed: some tenths of a second on a slow thread."""

Run = Callable[[], object]


def batches(multiply_adds: int) -> tuple[int, int]:
    """Return how many images at a time are timed: 1, and a power of two.

    `multiply_adds`: of an image in the unpruned network. The second is MOST_IMAGES for small
    networks, and never less than 2.
    """
    images = MOST_IMAGES
    while images > 2 and images * multiply_adds > MOST_WORK:
        images //= 2
    return 1, images


def measure(calls: Mapping[tuple, Run]) -> dict[tuple, tuple[float, float, float]]:
    """Return the median time in ms, and the lower and upper quartile, of every call."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times: dict[tuple, list[float]] = {name: [] for name in calls}
    for run in calls.values():
        run()  # memory is allocated, kernels are chosen
    for _ in range(ROUNDS):
        for name, run in calls.items():
            begin, done = time.perf_counter(), 0
            while done < 1 or time.perf_counter() - begin < SECONDS:
                before = time.perf_counter()
                run()
                times[name].append(1000 * (time.perf_counter() - before))
                done += 1
    torch.set_num_threads(threads)
    return {name: _quartiles(each) for name, each in times.items()}


def _quartiles(times: list[float]) -> tuple[float, float, float]:
    """Return median, lower and upper quartile."""
    median, lower, upper = map(float, np.quantile(times, (0.5, 0.25, 0.75)))
    return median, lower, upper
