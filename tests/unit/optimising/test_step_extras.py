"""Weight decay, clipping and averages are torch's own, for each member alone."""

import pytest
import torch
from torch.nn.utils import clip_grad_norm_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from prunescape.networks.ensembles import Ensemble
from prunescape.optimising import flat_optimisers, optimiser_moments, optimisers
from prunescape.optimising.step_extras import Extras

SHAPES = {"1.weight": (6, 3, 3, 3), "1.bias": (6,), "own.norm.weight": (6,), "2.weight": (4, 7)}
DECAY = {"rate": 0.05, "reaches": "all"}
SGD = {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9}
ADAM = {"kind": "adam", "learning_rate": 0.01}


def ensemble(members=2):
    made = Ensemble(SHAPES, members, torch.device("cpu"))
    generator = torch.Generator().manual_seed(4)
    made.load({n: torch.randn(members, *s, generator=generator) for n, s in SHAPES.items()})
    return made


def optimiser(made, settings, free=None):
    return optimisers.optimiser(made, {"optimiser": settings, "batch_size": 8}, 100, free)


class Plain(torch.nn.Module):
    """One member's parameters as a module of torch."""

    def __init__(self, made, member):
        super().__init__()
        self.all = torch.nn.ParameterList(
            [tensor[member].detach().clone() for tensor in made.tensors.values()]
        )


RECIPES = {
    "SGD with decay": (
        SGD | {"weight_decay": DECAY},
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.05),
    ),
    "Nesterov with decay": (
        SGD | {"weight_decay": DECAY, "nesterov": True},
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.05, nesterov=True),
    ),
    "AdamW": (
        ADAM | {"weight_decay": DECAY},
        lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.05),
    ),
}


@pytest.mark.parametrize("clip", [None, 1.5])
@pytest.mark.parametrize(("settings", "make"), RECIPES.values(), ids=RECIPES)
def test_steps_are_those_of_a_plain_loop_of_torch(settings, make, clip):
    ours = ensemble()
    mine = optimiser(ours, settings | ({"clip_norm": clip} if clip else {}) | {"average": 0.9})
    plain = [Plain(ours, member) for member in range(2)]
    theirs = [make(each.parameters()) for each in plain]
    means = [AveragedModel(each, multi_avg_fn=get_ema_multi_avg_fn(0.9)) for each in plain]
    generator = torch.Generator().manual_seed(1)
    clipped = []
    for _ in range(12):
        for number, gradient in enumerate(ours.gradients.values()):
            gradient.copy_(torch.randn(gradient.shape, generator=generator) * 0.2)
            gradient[1] *= 0.1  # one member's gradient is too long, the other's is not
            for member in range(2):
                plain[member].all[number].grad = gradient[member].clone()
        if clip:
            clipped.append([float(clip_grad_norm_(p.parameters(), clip)) > clip for p in plain])
        mine.step()
        for each, mean, module in zip(theirs, means, plain, strict=True):
            each.step()
            mean.update_parameters(module)
    assert not clip or clipped == [[True, False]] * 12
    average = ours.views(flat_optimisers.average(mine))
    for number, name in enumerate(SHAPES):
        for member in range(2):
            expected = plain[member].all[number].detach()
            torch.testing.assert_close(
                ours.tensors[name][member].detach(), expected, rtol=1e-6, atol=1e-6
            )
            expected = means[member].module.all[number].detach()
            torch.testing.assert_close(average[name][member], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("reaches", "names"),
    [
        ("weights", {"1.weight", "2.weight"}),
        ("matrices", {"1.weight", "2.weight", "own.bag.weight"}),
        ("all", {"1.weight", "1.bias", "own.norm.weight", "own.bag.weight", "2.weight"}),
    ],
)
def test_the_decay_reaches_what_the_setting_says(reaches, names):
    made = Ensemble(SHAPES | {"own.bag.weight": (5, 2)}, 2, torch.device("cpu"))
    with torch.no_grad():
        made.flat.fill_(1.0)
    settings = {"kind": "sgd", "learning_rate": 1.0, "momentum": 0.0}
    optimiser(made, settings | {"weight_decay": {"rate": 0.25, "reaches": reaches}}).step()
    for name, tensor in made.tensors.items():
        assert torch.all(tensor == (0.75 if name in names else 1.0)), name


@pytest.mark.parametrize("settings", [SGD, ADAM])
def test_what_a_mask_holds_does_not_decay(settings):
    made = ensemble()
    free = torch.ones_like(made.flat)
    made.views(free)["1.weight"][:, :3] = 0
    made.hold(free)
    before = made.flat.detach().clone()
    mine = optimiser(made, settings | {"weight_decay": DECAY}, free)
    for _ in range(3):
        made.gradient.copy_(free)
        mine.step()
    still = free == 0
    assert torch.equal(made.flat[still], before[still])
    assert not torch.equal(made.flat[~still], before[~still])
    assert not any(each[still].any() for each in optimisers.moments(mine) if each.dim())


def test_clipping_and_decay_of_a_member_do_not_depend_on_its_company():
    together, alone = ensemble(5), ensemble(5).only([3])
    for made in (together, alone):
        extras = Extras(made, {"clip_norm": 0.01, "weight_decay": DECAY})
        made.gradient.copy_(made.flat.detach() * 3)
        extras.clip()
        with torch.no_grad():
            extras.decay_gradient()
            extras.decay_values(0.1)
    assert torch.equal(together.gradient[3], alone.gradient[0])
    assert torch.equal(together.flat[3], alone.flat[0])


def test_an_average_is_no_moment_that_a_later_training_goes_on_with():
    made = ensemble()
    mine = optimiser(made, SGD | {"average": 0.9})
    made.gradient.fill_(1.0)
    mine.step()
    assert "average" in optimisers.state(mine)
    assert all(value is not mine.state["average"] for value in optimisers.moments(mine))
    assert not any(name.endswith(".average") for name in optimiser_moments.named(mine, made))
