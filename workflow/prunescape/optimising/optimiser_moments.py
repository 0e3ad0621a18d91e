"""An optimiser's moments by parameter, so that a later training goes on with them (needs torch).

The moments of torch's optimisers, such as Adam's averages of gradients and of their squares, are
buffers like an ensemble's; named `<parameter>.<moment>` they travel in a checkpoint, member by
member. The number of steps is `optimiser.<counter>` [R].
"""

from collections.abc import Mapping

import numpy as np
import torch

from prunescape.networks.ensembles import Ensemble
from prunescape.optimising import optimisers
from prunescape.optimising.flat_optimisers import SGD
from prunescape.optimising.optimisers import Optimiser
from prunescape.optimising.step_extras import AVERAGE

PREFIX = "optimiser."


def named(optimiser: Optimiser, ensemble: Ensemble) -> dict[str, torch.Tensor]:
    """Return the moments [R, ...] and counters [R] of an optimiser of torch, by name.

    A moving average of the weights is not among them: it is what the training ends with, and a
    later one begins another.
    """
    found: dict[str, torch.Tensor] = {}
    for moment, value in optimisers.state(optimiser).items():
        if moment == AVERAGE:
            continue
        if value.dim():
            views = ensemble.views(value)
            found |= {f"{name}.{moment}": view for name, view in views.items()}
        else:
            found[f"{PREFIX}{moment}"] = value.repeat(len(ensemble.flat))
    return found


def restore(
    optimiser: Optimiser,
    ensemble: Ensemble,
    arrays: Mapping[str, np.ndarray],
    free: torch.Tensor | None = None,
) -> None:
    """Let an optimiser that has taken no step go on from what `named` returned.

    Gradient descent without momentum remembers nothing, and goes on as it is.

    Args:
        optimiser: the optimiser.
        ensemble: the networks that it trains.
        arrays: name -> [R, ...]; names of another kind are ignored.
        free: [R, P], 0 where weights don't train; these lose their moments, which would move them.

    Raises:
        ValueError: if there are no moments.
    """
    if isinstance(optimiser, SGD) and not optimiser.remembers:
        return
    first = next(iter(ensemble.tensors))
    kinds = [name.removeprefix(f"{first}.") for name in arrays if name.startswith(f"{first}.")]
    kinds = [kind for kind in kinds if all(f"{name}.{kind}" in arrays for name in ensemble.tensors)]
    if not kinds:
        raise ValueError("the checkpoint has no optimiser's moments to go on with")
    state = {
        name.removeprefix(PREFIX): torch.as_tensor(value[0])
        for name, value in arrays.items()
        if name.startswith(PREFIX)
    }
    for kind in kinds:
        state[kind] = torch.zeros_like(ensemble.flat)
        for name, view in ensemble.views(state[kind]).items():
            view.copy_(torch.as_tensor(arrays[f"{name}.{kind}"]))
        if free is not None:
            state[kind] *= free
    optimisers.load(optimiser, ensemble, state)
