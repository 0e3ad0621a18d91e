"""Groups a layer's inputs by the unit of the previous layer that they come from."""

import numpy as np


def by_source(weights: np.ndarray, units: int) -> np.ndarray:
    """View weights [R, out, in, ...] as [R, out, units, share]: inputs grouped by source unit.

    After a convolution is flattened, each of its filters is the source of a run of inputs.

    Raises:
        ValueError: if the inputs can't come from so many units.
    """
    if weights.shape[2] % units:
        raise ValueError(f"{weights.shape[2]} inputs can't come from {units} units")
    return weights.reshape(*weights.shape[:2], units, -1)
