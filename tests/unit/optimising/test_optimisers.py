"""Optimisers are torch's own, and their rate falls as the config says."""

import pytest
import torch

from prunescape.networks.ensembles import Ensemble
from prunescape.optimising import optimisers

SHAPES = {"1.weight": (7, 5), "1.bias": (7,), "2.weight": (3, 7)}
ADAM = {"kind": "adam", "learning_rate": 0.01}
SGD = {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.0}
LINEAR = {"kind": "linear", "hold": 0.3}
EXPONENTIAL = {"kind": "exponential", "factor": 0.8}


def made_of(ensemble, settings):
    return optimisers.optimiser(ensemble, {"optimiser": settings, "batch_size": 8}, 100, None)


def ensemble(seed=0):
    made = Ensemble(SHAPES, 2, torch.device("cpu"))
    generator = torch.Generator().manual_seed(seed)
    made.load({name: torch.randn((2, *s), generator=generator) for name, s in SHAPES.items()})
    return made


def plain(tensors, settings):
    """Return torch's optimiser of tensors on their own, one foreach group, not fused."""
    if settings["kind"] == "adam":
        return torch.optim.Adam(tensors, lr=settings["learning_rate"], betas=(0.9, 0.999), eps=1e-8)
    return torch.optim.SGD(tensors, lr=settings["learning_rate"], momentum=settings["momentum"])


def rate(settings, epoch, of):
    optimiser = made_of(ensemble(), settings)
    optimisers.set_rate(optimiser, settings, epoch, of, 0.1)
    return optimiser.rate


@pytest.mark.parametrize(
    "settings",
    [
        *(ADAM, SGD, SGD | {"momentum": 0.9}),
        *(ADAM | {"decay": LINEAR}, SGD | {"momentum": 0.5, "decay": EXPONENTIAL}),
    ],
)
def test_steps_of_the_buffer_are_torchs_on_plain_tensors(settings):
    ours = ensemble()
    tensors = [tensor.detach().clone().requires_grad_() for tensor in ours.tensors.values()]
    ours_optimiser, theirs = made_of(ours, settings), plain(tensors, settings)
    generator = torch.Generator().manual_seed(1)
    for step in range(30):
        share = 1.0
        if settings.get("decay") == LINEAR:
            share = 1.0 if step < 9 else (1 - step / 30) / 0.7
        elif settings.get("decay") == EXPONENTIAL:
            share = 0.8 ** (step // 10)  # ten steps an epoch
        theirs.param_groups[0]["lr"] = settings["learning_rate"] * share
        optimisers.set_rate(ours_optimiser, settings, step / 10, 3, 0.1)
        for gradient, tensor in zip(ours.gradients.values(), tensors, strict=True):
            # Over many orders of magnitude, so that Adam's epsilon counts for some.
            scale = 10 ** torch.randint(-10, 1, gradient.shape, generator=generator).float()
            tensor.grad = torch.randn(gradient.shape, generator=generator) * scale
            gradient.copy_(tensor.grad)
        ours_optimiser.step()
        theirs.step()
    for mine, tensor in zip(ours.tensors.values(), tensors, strict=True):
        torch.testing.assert_close(mine.detach(), tensor.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("settings", [ADAM, SGD | {"momentum": 0.9}])
def test_the_padding_of_the_buffer_stays_zero(settings):
    made = ensemble()
    used = torch.zeros_like(made.flat)
    for view in made.views(used).values():
        view.fill_(1.0)
    optimiser = made_of(made, settings)
    for gradient in made.gradients.values():
        gradient.fill_(1.0)
    for _ in range(3):
        optimiser.step()
    assert 0 < used.sum() < used.numel()
    assert not made.flat[used == 0].any()


def test_without_a_decay_the_rate_stays():
    for settings in (ADAM, SGD):
        assert [rate(settings, epoch, 5) for epoch in (0, 2.5, 4.99)] == [
            settings["learning_rate"]
        ] * 3


@pytest.mark.parametrize(
    ("hold", "epoch", "of", "share"),
    [
        (0.3, 0, 60, 1),
        (0.3, 17.9, 60, 1),
        (0.3, 18, 60, 1),
        (0.3, 39, 60, 1 / 2),  # halfway between 18 and 60
        (0.3, 49.5, 60, 1 / 4),
        (0.3, 59.98, 60, 0.02 / 42),
        (0.3, 60, 60, 0),
        (0.0, 0, 4, 1),
        (0.0, 1.5, 4, 5 / 8),
        (0.0, 3.75, 4, 1 / 16),
        (0.5, 1, 2, 1),
        (0.5, 1.5, 2, 1 / 2),
        (0.9, 0.95, 1, 1 / 2),
    ],
)
def test_a_linear_decay_holds_and_then_falls_to_zero(hold, epoch, of, share):
    for settings in (ADAM, SGD):
        decaying = settings | {"decay": {"kind": "linear", "hold": hold}}
        expected = settings["learning_rate"] * share
        assert rate(decaying, epoch, of) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    ("epoch", "power"), [(0, 0), (0.999, 0), (1, 1), (1.5, 1), (2, 2), (9.99, 9), (10, 10)]
)
def test_an_exponential_decay_takes_a_factor_after_every_epoch(epoch, power):
    for of in (10, 20):  # whatever the length of training
        found = rate(ADAM | {"decay": EXPONENTIAL}, epoch, of)
        assert found == pytest.approx(0.01 * 0.8**power, rel=1e-12)
    assert rate(ADAM | {"decay": {"kind": "exponential", "factor": 1.0}}, epoch, 10) == 0.01


def test_a_rate_is_set_from_the_settings_and_not_from_the_rate_before():
    settings = ADAM | {"decay": LINEAR}
    optimiser = made_of(ensemble(), settings)
    for epoch in (9, 8, 5, 0):
        optimisers.set_rate(optimiser, settings, epoch, 10, 0.1)
    assert optimiser.rate == 0.01
