"""Which images a network classifies correctly, and what pruning costs.

It imports nothing of this project.
"""

import torch
from inputs import images, labels, net, scaled
from scipy import stats
from torch.nn.functional import log_softmax, one_hot


@torch.no_grad()
def measured(state, pixels=images):
    """Return which images are classified correctly, and accuracy, nll, ece and brier."""
    net.load_state_dict(state)
    log_p = torch.cat([log_softmax(net(some).double(), 1) for some in scaled(pixels).split(500)])
    p, truth = log_p.exp(), one_hot(labels, log_p.shape[1])
    confidence, predicted = p.max(1)
    right = predicted == labels
    bins = one_hot((15 * confidence).ceil().long(), 16).double()  # (0, 1/15], (1/15, 2/15], ...
    values = {
        "accuracy": right.double().mean(),
        "nll": -(truth * log_p).sum(1).mean(),
        "ece": (bins.T @ (confidence - right.double())).abs().sum() / len(p),
        "brier": (p - truth).square().sum(1).mean(),
    }
    return right.numpy(), {key: float(value) for key, value in values.items()}


def broken(before, after):
    """Return how many images become wrong, and right."""
    return {"broken": int((before & ~after).sum()), "mended": int((~before & after).sum())}


def lost(before, after):
    """Return points lost and their upper bound: Newcombe (1998), method 10, one-sided 95 %."""
    n, a = len(before), (before & after).mean()
    b, c, d = (before & ~after).mean(), (~before & after).mean(), (~before & ~after).mean()
    wilson = [
        stats.binomtest(int(each.sum()), n).proportion_ci(0.9, "wilson") for each in (before, after)
    ]
    over, under = wilson[0].high - (a + b), (a + c) - wilson[1].low
    phi, spread = a * d - b * c, ((a + b) * (c + d) * (a + c) * (b + d)) ** 0.5
    phi = max(phi - 1 / (2 * n), 0) if phi > 0 else phi  # the correction for continuity
    phi = phi / spread if spread else 0
    reach = max(over**2 - 2 * phi * over * under + under**2, 0) ** 0.5
    return {"points": 100 * (b - c), "at_most": 100 * (b - c + reach)}


def mcnemar(before, after):
    """Return the p-value of McNemar's exact test, two-sided."""
    wrong, mended = broken(before, after).values()
    return stats.binomtest(wrong, wrong + mended).pvalue if wrong + mended else 1.0


def shown(costs, limit):
    """Return the last level before the first whose bound reaches a limit, or None."""
    level = None
    for cost in costs:
        if cost["at_most"] >= limit:
            break
        level = cost["level"]
    return level
