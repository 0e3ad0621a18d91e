"""Which inputs of a layer come from which unit of the layer before."""

import numpy as np


def by_source(weights: np.ndarray, units: int) -> np.ndarray:
    """View weights [R, out, in, ...] as [R, out, units, share]: inputs grouped by source unit.

    After a convolution is flattened, each of its filters is the source of a run of inputs.

    Raises:
        ValueError: the inputs can't come from so many units.
    """
    if weights.shape[2] % units:
        raise ValueError(f"{weights.shape[2]} inputs can't come from {units} units")
    return weights.reshape(*weights.shape[:2], units, -1)
