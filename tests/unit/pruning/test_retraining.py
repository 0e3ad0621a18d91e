"""Training under masks: what a mask holds stays, and an arm's numbers are its own."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from prunescape.fitting import members, training
from prunescape.fitting.divergence import Divergence
from prunescape.fitting.history_names import LOSS
from prunescape.fitting.initial_weights import initial_weights
from prunescape.fitting.resuming import Progress
from prunescape.networks.ensembles import Ensemble
from prunescape.optimising import optimisers
from prunescape.pruning import arm_masks, retraining
from prunescape.pruning import selection as packing
from prunescape.pruning.retraining import Trained
from tests.helpers.factories import checkpoint, scored

LAYERS = [
    {"kind": "linear", "units": 19},
    {"kind": "relu"},
    {"kind": "linear", "units": 11, "bias": False},
    {"kind": "tanh"},
    {"kind": "linear", "units": 10},
]
ROOT = (1, "study")
FITTED = checkpoint(LAYERS, replicates=[1, 2, 3], posterior=True)
SHAPES = {layer.name: layer.shape for layer in FITTED.network.weighted}
WEIGHTS = [f"{layer}.weight" for layer in SHAPES]
TOTAL = sum(int(np.prod(shape)) for shape in SHAPES.values())
LEVELS = ["0.50", "0.90"]
ADAM = {"kind": "adam", "learning_rate": 0.001}
MOMENTUM = {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9}
CONTROL = Trained("none", "none", "none", "0")
ZERO = Trained("magnitude", "global", "zero", "0.50")
SPARSE = Trained("magnitude", "global", "zero", "0.90")
LAYER = Trained("magnitude", "layer", "zero", "0.90")
RANDOM = Trained("random", "global", "zero", "0.50")
FROZEN = Trained("random", "global", "freeze", "0.50")


def digits(many=200):
    generator = np.random.default_rng(0)
    labels = torch.from_numpy(generator.integers(0, 10, many))
    centres = generator.integers(0, 255, (10, 1, 8, 8))
    images = centres[labels] * 0.7 + generator.integers(0, 76, (many, 1, 8, 8))
    return torch.from_numpy(images.astype(np.uint8)), labels


IMAGES, LABELS = digits()
SCORES, _ = scored(FITTED, ["magnitude", "random"], IMAGES, ROOT)
ARMS = [("magnitude", "global", 0), ("magnitude", "layer", 0), ("random", "global", 0)]
MASKS = {
    level: arm_masks.masks(SCORES, ARMS, "exact_k", level, ROOT, FITTED.replicates)
    for level in LEVELS
}


def settings(**changes):
    return {
        "objective": {"kind": "likelihood"},
        "optimiser": ADAM,
        "batch_size": 25,
        "epochs": 2,
    } | changes


def retrain(trained, fitted=FITTED, masks=MASKS, first_epoch=5, data=(IMAGES, LABELS), **changes):
    return retraining.retrain(fitted, trained, masks, *data, settings(**changes), ROOT, first_epoch)


def kept(arm, masks=MASKS):
    layers = arm_masks.layers_of(masks[arm.level], arm.criterion, arm.scope)
    return packing.unpack(layers, SHAPES)


def of_replicates(masks, chosen):
    """Return packed masks of some replicates, by their positions."""
    return {
        level: {name: mask[chosen] for name, mask in packed.items()}
        for level, packed in masks.items()
    }


def same_bits(one, other):
    return one.keys() == other.keys() and all(
        one[name].tobytes() == other[name].tobytes() for name in one
    )


def test_members_are_named_and_the_rest_of_the_checkpoint_stays():
    after = retrain([CONTROL, ZERO, FROZEN])
    assert after.arms == [tuple(arm) for arm in (CONTROL, ZERO, FROZEN) for _ in range(3)]
    assert after.replicates == [1, 2, 3] * 3
    assert after.fitted_on == FITTED.fitted_on
    assert after.scaling is FITTED.scaling
    # A point estimate from now on: the posterior's scale would no longer be one.
    assert list(after.arrays) == [*FITTED.network.shapes, LOSS]
    assert {len(array) for array in after.arrays.values()} == {9}


@pytest.mark.parametrize("optimiser", [ADAM, MOMENTUM], ids=["adam", "momentum"])
def test_removed_weights_stay_zero_and_the_others_learn(optimiser):
    before = {name: array.copy() for name, array in FITTED.arrays.items()}
    after = retrain([ZERO, SPARSE, LAYER], optimiser=optimiser)
    for arm in (ZERO, SPARSE, LAYER):
        arrays = after.of_arm(*arm).arrays
        zeros = np.zeros(3, dtype=int)
        for layer, mask in kept(arm).items():
            weight, start = arrays[f"{layer}.weight"], FITTED.arrays[f"{layer}.weight"]
            assert not weight[~mask].any()
            # At 0.90 many kept weights hang on units that reach nothing, and have no gradient.
            moved = mask & (weight != start)
            assert moved.sum() > (0.8 if arm is ZERO else 0.4) * mask.sum()
            zeros += (weight == 0).reshape(3, -1).sum(1)
        k = sum(round(float(arm.level) * int(np.prod(s))) for s in SHAPES.values())
        k = k if arm.scope == "layer" else round(float(arm.level) * TOTAL)
        assert zeros.tolist() == [k] * 3
        assert all((arrays[name] != before[name]).all() for name in ("3.bias",))
    assert same_bits(before, FITTED.arrays)


@pytest.mark.parametrize("optimiser", [ADAM, MOMENTUM], ids=["adam", "momentum"])
def test_moments_and_gradients_of_held_weights_are_zero_after_every_epoch(monkeypatch, optimiser):
    seen = []

    def check(self, torchs):
        state = torchs.state
        moments = {
            name: value.clone()
            for name, value in state.items()
            if torch.is_tensor(value) and value.shape == self._ensemble.flat.shape
        }
        seen.append({"gradient": self._ensemble.flat.grad.clone(), **moments})
        views.append(self._ensemble.views)
        real(self, torchs)

    views = []
    real = members.Fixed.check
    monkeypatch.setattr(members.Fixed, "check", check)
    retrain([ZERO, FROZEN], optimiser=optimiser, epochs=3)
    assert len(seen) == 3
    held = {name: np.concatenate([~kept(a)[name[0]] for a in (ZERO, FROZEN)]) for name in WEIGHTS}
    expected = {"gradient", "exp_avg", "exp_avg_sq"}
    for epoch in seen:
        assert epoch.keys() == (expected if optimiser is ADAM else {"gradient", "momentum_buffer"})
        for buffer in epoch.values():
            for name, mask in held.items():
                values = views[0](buffer)[name].numpy()
                assert not values[mask].any()
                assert (values[~mask] != 0).mean() > 0.5


def test_a_frozen_weight_keeps_its_bits_while_others_move():
    for optimiser in (ADAM, MOMENTUM):
        arrays = retrain([FROZEN, RANDOM], optimiser=optimiser).of_arm(*FROZEN).arrays
        for layer, mask in kept(FROZEN).items():
            weight, start = arrays[f"{layer}.weight"], FITTED.arrays[f"{layer}.weight"]
            assert weight[~mask].tobytes() == start[~mask].tobytes()
            assert start[~mask].all()
            assert (weight[mask] != start[mask]).mean() > 0.9


INITIAL = {"initial_weights": {"distribution": "torch_default"}}


def test_training_goes_back_to_the_initial_weights_under_the_mask():
    drawn = initial_weights(FITTED.network, INITIAL["initial_weights"], ROOT, [1, 2, 3])
    after = retrain([CONTROL, ZERO], start="initial", **INITIAL)
    again = retrain([CONTROL, ZERO], replace(FITTED, arrays=drawn))
    assert same_bits(after.arrays, again.arrays)


def test_weights_are_redrawn_under_the_mask():
    first, redrawn = (
        retrain([ZERO], start=start, **INITIAL).of_arm(*ZERO) for start in ("initial", "redrawn")
    )
    for layer, mask in kept(ZERO).items():
        name = f"{layer}.weight"
        assert not redrawn.arrays[name][~mask].any()
        assert (redrawn.arrays[name] != first.arrays[name])[mask].mean() > 0.99
    alone = retrain(
        [ZERO],
        checkpoint(LAYERS, replicates=[2], posterior=True),
        of_replicates(MASKS, [1]),
        start="redrawn",
        **INITIAL,
    )
    for name in WEIGHTS:
        np.testing.assert_array_equal(alone.arrays[name][0], redrawn.arrays[name][1])


FALLING = {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.0} | {
    "decay": {"kind": "linear", "hold": 0.0}
}
BACK = {"optimiser": FALLING, "epochs": 4, "span": [1, 4], "first_epoch": 0, **INITIAL}


def test_a_dense_network_that_goes_back_repeats_its_training():
    whole = training.fit(
        *(FITTED.network, FITTED.scaling, IMAGES, LABELS),
        *(settings(optimiser=FALLING, epochs=4, **INITIAL), ROOT, [1, 2, 3]),
    )
    after = retrain([CONTROL], start="rewound", **BACK)
    again = {LOSS: whole.arrays[LOSS][:, 1:]}  # of the epochs that are repeated
    assert same_bits(after.arrays, whole.arrays | again)


def test_masked_weights_go_back_to_an_epoch_of_the_fit():
    first = training.fit(
        *(FITTED.network, FITTED.scaling, IMAGES, LABELS),
        *(settings(optimiser=FALLING, epochs=4, span=[0, 1], **INITIAL), ROOT, [1, 2, 3]),
    )
    after = retrain([ZERO], start="rewound", **BACK)
    by_hand = retrain([ZERO], replace(FITTED, arrays=first.arrays), start="rewound_rate", **BACK)
    assert same_bits(after.arrays, by_hand.arrays)
    for layer, mask in kept(ZERO).items():
        assert not after.arrays[f"{layer}.weight"][~mask].any()
    # An average is of the last epochs, and moves no weight of those before.
    averaged = BACK | {"optimiser": FALLING | {"average": 0.9}}
    after, by_hand = (
        retrain([ZERO], fitted, start=start, **averaged)
        for fitted, start in (
            (FITTED, "rewound"),
            (replace(FITTED, arrays=first.arrays), "rewound_rate"),
        )
    )
    assert same_bits(after.arrays, by_hand.arrays)


def test_the_rate_alone_goes_back():
    back = BACK | {"optimiser": FALLING, "span": [3, 4]}
    after = retrain([CONTROL], start="rewound_rate", **back)
    # The last quarter of a training whose rate falls from 0.05 to 0, its fourth epoch's batches.
    start = {name: FITTED.arrays[name] for name in FITTED.network.shapes}
    alone = training.fit(
        *(FITTED.network, FITTED.scaling, IMAGES, LABELS),
        *(settings(optimiser=FALLING, epochs=4, span=[3, 4]), ROOT, [1, 2, 3], start),
    )
    assert same_bits(after.arrays, alone.arrays)


def test_a_chain_goes_back_at_every_step():
    """Iterative lottery tickets: what a step learnt decides its mask, and nothing else."""
    first = retrain([ZERO], start="initial", **INITIAL)
    masks = {"0.90": MASKS["0.90"]}
    second = retrain([SPARSE], first_of(first), masks, start="initial", **INITIAL)
    at_once = retrain([SPARSE], start="initial", **INITIAL)
    assert same_bits(second.arrays, at_once.arrays)


def first_of(step):
    """Return a step's checkpoint with its members as those of the arm at the next level."""
    return replace(step, arms=[(*arm[:3], SPARSE.level) for arm in step.arms])


def test_the_dense_control_trains_everything_as_plain_training_does():
    after = retrain([ZERO, CONTROL]).of_arm("none")
    assert all((after.arrays[name] != FITTED.arrays[name]).all() for name in ("1.bias", "3.bias"))
    for name in WEIGHTS:
        assert (after.arrays[name] != FITTED.arrays[name]).mean() > 0.9
    start = {name: FITTED.arrays[name] for name in FITTED.network.shapes}
    alone = training.fit(
        *(FITTED.network, FITTED.scaling, IMAGES, LABELS, settings(), ROOT, [1, 2, 3], start),
        first_epoch=5,
    )
    assert same_bits(after.arrays, alone.arrays)


def test_a_member_sees_the_batches_of_its_replicate_and_epoch():
    after = retrain([CONTROL, ZERO, FROZEN])
    start = {name: FITTED.arrays[name][1:2] for name in FITTED.network.shapes}
    mask = {f"{layer}.weight": value[1:2] for layer, value in kept(ZERO).items()}
    pruned = start | {name: start[name] * mask[name] for name in mask}

    def alone(replicate, first_epoch):
        return training.fit(
            *(FITTED.network, FITTED.scaling, IMAGES, LABELS, settings(), ROOT, [replicate]),
            *(pruned, mask, first_epoch),
        ).arrays

    member = {name: array[1:2] for name, array in after.of_arm(*ZERO).arrays.items()}
    assert same_bits(member, alone(2, 5))
    assert not same_bits(member, alone(2, 0))
    assert not same_bits(member, alone(1, 5))


@pytest.mark.slow
@pytest.mark.parametrize("optimiser", [ADAM, MOMENTUM], ids=["adam", "momentum"])
def test_an_arm_does_not_depend_on_its_company_after_1000_steps(optimiser):
    changes = {"optimiser": optimiser, "batch_size": 23, "epochs": 112}  # 9 batches an epoch
    together = retrain([CONTROL, SPARSE, FROZEN], **changes).of_arm(*SPARSE)
    assert same_bits(together.arrays, retrain([SPARSE], **changes).arrays)
    one = replace(
        FITTED, arrays={name: array[2:] for name, array in FITTED.arrays.items()}, replicates=[3]
    )
    alone = retrain([FROZEN, SPARSE], one, of_replicates(MASKS, [2]), **changes).of_arm(*SPARSE)
    assert same_bits({name: array[2:] for name, array in together.arrays.items()}, alone.arrays)


def test_a_step_of_a_chain_goes_on_from_each_arms_own_weights():
    early = [CONTROL, ZERO, LAYER._replace(level="0.50"), RANDOM]
    first = retrain(early)
    later = [arm._replace(level="0.90") if arm.level != "0" else arm for arm in early]
    masks = {
        "0.90": arm_masks.masks(
            {
                f"{criterion}/{scope}/{layer}": np.abs(
                    first.of_arm(criterion, scope).arrays[f"{layer}.weight"]
                )
                for criterion, scope, _ in ARMS
                for layer in SHAPES
            },
            *(ARMS, "exact_k", "0.90", ROOT, [1, 2, 3], MASKS["0.50"]),
        )
    }
    second = retrain(later, first, masks, first_epoch=7)
    assert second.arms == [tuple(arm) for arm in later for _ in range(3)]
    for arm in later:
        own = first.of_arm(*arm[:3])
        alone = retrain([arm], own, masks, first_epoch=7)
        assert same_bits(second.of_arm(*arm).arrays, alone.arrays)
        if arm.criterion != "none":
            for layer, mask in kept(arm, masks).items():
                assert (mask <= kept(arm._replace(level="0.50"))[layer]).all()
                assert not second.of_arm(*arm).arrays[f"{layer}.weight"][~mask].any()
    # Another arm's weights, or the fit's, would have led elsewhere.
    elsewhere = retrain([later[1]], masks=masks, first_epoch=7)
    assert not same_bits(second.of_arm(*later[1]).arrays, elsewhere.arrays)


def test_an_arm_that_the_step_before_does_not_have_is_named():
    first = retrain([CONTROL, ZERO], epochs=1)
    with pytest.raises(ValueError, match="no member of the arm random / global / zero"):
        retrain([RANDOM], first)
    with pytest.raises(ValueError, match="no entry log_alpha/global/<layer>"):
        retrain([ZERO._replace(criterion="log_alpha")])


def plainly(arm, r, optimiser, decay, epochs, batch_size, first_epoch):
    """Fine-tune one replicate of an arm with torch's layers, one batch after the other."""
    start = {name: torch.from_numpy(FITTED.arrays[name][r]) for name in FITTED.network.shapes}
    mask = {f"{k}.weight": torch.from_numpy(m[r]) for k, m in kept(arm).items()}
    values = {
        name: (value * mask[name] if name in mask and arm.effect == "zero" else value.clone())
        for name, value in start.items()
    }
    leaves = {name: value.clone().requires_grad_() for name, value in values.items()}
    kind = torch.optim.Adam if optimiser["kind"] == "adam" else torch.optim.SGD
    others = {"momentum": 0.9} if kind is torch.optim.SGD else {}
    torchs = kind(list(leaves.values()), lr=optimiser["learning_rate"], **others)
    inputs = (IMAGES.flatten(1) / 255 - 0.5) / 0.5
    batches = -(-len(IMAGES) // batch_size)
    replicate = FITTED.replicates[r]
    for epoch in range(epochs):
        order = training.batch_order(len(IMAGES), ROOT, [replicate], first_epoch + epoch)[0]
        for step in range(batches):
            if decay:
                done = (epoch * batches + step) / (epochs * batches)
                torchs.param_groups[0]["lr"] = optimiser["learning_rate"] * (1 - done)
            chosen = order[step * batch_size : (step + 1) * batch_size]
            hidden = torch.relu(inputs[chosen] @ leaves["1.weight"].T + leaves["1.bias"])
            hidden = torch.tanh(hidden @ leaves["2.weight"].T)
            logits = hidden @ leaves["3.weight"].T + leaves["3.bias"]
            torchs.zero_grad()
            torch.nn.functional.cross_entropy(logits, LABELS[chosen]).backward()
            torchs.step()
            with torch.no_grad():  # what the optimiser did to them is undone
                for name, of_layer in mask.items():
                    leaves[name].copy_(torch.where(of_layer, leaves[name], values[name]))
    return {name: leaf.detach().numpy() for name, leaf in leaves.items()}


@pytest.mark.parametrize("arm", [ZERO, SPARSE, FROZEN])
@pytest.mark.parametrize("decay", [False, True])
@pytest.mark.parametrize("optimiser", [ADAM, MOMENTUM], ids=["adam", "momentum"])
def test_fine_tuning_equals_a_plain_torch_loop(arm, decay, optimiser):
    # 7 steps an epoch, the last of them with 20 images.
    schedule = {"decay": {"kind": "linear", "hold": 0.0}} if decay else {}
    after = retrain([CONTROL, arm], optimiser=optimiser | schedule, batch_size=30, epochs=2)
    expected = plainly(arm, 1, optimiser, decay, epochs=2, batch_size=30, first_epoch=5)
    own = after.of_arm(*arm).arrays
    for name, value in expected.items():
        # Adam divides a gradient by its own size: a rounding of the smallest ones can show.
        np.testing.assert_allclose(own[name][1], value, rtol=1e-3, atol=2e-5)
        assert np.abs(own[name][1] - FITTED.arrays[name][1]).max() > 1e-3


def test_fine_tuning_repairs_what_pruning_did():
    def accuracy(fitted):
        parameters = fitted.parameters(torch.device("cpu"))
        logits = fitted.network.logits(fitted.scaling(IMAGES)[None], parameters)
        return (logits.argmax(2) == LABELS).float().mean(1)

    fitted = replace(
        retrain([CONTROL], epochs=40, optimiser=ADAM | {"learning_rate": 0.01}), arms=None
    )
    scores, _ = scored(fitted, ["magnitude", "random"], IMAGES, ROOT)
    masks = {"0.90": arm_masks.masks(scores, ARMS, "exact_k", "0.90", ROOT, [1, 2, 3])}
    pruned = {
        f"{k}.weight": fitted.arrays[f"{k}.weight"] * m for k, m in kept(SPARSE, masks).items()
    }
    before = accuracy(replace(fitted, arrays=fitted.arrays | pruned))
    after = accuracy(retrain([SPARSE], fitted, masks, epochs=40))
    assert (accuracy(fitted) == 1).all()
    assert (before < 0.9).all()
    assert (after > before + 0.1).all()


# The guard itself.


def held(optimiser):
    """Return an ensemble with some weights held, its guard and an optimiser after one step."""
    ensemble = Ensemble({"1.weight": (4, 3), "1.bias": (4,)}, 2, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    ensemble.load({"1.weight": torch.randn(2, 4, 3, generator=generator)})
    free = np.ones((2, 4, 3), dtype=bool)
    free[1, 2, 0] = free[0, 0, 1] = False
    guard = members.Fixed(ensemble, {"1.weight": free})
    torchs = optimisers.optimiser(
        ensemble, {"optimiser": optimiser, "batch_size": 8}, 100, guard.free
    )
    before = ensemble.arrays()
    ensemble.backward(sum(tensor.sum() for tensor in ensemble.tensors.values()))
    torchs.step()
    after = ensemble.arrays()
    np.testing.assert_array_equal(before["1.weight"] == after["1.weight"], ~free)
    assert (before["1.bias"] != after["1.bias"]).all()
    return ensemble, guard, torchs


@pytest.mark.parametrize("optimiser", [ADAM, MOMENTUM], ids=["adam", "momentum"])
def test_the_guard_trips_when_a_held_weight_is_touched(optimiser):
    ensemble, guard, torchs = held(optimiser)
    guard.check(torchs)
    state = torchs.state
    buffers = [
        ensemble.flat.grad,
        *(state[name] for name in state if "exp" in name or "mom" in name),
    ]
    assert len(buffers) == (3 if optimiser is ADAM else 2)
    for buffer in buffers:
        ensemble.views(buffer)["1.weight"][1, 2, 0] = 1e-30
        with pytest.raises(ValueError, match="a weight that a mask holds has a gradient or a mom"):
            guard.check(torchs)
        ensemble.views(buffer)["1.weight"][1, 2, 0] = 0
        guard.check(torchs)
    with torch.no_grad():
        ensemble.tensors["1.weight"][0, 1, 1] += 1  # a free one may move
        guard.check(torchs)
        ensemble.tensors["1.weight"][0, 0, 1] += 1e-6
    with pytest.raises(ValueError, match="a weight that a mask holds has moved"):
        guard.check(torchs)


def test_the_guard_watches_training(monkeypatch):
    monkeypatch.setattr(Ensemble, "hold", lambda self, free: None)
    with pytest.raises(ValueError, match="a weight that a mask holds has moved"):
        retrain([CONTROL, ZERO], epochs=1)
    retrain([CONTROL], epochs=1)  # nothing is held


def test_divergence_under_masks_names_replicates_epoch_and_setting():
    optimiser = MOMENTUM | {"learning_rate": 1e37}
    with pytest.raises(ValueError, match=r"all 3 replicates diverged; .*epoch 1.*learning_rate"):
        retrain([ZERO], optimiser=optimiser)


WEIGHTS_AND_BIASES = sum(int(np.prod(shape)) for shape in FITTED.network.shapes.values())


@pytest.fixture
def one_arm_at_a_time(monkeypatch):
    monkeypatch.setattr(retraining, "TOGETHER", len(FITTED.replicates) * WEIGHTS_AND_BIASES)


def test_groups_make_the_checkpoint_that_all_at_once_make(one_arm_at_a_time, monkeypatch):
    arms = [CONTROL, ZERO, FROZEN]
    sizes, fit = [], training.fit
    monkeypatch.setattr(training, "fit", lambda *a, **_: sizes.append(len(a[6])) or fit(*a))
    grouped = retrain(arms)
    monkeypatch.setattr(retraining, "TOGETHER", 10**9)
    together = retrain(arms)
    assert sizes == [3, 3, 3, 9]
    assert (grouped.arms, grouped.replicates) == (together.arms, together.replicates)
    assert same_bits(grouped.arrays, together.arrays)


@pytest.mark.parametrize("together", [1, 2, 100])
def test_processes_make_the_checkpoint_that_one_makes(monkeypatch, together):
    arms = [CONTROL, ZERO, FROZEN]
    one = retrain(arms)
    most = together * len(FITTED.replicates) * WEIGHTS_AND_BIASES
    monkeypatch.setattr(retraining, "TOGETHER", most)
    for processes in (2, 5):
        data = (IMAGES, LABELS, settings(), ROOT, 5)
        many = retraining.retrain(FITTED, arms, MASKS, *data, processes=processes)
        assert (many.arms, many.replicates) == (one.arms, one.replicates)
        assert same_bits(many.arrays, one.arrays)


def test_who_diverges_in_one_group_is_missing_in_all(one_arm_at_a_time, monkeypatch):
    arms = [CONTROL, ZERO, FROZEN]
    expected, fit = retrain(arms), training.fit

    def diverging(*arguments, **_):
        found = fit(*arguments)
        if arguments[8]["1.weight"].all():  # the control's
            return found
        lost = Divergence(2, 1, 1, "nan", "", "learning_rate")
        arrays = {name: array[[0, 2]] for name, array in found.arrays.items()}
        return training.Fitted(arrays, [1, 3], [lost])

    monkeypatch.setattr(training, "fit", diverging)
    found = retrain(arms)
    assert found.replicates == [1, 3] * 3
    assert [each.replicate for each in found.diverged] == [2]
    for arm in arms:
        own, whole = found.of_arm(*arm).arrays, expected.of_arm(*arm).arrays
        assert same_bits(own, {name: array[[0, 2]] for name, array in whole.items()})


def test_a_killed_training_in_groups_goes_on_in_each(one_arm_at_a_time, monkeypatch, tmp_path):
    def train(progress=None):
        data = (IMAGES, LABELS, settings(epochs=3), ROOT, 5, progress)
        return retraining.retrain(FITTED, [CONTROL, ZERO], MASKS, *data)

    def progress():
        return Progress(str(tmp_path / "checkpoint"), interval=0)

    epochs, draw = [], training.batch_order

    def order(*arguments):
        if len(epochs) == 5:  # in the second group's last epoch
            raise KeyboardInterrupt
        epochs.append(arguments[3])
        return draw(*arguments)

    whole = train()
    monkeypatch.setattr(training, "batch_order", order)
    with pytest.raises(KeyboardInterrupt):
        train(progress())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint.resume.0",
        "checkpoint.resume.1",
    ]
    epochs.clear()
    ending = progress()
    assert same_bits(train(ending).arrays, whole.arrays)
    assert epochs == [7]
    ending.end()
    assert not list(tmp_path.iterdir())


def test_the_unpruned_network_teaches_where_the_schedule_says_so():
    taught = {"kind": "likelihood", "distillation": {"temperature": 2.0, "weight": 1.0}}
    found = retrain([ZERO, CONTROL], objective=taught)
    # Of the labels nothing is learned then: other ones change nothing.
    other = retrain([ZERO, CONTROL], objective=taught, data=(IMAGES, (LABELS + 1) % 10))
    for name in WEIGHTS:
        np.testing.assert_array_equal(found.arrays[name], other.arrays[name])
    # The control begins where the teacher is, so there is nothing to learn from it.
    control = found.of_arm("none", "none", "none")
    np.testing.assert_allclose(control.arrays[WEIGHTS[0]], FITTED.arrays[WEIGHTS[0]], atol=0.02)
    alone = retrain([ZERO], objective={"kind": "likelihood"})
    assert not np.array_equal(found.of_arm(*ZERO[:3]).arrays[WEIGHTS[0]], alone.arrays[WEIGHTS[0]])
