"""Dynamic sparse training: when masks change, how, and that their sizes never do."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prunescape.fitting import parallel_training, training
from prunescape.fitting.initial_weights import initial_weights
from prunescape.fitting.resuming import Progress
from prunescape.fitting.rewiring import Rewiring, exchanged, highest
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.pruning import allocations
from tests.helpers.factories import classes, uint8_images
from tests.helpers.fits import MOMENTUM, PSGD, SPARSE

ROOT = (1, "study")
IMAGES, LABELS = uint8_images(120, (1, 6, 6)), classes(120)
LAYERS = [{"kind": "linear", "units": 13}, {"kind": "tanh"}, {"kind": "linear", "units": 4}]
NETWORK = Network(LAYERS, (1, 6, 6))
SCALING = Scaling.fit("signed", IMAGES)
WEIGHTS = {name: NETWORK.shapes[name] for name in ("1.weight", "2.weight")}
REPLICATES = [1, 2, 3]
RIGL = {"growth": "gradient", "every": 3, "until": 0.75, "fraction": 0.6}
SET = RIGL | {"growth": "random"}
SGD = MOMENTUM | {"weight_decay": {"rate": 0.01, "reaches": "all"}}
ADAM = {"kind": "adam", "learning_rate": 0.01, "weight_decay": {"rate": 0.1, "reaches": "all"}}
EPOCHS, BATCH = 4, 25  # 5 steps an epoch, 20 in all: updates at 3, 6, 9 and 12


def erk(replicates, total=100):
    """Return masks with the densities of ERK, other ones for each replicate."""
    shapes = {name.removesuffix(".weight"): shape for name, shape in WEIGHTS.items()}
    counts = allocations.kept("erk", shapes, total)
    found = {}
    for name, shape in WEIGHTS.items():
        order = [np.random.default_rng(r).permutation(math.prod(shape)) for r in replicates]
        mask = np.stack(order) < counts[name.removesuffix(".weight")]
        found[name] = mask.reshape(-1, *shape)
    return found


def settings(rewiring=RIGL, optimiser=SGD, **changes):
    found = {
        "objective": {"kind": "likelihood"},
        "initial_weights": {"distribution": "torch_default"},
        "optimiser": optimiser,
        "batch_size": BATCH,
        "epochs": EPOCHS,
    }
    return found | ({"rewiring": rewiring} if rewiring else {}) | changes


def begun(replicates=REPLICATES, masks=None):
    """Return weights that begin a training, zero where masks hold them, and the masks."""
    masks = erk(replicates) if masks is None else masks
    drawn = initial_weights(NETWORK, {"distribution": "torch_default"}, ROOT, replicates)
    arrays = {name: np.array(value) for name, value in drawn.items()}
    return arrays | {name: arrays[name] * mask for name, mask in masks.items()}, masks


def fit(replicates=REPLICATES, masks=None, progress=None, images=IMAGES, **changes):
    start, masks = begun(replicates, masks)
    data = (NETWORK, SCALING, images, LABELS, settings(**changes), ROOT, replicates)
    return training.fit(*data, start, masks, progress=progress, shown=False)


def same_bits(one, other):
    return one.keys() == other.keys() and all(
        np.array_equal(one[name], other[name]) for name in one
    )


def moved(weight, slope, memory, optimiser, step):
    """Return a tensor after a step of SGD with momentum, or of AdamW; `memory` is updated."""
    rate, decay = optimiser["learning_rate"], optimiser["weight_decay"]["rate"]
    if optimiser["kind"] == "sgd":
        memory[0] = 0.9 * memory[0] + slope + decay * weight
        return weight - rate * memory[0]
    memory[0] = 0.9 * memory[0] + 0.1 * slope
    memory[1] = 0.999 * memory[1] + 0.001 * slope**2
    first, second = memory[0] / (1 - 0.9**step), memory[1] / (1 - 0.999**step)
    return weight * (1 - rate * decay) - rate * first / (second.sqrt() + 1e-8)


def plainly(replicate, rewiring, optimiser):
    """Train one network by algorithm 1 of Evci et al. (2020), weight by weight, in float64."""
    start, masks = begun([replicate])
    values = {name: torch.from_numpy(array[0]).double() for name, array in start.items()}
    active = {name: set(np.flatnonzero(mask[0])) for name, mask in masks.items()}
    memory = {name: [torch.zeros_like(value) for _ in range(2)] for name, value in values.items()}
    inputs = (IMAGES.flatten(1) / 255 - 0.5).double() / 0.5
    batches = [
        chosen
        for epoch in range(EPOCHS)
        for chosen in training.batch_order(len(IMAGES), ROOT, [replicate], epoch)[0].split(BATCH)
    ]
    last, taken = rewiring["until"] * len(batches), 0
    for step, chosen in enumerate(batches, 1):
        leaves = {name: value.clone().requires_grad_() for name, value in values.items()}
        hidden = torch.tanh(inputs[chosen] @ leaves["1.weight"].T + leaves["1.bias"])
        logits = hidden @ leaves["2.weight"].T + leaves["2.bias"]
        torch.nn.functional.cross_entropy(logits, LABELS[chosen]).backward()
        slopes = {name: leaf.grad for name, leaf in leaves.items()}
        if step % rewiring["every"] or step >= last:
            taken += 1
            for name, value in values.items():
                for i in set(range(value.numel())) - active.get(name, set(range(value.numel()))):
                    slopes[name].view(-1)[i] = 0
                values[name] = moved(value, slopes[name], memory[name], optimiser, taken)
            continue
        share = rewiring["fraction"] / 2 * (1 + math.cos(math.pi * step / last))
        for name, places in active.items():
            weight, slope = values[name].view(-1), slopes[name].view(-1)
            k = int(share * len(places))
            drop = set(sorted(places, key=lambda i: abs(float(weight[i])))[:k])
            others = set(range(len(weight))) - (places - drop)
            grow = set(sorted(others, key=lambda i: -abs(float(slope[i])))[:k])
            for i in drop ^ grow:
                for buffer in (weight, *(each.view(-1) for each in memory[name])):
                    buffer[i] = 0
            active[name] = places - drop | grow
    return {name: value.numpy() for name, value in values.items()}, active


@pytest.mark.parametrize("optimiser", [SGD, ADAM], ids=["sgd", "adam"])
def test_rigl_is_algorithm_1_weight_by_weight(optimiser):
    found, (_, before) = fit(optimiser=optimiser).arrays, begun()
    for row, replicate in enumerate(REPLICATES):
        values, active = plainly(replicate, RIGL, optimiser)
        for name, value in values.items():
            np.testing.assert_allclose(found[name][row], value, rtol=1e-3, atol=2e-5)
        for name, places in active.items():
            mask = found[f"{name}.kept"][row]
            assert set(np.flatnonzero(mask)) == places
            assert (mask != before[name][row]).sum() > 0.2 * mask.sum()


@pytest.mark.parametrize("rewiring", [RIGL, SET], ids=["rigl", "set"])
@pytest.mark.parametrize("optimiser", [SGD | {"average": 0.9}, ADAM], ids=["sgd", "adam"])
def test_every_layer_keeps_its_number_and_the_rest_is_zero(monkeypatch, rewiring, optimiser):
    seen, update = [], Rewiring.update
    expected = {name: mask.reshape(len(mask), -1).sum(1) for name, mask in erk(REPLICATES).items()}

    def checked(self, members, step):
        before = {name: mask.clone() for name, mask in members.kept.items()}
        update(self, members, step)
        state = [each for each in members.optimiser.state.values() if each.dim()]
        for name, mask in members.kept.items():
            assert mask.flatten(1).sum(1).tolist() == expected[name].tolist()
            dropped = (before[name] & ~mask).flatten(1).sum(1)
            assert (dropped <= (self.share(step) * torch.from_numpy(expected[name])).floor()).all()
            grown = mask & ~before[name]
            for buffer in (members.ensemble.flat, *state):
                view = members.ensemble.views(buffer)[name]
                assert not view[~mask | grown].any()
                assert view[mask & ~grown].any()
        seen.append(step)

    monkeypatch.setattr(Rewiring, "update", checked)
    found = fit(rewiring=rewiring, optimiser=optimiser).arrays
    assert seen == [3, 6, 9, 12]
    for name in WEIGHTS:
        mask = found[f"{name}.kept"]
        assert mask.dtype == bool
        assert not found[name][~mask].any()
        assert (found[name] != 0).sum() > 0.9 * mask.sum()


def test_the_share_falls_along_a_cosine_from_the_first_step_to_the_last_update():
    rule = Rewiring(RIGL | {"every": 5, "until": 0.5, "fraction": 0.4}, 80, ROOT)
    assert [step for step in range(1, 81) if rule.due(step)] == [5, 10, 15, 20, 25, 30, 35]
    assert rule.share(0) == 0.4
    np.testing.assert_allclose(rule.share(10), 0.2 * (1 + 0.5**0.5))
    np.testing.assert_allclose(rule.share(20), 0.2)
    assert rule.share(40) == 0


def test_set_grows_everywhere_alike():
    replicates = list(range(1, 401))
    shapes, kept = WEIGHTS["1.weight"], 120
    mask = np.zeros(math.prod(shapes), dtype=bool)
    mask[np.random.default_rng(0).permutation(mask.size)[:kept]] = True
    masks = {"1.weight": np.tile(mask.reshape(shapes), (400, 1, 1))}
    start, _ = begun([1], {"1.weight": masks["1.weight"][:1]})
    rewiring = SET | {"every": 1, "until": 1.0, "fraction": 0.5}
    still = {"kind": "sgd", "learning_rate": 1e-9, "momentum": 0.0}
    data = (NETWORK, SCALING, IMAGES[:8], LABELS[:8])
    todo = settings(rewiring, still, epochs=2, batch_size=8)
    # All begin alike and stay, so all drop the same weights at the one update.
    start = {name: np.repeat(value, 400, axis=0) for name, value in start.items()}
    found = training.fit(*data, todo, ROOT, replicates, start, masks, shown=False).arrays
    k = math.floor(0.25 * kept)
    flat = start["1.weight"][0].ravel()
    dropped = np.flatnonzero(mask)[np.argsort(abs(flat[mask]))[:k]]
    candidates = np.union1d(np.flatnonzero(~mask), dropped)
    times = found["1.weight.kept"].reshape(400, -1).sum(0)
    assert times[np.setdiff1d(np.arange(mask.size), candidates)].tolist() == [400] * (kept - k)
    grown = times[candidates]
    assert grown.sum() == 400 * k
    share = k / len(candidates)
    expected = 400 * share
    # Each network draws without replacement, which makes counts vary less.
    ratio = (len(candidates) - 1) / len(candidates)
    statistic = ((grown - expected) ** 2).sum() / (expected * (1 - share)) * ratio
    assert 0.001 < stats.chi2.sf(statistic, len(candidates) - 1) < 0.999
    # Another step, layer or replicate draws otherwise; the same one again doesn't.
    assert len({row.tobytes() for row in found["1.weight.kept"]}) == 400


@pytest.mark.parametrize("rewiring", [RIGL, SET], ids=["rigl", "set"])
def test_without_an_update_it_is_training_under_a_fixed_mask(monkeypatch, rewiring):
    monkeypatch.setattr(Rewiring, "due", lambda self, step: False)
    found, static = fit(rewiring=rewiring).arrays, fit(rewiring=None).arrays
    masks = {name: found.pop(f"{name}.kept") for name in WEIGHTS}
    assert same_bits(found, static)
    assert same_bits(masks, erk(REPLICATES))


@pytest.mark.parametrize("rewiring", [RIGL, SET], ids=["rigl", "set"])
@pytest.mark.parametrize("dies_in", [1, 2, 3])
def test_a_killed_training_ends_with_the_same_bits(monkeypatch, tmp_path, rewiring, dies_in):
    def progress():
        return Progress(str(tmp_path / "checkpoint"), interval=0)

    draw = training.batch_order

    def order(*arguments):
        if arguments[3] == dies_in:
            raise KeyboardInterrupt
        return draw(*arguments)

    optimiser = SGD | {"average": 0.9}
    whole = fit(rewiring=rewiring, optimiser=optimiser)
    monkeypatch.setattr(training, "batch_order", order)
    with pytest.raises(KeyboardInterrupt):
        fit(rewiring=rewiring, optimiser=optimiser, progress=progress())
    monkeypatch.setattr(training, "batch_order", draw)
    resumed = fit(rewiring=rewiring, optimiser=optimiser, progress=progress())
    assert same_bits(resumed.arrays, whole.arrays)


@pytest.mark.parametrize("rewiring", [RIGL, SET], ids=["rigl", "set"])
def test_a_replicate_is_the_same_alone_in_company_and_in_another_process(rewiring):
    together = fit(rewiring=rewiring, optimiser=ADAM).arrays
    alone = fit([2], rewiring=rewiring, optimiser=ADAM).arrays
    assert same_bits({name: value[1:2] for name, value in together.items()}, alone)
    start, masks = begun()
    todo = settings(rewiring, ADAM)
    data = (NETWORK, SCALING, IMAGES, LABELS, todo, ROOT, REPLICATES, start, masks)
    assert same_bits(parallel_training.fit(*data, processes=2).arrays, together)


def test_who_diverges_leaves_the_others_as_they_were():
    whole = fit(optimiser=ADAM)
    start, masks = begun()
    start["1.weight"][1] = np.nan
    data = (NETWORK, SCALING, IMAGES, LABELS, settings(optimiser=ADAM), ROOT, REPLICATES)
    found = training.fit(*data, start, masks, shown=False)
    assert found.replicates == [1, 3]
    assert [(each.replicate, each.epoch, each.step) for each in found.diverged] == [(2, 1, 1)]
    assert same_bits(found.arrays, {name: value[[0, 2]] for name, value in whole.arrays.items()})


def test_a_dense_tensor_stays_as_it_is_and_members_may_keep_different_numbers():
    masks = erk(REPLICATES)
    masks["1.weight"][1] = True
    masks["2.weight"][0] = False
    masks["2.weight"][0].flat[:3] = True
    sizes = {name: mask.reshape(3, -1).sum(1) for name, mask in masks.items()}
    found = fit(masks=masks).arrays
    for name, expected in sizes.items():
        assert found[f"{name}.kept"].reshape(3, -1).sum(1).tolist() == expected.tolist()
    dense = fit([2], {name: mask[1:2] for name, mask in masks.items()}).arrays
    assert same_bits({name: value[1:2] for name, value in found.items()}, dense)


# One exchange.


def lots(seed, shape):
    generator = np.random.default_rng(seed)
    rows = [generator.permutation(shape[1]) for _ in range(shape[0])]
    return lambda *_: torch.from_numpy(np.stack(rows))


def test_what_was_dropped_may_be_grown_again():
    active = torch.tensor([[True, True, True, False]])
    weights = torch.tensor([[3.0, -1.0, 2.0, 0.0]])
    for slopes, expected in (
        ([0.0, 5.0, 0.0, 4.0], [True, True, True, False]),
        ([9.0, 3.0, 9.0, -4.0], [True, False, True, True]),
    ):
        after = exchanged(
            active, weights, torch.tensor([slopes]), torch.tensor([1]), lots(0, (1, 4))
        )
        assert after.tolist() == [expected]
    none = exchanged(active, weights, weights, torch.tensor([0]), lots(0, (1, 4)))
    assert none is active


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 12), st.integers(1, 3))
def test_as_many_are_taken_as_asked_whatever_the_ties(seed, rows, columns, values):
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, values, (rows, columns)).astype(np.float32)
    allowed = generator.random((rows, columns)) < 0.7
    counts = np.array([generator.integers(0, n + 1) for n in allowed.sum(1)])
    lot = lots(seed, (rows, columns))
    found = highest(*map(torch.from_numpy, (scores, allowed, counts)), lot).numpy()
    for row in range(rows):
        places = np.flatnonzero(allowed[row])
        order = sorted(places, key=lambda i: (-scores[row, i], -int(lot()[row, i])))
        assert set(np.flatnonzero(found[row])) == set(order[: counts[row]])


def test_ties_are_broken_evenly():
    scores, allowed = torch.zeros(300, 9), torch.ones(300, 9, dtype=torch.bool)
    taken = highest(scores, allowed, torch.full((300,), 3), lots(5, (300, 9))).sum(0)
    assert stats.chisquare(taken.numpy()).pvalue > 0.001


# The first mask, and what is refused.


def test_masks_of_the_beginning_have_the_densities_of_erk():
    """A layer's density is proportional to (in + out) / (in out), here far from dense."""
    counts = {name: mask[0].sum() for name, mask in erk([1]).items()}
    parts = {name: sum(shape) for name, shape in WEIGHTS.items()}
    for name, part in parts.items():
        assert abs(counts[name] - 100 * part / sum(parts.values())) < 1
    assert sum(counts.values()) == 100


def test_a_training_that_comes_to_no_update_is_refused():
    with pytest.raises(ValueError, match=r"updates\.every: found 15, .* fewer than 15 batches"):
        fit(rewiring=RIGL | {"every": 15})
    fit(rewiring=RIGL | {"every": 14})


def test_what_cannot_change_is_refused():
    with pytest.raises(ValueError, match=r"rewiring\.growth: found 'x'; allowed: gradient, random"):
        fit(rewiring=RIGL | {"growth": "x"})
    with pytest.raises(ValueError, match=r"optimiser\.kind: found psgd with rewiring"):
        fit(optimiser=PSGD)
    network = Network(SPARSE, (1, 6, 6))
    with pytest.raises(ValueError, match="networks: nonzero: found with rewiring"):
        training.fit(network, SCALING, IMAGES, LABELS, settings(), ROOT, [1], shown=False)
