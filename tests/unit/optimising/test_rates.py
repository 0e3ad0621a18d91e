"""The learning rate is, step by step, that of torch's schedulers."""

import pytest
import torch

from prunescape.optimising import rates

EPOCHS, STEPS = 8, 5


def theirs(make):
    """Return the rates of a scheduler of torch that is stepped after every step of training."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, found = make(optimiser), []
    for _ in range(EPOCHS * STEPS):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return found


def ours(**settings):
    return [
        rates.share(settings, epoch + step / STEPS, EPOCHS, 1 / STEPS)
        for epoch in range(EPOCHS)
        for step in range(STEPS)
    ]


def warmed(optimiser, then):
    schedulers = torch.optim.lr_scheduler
    rise = schedulers.LinearLR(optimiser, start_factor=0.1, total_iters=2 * STEPS)
    return schedulers.SequentialLR(optimiser, [rise, then], milestones=[2 * STEPS])


def cosine(optimiser, steps, least=0.0):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, eta_min=least)


def one_cycle(optimiser):
    return torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=1.0, total_steps=EPOCHS * STEPS, cycle_momentum=False
    )


CASES = {
    "cosine": ({"decay": {"kind": "cosine"}}, lambda o: cosine(o, EPOCHS * STEPS)),
    "cosine with a least rate": (
        {"decay": {"kind": "cosine", "least": 0.1}},
        lambda o: cosine(o, EPOCHS * STEPS, 0.1),
    ),
    "cosine after a warm-up": (
        {"decay": {"kind": "cosine"}, "warm_up": {"epochs": 2, "start": 0.1}},
        lambda o: warmed(o, cosine(o, (EPOCHS - 2) * STEPS)),
    ),
    "step": (
        {"decay": {"kind": "step", "epochs": [3, 6], "factor": 0.1}},
        lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [3 * STEPS, 6 * STEPS], 0.1),
    ),
    "one cycle": (
        {"decay": {"kind": "one_cycle", "rise": 0.3, "start": 1 / 25, "end": 1 / 25 / 1e4}},
        one_cycle,
    ),
}


@pytest.mark.parametrize(("settings", "make"), CASES.values(), ids=CASES)
def test_rates_are_those_of_torchs_scheduler(settings, make):
    assert ours(**settings) == pytest.approx(theirs(make), rel=1e-6, abs=1e-12)


def test_a_warm_up_goes_before_any_decay():
    warm_up = {"epochs": 2, "start": 0.5}
    assert ours(warm_up=warm_up)[:10] == pytest.approx([0.5 + 0.05 * step for step in range(10)])
    assert ours(warm_up=warm_up)[10:] == [1.0] * 30
    linear = ours(warm_up=warm_up, decay={"kind": "linear", "hold": 0.5})
    assert linear[10:25] == [1.0] * 15  # half of the six epochs that follow
    assert linear[-1] == pytest.approx(1 / 15)
    # Epochs that a decay names are counted from the start of training.
    step = ours(warm_up=warm_up, decay={"kind": "step", "epochs": [3], "factor": 0.1})
    assert step[10:15] == [1.0] * 5
    assert step[15] == pytest.approx(0.1)


def test_a_training_within_its_warm_up_rises_all_along():
    found = [rates.share({"warm_up": {"epochs": 4, "start": 0.0}}, e, 2, 1.0) for e in (0, 1)]
    assert found == [0.0, 0.25]


def test_one_cycle_of_one_step_is_at_its_top():
    decay = {"kind": "one_cycle", "rise": 0.5, "start": 0.1, "end": 0.01}
    assert rates.share({"decay": decay}, 0, 1, 0.5) == 1.0
    assert rates.share({"decay": decay}, 0.5, 1, 0.5) == pytest.approx(0.01)
