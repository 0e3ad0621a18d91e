from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from prunescape.evaluation import columns, ending, evaluating, input_noise, metrics, table
from prunescape.foundations import files, streams
from prunescape.networks.scaling import intensities
from prunescape.networks.weight_uses import weight_uses
from prunescape.pruning import arm_masks, effects, selection
from tests.helpers.factories import (
    CONVOLUTIONAL,
    LOGISTIC,
    PERCEPTRON,
    checkpoint,
    classes,
    scored,
    uint8_images,
)

CPU = torch.device("cpu")
STREAM = (2011, "digits")
IMAGES, LABELS = uint8_images(120, name="test"), classes(120)
FITTED = checkpoint(PERCEPTRON, replicates=[4, 5, 6], posterior=True)
SHAPES = {layer.name: layer.shape for layer in FITTED.network.weighted}
SIZES = [int(np.prod(shape)) for shape in SHAPES.values()]
SCORES, MEANS = scored(FITTED, ["snr"], uint8_images(90), (2011, "graves"))
CLEAN = [("none", "0")]
NOISY = [*CLEAN, ("grey_raw", "0.30"), ("gaussian", "0.10")]
MODEL = ("study", "dataset", "network", "fit")


def packed(level, scope="global"):
    """Return masks and the replicates that they belong to."""
    arms, replicates = [("snr", scope, 0)], FITTED.replicates
    made = arm_masks.masks(SCORES, arms, "exact_k", level, (2011, "graves"), replicates)
    return made, replicates


def kept(level, scope="global"):
    return selection.unpack(arm_masks.layers_of(packed(level, scope)[0], "snr", scope), SHAPES)


def arm(levels, arm_effects=("zero",), scope="global"):
    return {
        "criterion": "snr",
        "scope": scope,
        "within": [scope],
        "selection": "exact_k",
        "schedule": "oneshot",
        "effects": list(arm_effects),
        "points": [[0, level] for level in levels],
    }


def evaluate(levels, conditions, arm_effects=("zero",), scope="global", fitted=FITTED):
    cases = evaluating.cases(
        fitted,
        [],
        [packed(level, scope) for level in levels],
        arm(levels, arm_effects, scope),
        conditions,
    )
    return evaluating.rows(cases, MEANS, IMAGES, LABELS, STREAM)


def dense(fitted=FITTED, conditions=CLEAN, images=IMAGES):
    none = dict.fromkeys(["criterion", "scope", "selection", "schedule"], "none")
    whole = none | {"within": ["none"], "effects": ["none"], "points": [[0, "0"]]}
    cases = evaluating.cases(fitted, [], [], whole, [conditions])
    return evaluating.rows(cases, {}, images, LABELS, STREAM)


def test_rows_have_the_columns_of_the_table(tmp_path):
    rows = evaluate(["0.50"], [NOISY], ["zero", "freeze"]) + dense()
    expected = {*columns.KEY, *columns.VALUE, *table.CHECKED, "outcomes", "bins"} - set(MODEL)
    assert all(row.keys() == expected for row in rows)
    assert {len(row.pop("outcomes")) for row in rows} == {120 / 8}
    assert {sum(row.pop("bins")[0]) for row in rows} == {120}
    named = [row | dict.fromkeys(MODEL, "x") for row in rows]
    assert len(table.assemble([{"rows": named}])) == 2 * 3 * 3 + 3
    files.write_json(tmp_path / "rows.json", named)  # only JSON's own types
    assert files.read_json(tmp_path / "rows.json") == named


def test_multiply_adds_are_of_weights_that_are_kept_or_frozen():
    for row in evaluate(["0.50"], [CLEAN], ["zero", "freeze"]):
        expected = row["total_weights" if row["effect"] == "freeze" else "kept_weights"]
        assert row["multiply_adds"] == expected
    convolved = checkpoint(CONVOLUTIONAL, replicates=[4, 5, 6])
    positions = weight_uses(
        convolved.network, convolved.parameters(CPU), convolved.scaling(IMAGES[:1] / 255)[None]
    )
    assert max(positions.values()) > 1
    every = sum(
        np.prod(layer.shape) * positions[layer.name] for layer in convolved.network.weighted
    )
    assert {row["multiply_adds"] for row in dense(convolved)} == {every}


def test_a_row_for_each_effect_level_replicate_and_condition():
    rows = evaluate(["0.50", "0.90"], [NOISY, CLEAN], ["zero", "compensate"])
    found = [
        (row["effect"], row["level"], row["replicate"], row["noise"], row["noise_level"])
        for row in rows
    ]
    expected = {
        (effect, level, replicate, *condition)
        for effect, replicate in product(["zero", "compensate"], [4, 5, 6])
        for level, condition in [
            (0.5, ("none", 0.0)),
            (0.5, ("grey_raw", 0.3)),
            (0.5, ("gaussian", 0.1)),
            (0.9, ("none", 0.0)),
        ]
    }
    assert len(found) == len(expected)
    assert set(found) == expected
    assert {(row["criterion"], row["scope"], row["schedule"], row["step"]) for row in rows} == {
        ("snr", "global", "oneshot", 0)
    }


def test_counts_are_of_the_whole_network_whatever_layers_a_scope_takes():
    own = ["layer", [], [1, -1]]
    arms, replicates = [("snr", "inner", 0, own)], FITTED.replicates
    made = arm_masks.masks(SCORES, arms, "exact_k", "0.60", (2011, "graves"), replicates)
    words = arm(["0.60"], scope="inner") | {"within": own}
    cases = evaluating.cases(FITTED, [], [(made, replicates)], words, [CLEAN])
    middle = SIZES[1] - round(0.6 * SIZES[1])
    for row in evaluating.rows(cases, MEANS, IMAGES, LABELS, STREAM):
        assert (row["scope"], row["level"]) == ("inner", 0.6)
        assert row["total_weights"] == sum(SIZES)
        assert row["kept_by_layer"] == f"{SIZES[0]} {middle} {SIZES[2]}"
        assert row["kept_weights"] == SIZES[0] + middle + SIZES[2]
        assert row["sparsity_actual"] == (SIZES[1] - middle) / sum(SIZES)
        assert row["within_scope"] == "0 1 0"
    assert {row["within_scope"] for row in dense()} == {"1 1 1"}


def test_reconstruction_is_of_the_training_images(monkeypatch):
    calls = []
    plain = effects.second_moments.second_moments
    monkeypatch.setattr(
        effects.second_moments, "second_moments", lambda *a: calls.append(a) or plain(*a)
    )
    levels, words = ["0.50", "0.80"], arm(["0.50", "0.80"], ("zero", "reconstruct"))
    cases = evaluating.cases(FITTED, [], [packed(each) for each in levels], words, [CLEAN] * 2)
    rows = evaluating.rows(cases, {}, IMAGES, LABELS, STREAM, trained_on=IMAGES)
    assert len(calls) == 1  # once for both levels
    assert torch.equal(calls[0][3], IMAGES)
    nll = {(row["effect"], row["level"], row["replicate"]): row["nll"] for row in rows}
    assert len(nll) == 2 * 2 * 3
    assert all(nll["zero", *place] != value for (_, *place), value in nll.items() if _ != "zero")
    assert {row["revived_weights"] for row in rows} == {0}


@pytest.mark.parametrize("own", [["n_m", [], [1], [2, 4]], ["block", [], [1], [1, 3]]])
def test_groups_are_counted(own):
    level = "0.50"
    arms, replicates = [("snr", "inner", 0, own)], FITTED.replicates
    made = arm_masks.masks(SCORES, arms, "exact_k", level, (2011, "graves"), replicates)
    words = arm([level], scope="inner") | {"within": own}
    cases = evaluating.cases(FITTED, [], [(made, replicates)], words, [CLEAN])
    every = [shape[0] * -(-shape[1] // own[3][1]) for shape in list(SHAPES.values())[1:]]
    kept = every if own[0] == "n_m" else [each - round(each / 2) for each in every]
    expected = [f"0/{some}/{each}" for some, each in zip(kept, every, strict=True)]
    for row in evaluating.rows(cases, MEANS, IMAGES, LABELS, STREAM):
        assert row["kept_by_group"].split() == ["-", *expected]
    assert {row["kept_by_group"] for row in dense()} == {""}


@pytest.mark.parametrize("effect", ["zero", "compensate", "freeze"])
def test_sizes_are_counted(effect):
    rows = evaluate(["0.90", "0.99"], [CLEAN, CLEAN], [effect])
    total = sum(SIZES)
    for row in rows:
        k = round(row["level"] * total)
        mask = {name: m[[row["replicate"] - 4]] for name, m in kept(f"{row['level']:.2f}").items()}
        by_layer = [int(m.sum()) for m in mask.values()]
        assert row["total_weights"] == total == 64 * 7 + 7 * 5 + 5 * 4
        assert row["kept_weights"] == total - k == sum(by_layer)
        assert row["kept_by_layer"] == " ".join(map(str, by_layer))
        units = [m.sum(axis=2)[0] for m in mask.values()]
        assert row["kept_by_unit"] == " ".join(f"{min(each)}-{max(each)}" for each in units)
        assert row["min_layer_kept"] == min(by_layer)
        assert row["dead_units"] == selection.dead_units(mask)[0]
        assert row["sparsity_actual"] == (0.0 if effect == "freeze" else k / total)
        assert row["frozen_weights"] == (k if effect == "freeze" else 0)
        assert row["revived_weights"] == 0
        assert row["n_images"] == 120
    assert max(row["dead_units"] for row in rows) > 0
    assert len({row["kept_by_layer"] for row in rows}) > 2  # replicates differ


def test_a_removed_weight_that_is_not_zero_is_seen(monkeypatch):
    def careless(*arguments):
        after = real(*arguments)
        mask = arguments[3]["2"]
        after["2.weight"] = after["2.weight"].clone()
        for r, out, into in torch.nonzero(~mask)[:4]:
            assert r == 0
            after["2.weight"][r, out, into] = 1e-30
        return after

    real = effects.apply
    monkeypatch.setattr(effects, "apply", careless)
    first, *others = evaluate(["0.90"], [CLEAN])
    assert first["replicate"] == 4
    assert first["revived_weights"] == 4
    k, total = round(0.9 * sum(SIZES)), sum(SIZES)
    assert first["kept_weights"] == total - k
    assert first["sparsity_actual"] == (k - 4) / total
    assert [row["revived_weights"] for row in others] == [0, 0]


def test_zeros_of_a_dense_network_are_measured_and_nothing_is_removed():
    fitted = checkpoint(PERCEPTRON, replicates=[4, 5])
    fitted.arrays["1.weight"][1, :, :10] = 0
    rows = dense(fitted)
    assert [row["sparsity_actual"] for row in rows] == [0, 70 / sum(SIZES)]
    for row in rows:
        assert row["kept_weights"] == row["total_weights"] == sum(SIZES)
        assert row["kept_by_layer"] == "448 35 20"
        assert row["min_layer_kept"] == 20
        assert (row["dead_units"], row["revived_weights"], row["frozen_weights"]) == (0, 0, 0)
        assert (row["level"], row["effect"], row["criterion"]) == (0, "none", "none")


@pytest.mark.parametrize("effect", ["zero", "compensate", "freeze"])
def test_values_are_those_of_the_pruned_network_on_the_noisy_images(effect):
    rows = evaluate(["0.50"], [NOISY], [effect])
    mask = {name: torch.from_numpy(m) for name, m in kept("0.50").items()}
    network = FITTED.network
    pruned = effects.apply(effect, network, FITTED.parameters(CPU), mask, MEANS)
    raw = IMAGES.numpy().astype(np.float32) / np.float32(255)
    for kind, level in NOISY:
        images = raw if kind == "none" else input_noise.corrupt(raw, kind, level, *STREAM)
        expected = metrics.measure(
            network, pruned, FITTED.scaling, torch.from_numpy(images), LABELS
        )
        own = [row for row in rows if row["noise"] == kind]
        assert [row["replicate"] for row in own] == [4, 5, 6]
        for name, values in expected.items():
            assert [row[name] for row in own] == values


def test_large_images_have_the_same_rows(monkeypatch):
    expected = evaluate(["0.50"], [NOISY], ["compensate"])
    monkeypatch.setattr(evaluating.scratch, "IN_MEMORY", 1000)
    monkeypatch.setattr(evaluating, "intensities", lambda images: intensities(few(images)))
    assert evaluate(["0.50"], [NOISY], ["compensate"]) == expected


def few(images):
    """Return images, of which there must not be many."""
    assert len(images) <= 2
    return images


def test_effects_differ_and_freezing_leaves_the_dense_network():
    zero, compensate, freeze = (
        [row["nll"] for row in evaluate(["0.80"], [CLEAN], [effect])]
        for effect in ("zero", "compensate", "freeze")
    )
    assert freeze == [row["nll"] for row in dense()]
    assert all(z != c for z, c in zip(zero, compensate, strict=True))
    assert all(z != f for z, f in zip(zero, freeze, strict=True))


def numbers(rows):
    """Return key -> values, without what the company of a row might change."""
    return {
        (row["effect"], row["level"], row["replicate"], row["noise"], row["noise_level"]): row
        for row in rows
    }


def test_batches_of_levels_and_blocks_of_replicates_change_no_bit():
    levels = ["0.50", "0.80", "0.90"]
    together = numbers(evaluate(levels, [NOISY, CLEAN, NOISY], ["zero", "compensate"]))
    alone = numbers(evaluate(["0.90"], [NOISY], ["compensate"]))
    assert alone
    assert all(together[key] == row for key, row in alone.items())
    one = checkpoint(PERCEPTRON, replicates=[5], posterior=True)
    means = {name: mean[1:2] if len(mean) > 1 else mean for name, mean in MEANS.items()}
    cases = evaluating.cases(one, [], [packed("0.90")], arm(["0.90"], ["compensate"]), [NOISY])
    single = evaluating.rows(cases, means, IMAGES, LABELS, STREAM)
    assert [row["replicate"] for row in single] == [5] * 3
    assert all(together[key] == row for key, row in numbers(single).items())


def test_levels_above_one_that_loses_too_much_are_left_out_and_nothing_else_changes():
    levels, both, noisy = ["0.30", "0.95", "0.99"], ["zero", "freeze"], [NOISY] * 3
    whole = evaluate(levels, noisy, both)
    # Random networks lose nothing, so they are compared with ones that are right half the time:
    # at 0.30, 0.95 and 0.99 zero loses 24.7, 25.3 and 25.3 points, freeze 26.7 each time.
    better = [row | {"accuracy": 0.5} for row in dense()]
    cases = evaluating.cases(FITTED, [], list(map(packed, levels)), arm(levels, both), noisy)
    end = ending.End(25, better)
    rows = evaluating.rows(cases, MEANS, IMAGES, LABELS, STREAM, end=end)
    last = {"zero": 0.95, "freeze": 0.3}
    assert rows == [row for row in whole if row["level"] <= last[row["effect"]]]
    left = [
        (each["effect"], each["level"], each["replicate"])
        for each in evaluating.left_out(cases, rows)
    ]
    gone = [("zero", 0.99), ("freeze", 0.95), ("freeze", 0.99)]
    assert left == [(*each, replicate) for each in gone for replicate in FITTED.replicates]
    assert evaluating.left_out(cases, whole) == []


def test_noise_is_the_same_for_every_model_and_the_images_stay_clean():
    before = IMAGES.clone()
    grey = [("grey_raw", "0.40")]
    alone = dense(conditions=grey)
    after_others = dense(conditions=[("salt_pepper", "0.90"), ("occlusion", "0.50"), *grey])
    assert alone == [row for row in after_others if row["noise"] == "grey_raw"]
    assert torch.equal(before, IMAGES)
    intensities = IMAGES.float() / 255
    copy = intensities.clone()
    assert dense(images=intensities, conditions=grey) == alone
    assert torch.equal(copy, intensities)


@pytest.mark.parametrize("layers", [LOGISTIC, CONVOLUTIONAL])
def test_other_networks_are_evaluated_too(layers):
    fitted = checkpoint(layers)
    shapes = {layer.name: layer.shape for layer in fitted.network.weighted}
    scores, means = scored(fitted, ["magnitude"], uint8_images(90), (2011, "graves"))
    arms = [("magnitude", "layer", 0)]
    mask = arm_masks.masks(scores, arms, "exact_k", "0.50", (2011, "graves"), [1, 2, 3])
    made = arm(["0.50"], ["compensate"], "layer") | {"criterion": "magnitude"}
    cases = evaluating.cases(fitted, [], [(mask, [1, 2, 3])], made, [NOISY])
    rows = evaluating.rows(cases, means, IMAGES, LABELS, STREAM)
    halves = [int(np.prod(shape)) - round(np.prod(shape) / 2) for shape in shapes.values()]
    assert {row["kept_by_layer"] for row in rows} == {" ".join(map(str, halves))}
    assert len(rows) == 9
    assert all(np.isfinite(row["nll"]) for row in rows)


def retrained(levels, arm_effects=("zero",)):
    """Return what training under the masks might leave: other weights, removed ones in place."""
    members, arms = [], []
    for number, (effect, level) in enumerate(product(arm_effects, levels)):
        mask = kept(level)
        after = {}
        for name, array in FITTED.parameters(CPU).items():
            trained = array.numpy() + np.float32(0.1 * (number + 1))
            layer = name.removesuffix(".weight")
            if layer in mask:
                removed = 0 if effect == "zero" else array.numpy()
                trained = np.where(mask[layer], trained, removed)
            after[name] = trained
        members.append(after)
        arms += [("snr", "global", effect, level)] * 3
    control = {name: array.numpy() - 0.2 for name, array in FITTED.parameters(CPU).items()}
    members.append(control)
    arms += [("none", "none", "none", "0")] * 3
    arrays = {name: np.concatenate([each[name] for each in members]) for name in control}
    return replace(FITTED, arrays=arrays, replicates=[4, 5, 6] * len(members), arms=arms)


def test_after_retraining_the_weights_are_what_was_trained():
    levels = ["0.50", "0.90"]
    after = retrained(levels, ["zero", "freeze"])
    made = arm(levels, ["zero", "freeze"]) | {"schedule": "retraining"}
    masks_of_levels = [packed(level) for level in levels]
    cases = evaluating.cases(FITTED, [after], masks_of_levels, made, [CLEAN, NOISY])
    rows = evaluating.rows(cases, MEANS, IMAGES, LABELS, STREAM)
    assert len(rows) == 2 * 3 * (1 + 3)
    total = sum(SIZES)
    for effect, level in product(["zero", "freeze"], levels):
        network = after.of_arm("snr", "global", effect, level)
        images = torch.from_numpy(IMAGES.numpy().astype(np.float32) / np.float32(255))
        expected = metrics.measure(
            FITTED.network, network.parameters(CPU), FITTED.scaling, images, LABELS
        )
        own = [
            row
            for row in rows
            if (row["effect"], row["level"], row["noise"]) == (effect, float(level), "none")
        ]
        assert [row["replicate"] for row in own] == [4, 5, 6]
        assert [row["nll"] for row in own] == expected["nll"]
        k = round(float(level) * total)
        assert {row["kept_weights"] for row in own} == {total - k}
        assert {row["sparsity_actual"] for row in own} == {k / total if effect == "zero" else 0.0}
        assert {row["frozen_weights"] for row in own} == {k if effect == "freeze" else 0}
        assert {(row["schedule"], row["revived_weights"]) for row in own} == {("retraining", 0)}


def test_a_weight_that_retraining_revived_is_seen():
    after = retrained(["0.90"])
    place = np.argwhere(~kept("0.90")["2"][1])[0]
    after.arrays["2.weight"][(1, *place)] = 1e-30
    cases = evaluating.cases(FITTED, [after], [packed("0.90")], arm(["0.90"]), [CLEAN])
    rows = evaluating.rows(cases, MEANS, IMAGES, LABELS, STREAM)
    assert [row["revived_weights"] for row in rows] == [0, 1, 0]


def test_each_step_of_a_chain_has_its_own_weights_even_at_the_same_level():
    first, second = retrained(["0.90"]), retrained(["0.50", "0.90"])  # other values at 0.90
    made = arm([]) | {"schedule": "fine", "points": [[14, "0.90"], [15, "0.90"]]}
    same = packed("0.90")
    cases = evaluating.cases(FITTED, [first, second], [same, same], made, [CLEAN, CLEAN])
    rows = evaluating.rows(cases, MEANS, IMAGES, LABELS, STREAM)
    assert [(row["step"], row["level"], row["replicate"]) for row in rows] == [
        (step, 0.9, replicate) for step in (14, 15) for replicate in (4, 5, 6)
    ]
    images = torch.from_numpy(IMAGES.numpy().astype(np.float32) / np.float32(255))
    expected = [
        metrics.measure(
            FITTED.network,
            each.of_arm("snr", "global", "zero", "0.90").parameters(CPU),
            FITTED.scaling,
            images,
            LABELS,
        )["nll"]
        for each in (first, second)
    ]
    assert [row["nll"] for row in rows] == expected[0] + expected[1]
    assert not set(expected[0]) & set(expected[1])


def test_the_dense_control_keeps_every_weight_and_is_the_trained_one():
    after = retrained(["0.90"])
    none = dict.fromkeys(["criterion", "scope", "selection"], "none")
    control = none | {
        "within": ["none"],
        "schedule": "fine",
        "effects": ["none"],
        "points": [[3, "0"]],
    }
    cases = evaluating.cases(FITTED, [after], [], control, [CLEAN])
    rows = evaluating.rows(cases, {}, IMAGES, LABELS, STREAM)
    for row in rows:
        assert (row["schedule"], row["step"], row["level"], row["effect"]) == ("fine", 3, 0, "none")
        assert row["kept_weights"] == row["total_weights"] == sum(SIZES)
        assert (row["sparsity_actual"], row["revived_weights"]) == (0, 0)
    trained = replace(after.of_arm("none"), replicates=[4, 5, 6])
    assert [row["nll"] for row in rows] == [row["nll"] for row in dense(trained)]
    assert [row["nll"] for row in rows] != [row["nll"] for row in dense()]


def test_an_arm_that_was_not_retrained_is_named():
    with pytest.raises(ValueError, match=r"no member of the arm snr / global / zero / 0\.50"):
        evaluating.cases(FITTED, [retrained(["0.90"])], [packed("0.50")], arm(["0.50"]), [CLEAN])


def sampled(fitted, number, levels=("0.50",), effect="zero", conditions=NOISY):
    masks_of_levels = [
        (arm_masks.of_replicates(*packed(level), fitted.replicates), fitted.replicates)
        for level in levels
    ]
    cases = evaluating.cases(
        fitted, [], masks_of_levels, arm(levels, [effect]), [conditions] * len(levels)
    )
    means = {
        name: mean
        if len(mean) == 1
        else mean[[FITTED.replicates.index(r) for r in fitted.replicates]]
        for name, mean in MEANS.items()
    }
    sampling = evaluating.Sampling(number, (2011, "graves"))
    found = evaluating.rows(cases, means, IMAGES, LABELS, STREAM, sampling=sampling)
    return [row for row in found if row["prediction"] == "sampled"]


@pytest.mark.parametrize("effect", ["zero", "compensate", "freeze"])
def test_the_average_of_sampled_networks_equals_a_plain_loop(effect):
    rows = sampled(FITTED, 3, effect=effect)
    mask = {name: torch.from_numpy(m) for name, m in kept("0.50").items()}
    pruned = effects.apply(effect, FITTED.network, FITTED.parameters(CPU), mask, MEANS)
    clean = torch.from_numpy(IMAGES.numpy().astype(np.float32) / np.float32(255))
    clean_rows = [row for row in rows if row["noise"] == "none"]
    assert len(rows) == 3 * len(clean_rows) == 9
    for r, row in enumerate(clean_rows):
        total = 0
        for number in range(3):
            generator = streams.generator(
                2011, "graves", "predictive", FITTED.replicates[r], number
            )
            one = {name: value[[r]].clone() for name, value in pruned.items()}
            for name, m in mask.items():
                spread = FITTED.arrays[f"{name}.weight.sigma"][r]
                noise = generator.standard_normal(spread.shape, dtype=np.float32)
                moved = m[r].numpy() | (effect == "freeze")
                one[f"{name}.weight"][0] += torch.from_numpy(spread * noise * moved)
            logits = FITTED.network.logits(FITTED.scaling(clean)[None], one)[0]
            total = total + torch.softmax(logits.double(), 1)
        p = (total / 3).numpy()
        right = p[np.arange(len(p)), LABELS]
        assert row["n_correct"] == (p.argmax(1) == LABELS.numpy()).sum()
        assert row["nll"] == pytest.approx(-np.log(right).mean(), rel=1e-6)
        truth = np.eye(p.shape[1])[LABELS]
        assert row["brier"] == pytest.approx(((p - truth) ** 2).sum(1).mean(), rel=1e-6)


def test_an_average_of_samples_does_not_depend_on_company():
    alone = [
        row
        for r in range(3)
        for row in sampled(
            replace(
                FITTED,
                arrays={name: array[[r]] for name, array in FITTED.arrays.items()},
                replicates=[FITTED.replicates[r]],
            ),
            2,
        )
    ]
    together = sampled(FITTED, 2)
    assert numbers(together) == numbers(alone)


def test_removed_weights_are_not_sampled_and_a_point_estimate_is_its_own_average():
    point = replace(
        FITTED, arrays={k: v for k, v in FITTED.arrays.items() if not k.endswith(".sigma")}
    )
    means = [row for row in evaluate(["0.50"], [NOISY]) if row["noise"] == "none"]
    same = [row for row in sampled(point, 2) if row["noise"] == "none"]
    assert [row["n_correct"] for row in same] == [row["n_correct"] for row in means]
    assert [row["nll"] for row in same] == pytest.approx([row["nll"] for row in means], rel=1e-9)
    other = [row for row in sampled(FITTED, 2) if row["noise"] == "none"]
    sizes = ("sparsity_actual", "kept_by_layer", "revived_weights")
    assert [[row[name] for name in sizes] for row in other] == [
        [row[name] for name in sizes] for row in means
    ]
    assert all(a["nll"] != b["nll"] for a, b in zip(other, means, strict=True))
