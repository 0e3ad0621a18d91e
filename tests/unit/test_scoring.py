from dataclasses import replace

import numpy as np
import pytest
import torch
from factories import (
    CONVOLUTIONAL,
    LOGISTIC,
    PERCEPTRON,
    PSGD,
    checkpoint,
    classes,
    scored,
    uint8_images,
)

from prunescape import scoring
from prunescape.criteria import CRITERIA
from prunescape.gradients import full_gradient
from prunescape.objectives import objective

ROOT = (2011, "graves")
IMAGES, LABELS = uint8_images(130), classes(130)


def score(fitted, names, root=ROOT):
    return scored(fitted, names, IMAGES, root)


@pytest.mark.parametrize("layers", [LOGISTIC, PERCEPTRON, CONVOLUTIONAL])
def test_every_criterion_scores_every_weight(layers):
    fitted = checkpoint(layers, posterior=True)
    scores, _ = score(fitted, list(CRITERIA))
    shapes = {layer.name: (3, *layer.shape) for layer in fitted.network.weighted}
    assert {name: value.shape for name, value in scores.items()} == {
        f"{criterion}/{layer}": shape for criterion in CRITERIA for layer, shape in shapes.items()
    }
    assert all(np.isfinite(value).all() for value in scores.values())


def test_scores_and_means_by_hand():
    fitted = checkpoint(PERCEPTRON, posterior=True)
    scores, means = score(fitted, ["snr", "magnitude", "magnitude_x_std", "inverse_sigma"])
    pixels = (IMAGES.numpy().reshape(130, 64) / 255 - 0.5) / 0.5
    arrays = {name: array.astype(np.float64) for name, array in fitted.arrays.items()}
    hidden = np.tanh(pixels @ arrays["1.weight"][1].T + arrays["1.bias"][1])
    for layer, inputs, r in [("1", pixels, 0), ("2", hidden, 1)]:
        weight, sigma = arrays[f"{layer}.weight"][1], arrays[f"{layer}.weight.sigma"][1]
        np.testing.assert_allclose(means[layer][r], inputs.mean(0), atol=1e-5)
        expected = {
            "magnitude": abs(weight),
            "snr": abs(weight) / sigma,
            "inverse_sigma": 1 / sigma,
            "magnitude_x_std": abs(weight) * inputs.std(0),
        }
        for criterion, value in expected.items():
            np.testing.assert_allclose(scores[f"{criterion}/{layer}"][1], value, rtol=2e-5)
    assert means["1"].shape == (1, 64)  # all replicates see the same images
    assert means["2"].shape == (3, 7)


@pytest.mark.parametrize("names", [["snr"], ["magnitude", "inverse_sigma"]])
def test_a_criterion_that_needs_a_posterior_says_so(names):
    with pytest.raises(ValueError, match=rf"{names[-1]}.* need a posterior; the fit has none"):
        score(checkpoint(LOGISTIC), names)
    assert score(checkpoint(LOGISTIC), ["magnitude", "magnitude_x_std", "random"])


def test_random_scores_are_the_replicates_own():
    scores, _ = score(checkpoint(PERCEPTRON, replicates=[1, 2, 3]), ["random"])
    again, _ = score(checkpoint(PERCEPTRON, replicates=[1, 2, 3]), ["magnitude", "random"])
    later, _ = score(checkpoint(PERCEPTRON, replicates=[3]), ["random"])
    other_study, _ = score(checkpoint(PERCEPTRON), ["random"], (2011, "magnitude"))
    other_seed, _ = score(checkpoint(PERCEPTRON), ["random"], (2012, "graves"))
    for name, value in scores.items():
        np.testing.assert_array_equal(again[name], value)
        np.testing.assert_array_equal(later[name][0], value[2])
        for other in (value[[1, 2, 0]], other_study[name], other_seed[name]):
            assert not np.isin(other, value[:1] if other.shape == value.shape else value).all()
            assert (other != value).all()
    assert not np.intersect1d(scores["random/1"], scores["random/2"]).size


def test_random_scores_are_uniform_and_without_ties():
    wide = [{"kind": "linear", "units": 300, "bias": False}]
    scores, _ = score(checkpoint(wide), ["random"])
    values = scores["random/1"]
    assert values.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * values.size))
    assert values.min() >= 0
    assert values.max() < 1
    assert np.unique(values).size == values.size


def test_random_scores_do_not_look_at_the_weights():
    # Two fits of a study are pruned at random in the same places: a paired comparison.
    one, _ = score(checkpoint(PERCEPTRON), ["random"])
    other, _ = score(checkpoint(PERCEPTRON, posterior=True), ["random"])
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_replicates_scores_do_not_depend_on_its_company():
    together, means = score(checkpoint(CONVOLUTIONAL, posterior=True), list(CRITERIA))
    only = checkpoint(CONVOLUTIONAL, replicates=[2], posterior=True)
    alone, own_means = score(only, list(CRITERIA))
    for name, value in together.items():
        np.testing.assert_array_equal(alone[name][0], value[1])
    for name, mean in means.items():
        np.testing.assert_array_equal(own_means[name][0], mean[1 if len(mean) > 1 else 0])


def test_names_may_be_any_iterable():
    scores, _ = score(checkpoint(LOGISTIC), iter(["magnitude"]))
    assert list(scores) == ["magnitude/1"]


def test_the_checkpoint_is_left_as_it_was():
    fitted = checkpoint(CONVOLUTIONAL, posterior=True)
    before = {name: array.copy() for name, array in fitted.arrays.items()}
    images = IMAGES.clone()
    score(fitted, list(CRITERIA))
    assert all(np.array_equal(fitted.arrays[name], before[name]) for name in before)
    assert torch.equal(images, IMAGES)


def retrained(layers=PERCEPTRON):
    """Return a checkpoint of three arms, whose weights differ, and the dense control."""
    names = [
        ("none", "none", "none", "0"),
        ("magnitude", "global", "zero", "0.50"),
        ("magnitude", "layer", "zero", "0.50"),
        ("magnitude_x_std", "global", "zero", "0.50"),
        ("random", "global", "zero", "0.50"),
    ]
    fitted = checkpoint(layers, replicates=[4, 5])
    arrays = {
        name: np.concatenate([array * np.float32(factor) for factor in range(1, 6)])
        for name, array in fitted.arrays.items()
    }
    arms = [name for name in names for _ in fitted.replicates]
    return replace(fitted, arrays=arrays, replicates=[4, 5] * len(names), arms=arms)


def test_each_arm_of_a_retrained_checkpoint_is_scored_by_its_own_criterion_on_its_own_weights():
    after = retrained()
    found, replicates = scoring.scores_by_arm(after, PSGD, IMAGES, LABELS, ROOT)
    assert replicates == [4, 5]
    layers = [layer.name for layer in after.network.weighted]
    pruned = ["magnitude/global", "magnitude/layer", "magnitude_x_std/global", "random/global"]
    assert found.keys() == {f"{arm}/{layer}" for arm in pruned for layer in layers}
    for arm in pruned:
        criterion, scope = arm.split("/")
        own, _ = score(after.of_arm(criterion, scope), [criterion])
        for layer in layers:
            assert found[f"{arm}/{layer}"].shape == (2, *own[f"{criterion}/{layer}"].shape[1:])
            np.testing.assert_array_equal(found[f"{arm}/{layer}"], own[f"{criterion}/{layer}"])
    by_scope = found["magnitude/global/2"], found["magnitude/layer/2"]
    np.testing.assert_allclose(by_scope[1], 1.5 * by_scope[0], rtol=1e-6)  # 3 of 2


def test_random_scores_are_the_same_at_every_step():
    # A weight that is random's last choice stays so: one order of removal a replicate.
    first, _ = score(checkpoint(PERCEPTRON, replicates=[4, 5]), ["random"])
    later, _ = scoring.scores_by_arm(retrained(), PSGD, IMAGES, LABELS, ROOT)
    for layer in ("1", "2", "3"):
        np.testing.assert_array_equal(later[f"random/global/{layer}"], first[f"random/{layer}"])


def test_moments_are_needed_only_by_criteria_that_read_them():
    fitted = checkpoint(PERCEPTRON, posterior=True)
    names = ["magnitude", "snr", "random"]
    without = scoring.scores(fitted, names, PSGD, IMAGES, LABELS, {}, ROOT)
    with_moments, _ = score(fitted, names)
    assert without.keys() == with_moments.keys()
    assert all(np.array_equal(without[name], with_moments[name]) for name in without)


@pytest.mark.parametrize("softmax", ["once", "twice"])
def test_full_gradient_equals_autograd_on_all_images_at_once(softmax):
    made = checkpoint(PERCEPTRON, replicates=[1, 2])
    images, labels = uint8_images(1100), classes(1100)
    goal = objective(made.network, {"kind": "likelihood", "softmax": softmax})
    parameters = made.parameters(torch.device("cpu"))
    found = full_gradient(goal, parameters, made.scaling, images, labels)
    for member in range(2):
        alone = {
            name: torch.tensor(made.arrays[name][member : member + 1], requires_grad=True)
            for name in made.network.shapes
        }
        logits = made.network.logits(made.scaling(images)[None], alone)[0]
        logits = logits.softmax(1) if softmax == "twice" else logits
        torch.nn.functional.cross_entropy(logits, labels).backward()
        for name, value in alone.items():
            torch.testing.assert_close(found[name][member], value.grad[0], rtol=1e-4, atol=1e-7)


def test_hg_is_the_gradient_times_the_preconditioner():
    fitted = checkpoint(PERCEPTRON, posterior=True)
    found, _ = score(fitted, ["hg", "g"])
    for layer in ("1", "2", "3"):
        noise = np.maximum(fitted.arrays[f"{layer}.weight.noise"], 0.3)
        expected = found[f"g/{layer}"] * 0.5 * 2 * 8 / len(IMAGES) / noise
        np.testing.assert_allclose(found[f"hg/{layer}"], expected, rtol=1e-5)
        assert (found[f"g/{layer}"] >= 0).all()


def test_hg_needs_preconditioned_sgd():
    fit = PSGD | {"optimiser": {"kind": "adam", "learning_rate": 0.1}}
    fitted = checkpoint(PERCEPTRON, posterior=True)
    with pytest.raises(ValueError, match=r"hg.*optimiser.kind: psgd"):
        scoring.scores(fitted, ["g", "hg"], fit, IMAGES, LABELS, {}, ROOT)
