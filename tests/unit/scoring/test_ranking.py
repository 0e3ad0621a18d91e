from dataclasses import replace

import numpy as np
import pytest
import torch

from prunescape.fitting.initial_weights import initial_weights
from prunescape.foundations import files
from prunescape.optimising.objectives import objective
from prunescape.pruning import arm_masks, effects, selection
from prunescape.scoring import needs, ranking
from prunescape.scoring.gradients import full_gradient
from tests.helpers.factories import (
    CONVOLUTIONAL,
    LOGISTIC,
    PERCEPTRON,
    PSGD,
    checkpoint,
    classes,
    scored,
    uint8_images,
)

CRITERIA = list(needs.built_in())
ROOT = (2011, "graves")
IMAGES, LABELS = uint8_images(130), classes(130)


def score(fitted, names, root=ROOT):
    return scored(fitted, names, IMAGES, root)


@pytest.mark.parametrize("layers", [LOGISTIC, PERCEPTRON, CONVOLUTIONAL])
def test_every_criterion_scores_every_weight(layers):
    fitted = checkpoint(layers, posterior=True)
    scores, _ = score(fitted, CRITERIA)
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
        np.testing.assert_allclose(means[layer][r, 0], inputs.mean(0), atol=1e-5)
        expected = {
            "magnitude": abs(weight),
            "snr": abs(weight) / sigma,
            "inverse_sigma": 1 / sigma,
            "magnitude_x_std": abs(weight) * inputs.std(0),
        }
        for criterion, value in expected.items():
            np.testing.assert_allclose(scores[f"{criterion}/{layer}"][1], value, rtol=2e-5)
    assert means["1"].shape == (1, 1, 64)  # all replicates see the same images
    assert means["2"].shape == (3, 1, 7)


@pytest.mark.parametrize("names", [["snr"], ["magnitude", "inverse_sigma"]])
def test_a_criterion_that_needs_a_posterior_says_so(names):
    with pytest.raises(ValueError, match=rf"{names[-1]} needs a posterior; the fit has none"):
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
    together, means = score(checkpoint(CONVOLUTIONAL, posterior=True), CRITERIA)
    only = checkpoint(CONVOLUTIONAL, replicates=[2], posterior=True)
    alone, own_means = score(only, CRITERIA)
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
    score(fitted, CRITERIA)
    assert all(np.array_equal(fitted.arrays[name], before[name]) for name in before)
    assert torch.equal(images, IMAGES)


ARMS = ["magnitude", "magnitude_x_std", "random"]


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
    found = ranking.scores_by_arm(after, ARMS, PSGD, IMAGES, LABELS, ROOT)
    assert ranking.metadata(after)["replicates"] == [4, 5]
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


def test_a_file_of_scores_keeps_the_order_of_the_layers(tmp_path):
    layers = [{"kind": "linear", "units": 2} for _ in range(12)]
    made = checkpoint(layers, replicates=[7])
    path = tmp_path / "scores.safetensors"
    files.write_tensors(path, {}, ranking.metadata(made))
    _, described = files.read_tensors(path)
    assert described == {"replicates": [7], "paths": [[str(i), str(i)] for i in range(1, 13)]}


def test_random_scores_are_the_same_at_every_step():
    # A weight that is random's last choice stays so: one order of removal a replicate.
    first, _ = score(checkpoint(PERCEPTRON, replicates=[4, 5]), ["random"])
    later = ranking.scores_by_arm(retrained(), ARMS, PSGD, IMAGES, LABELS, ROOT)
    for layer in ("1", "2", "3"):
        np.testing.assert_array_equal(later[f"random/global/{layer}"], first[f"random/{layer}"])


def test_moments_are_needed_only_by_criteria_that_read_them():
    fitted = checkpoint(PERCEPTRON, posterior=True)
    names = ["magnitude", "snr", "random"]
    without = ranking.scores(fitted, names, PSGD, IMAGES, LABELS, {}, ROOT)
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
        ranking.scores(fitted, ["g", "hg"], fit, IMAGES, LABELS, {}, ROOT)


def test_wanda_equals_a_loop_over_images():
    fitted = checkpoint(PERCEPTRON)
    found, _ = score(fitted, ["wanda"])
    norms = torch.zeros(64, dtype=torch.float64)
    for image in IMAGES:
        norms += fitted.scaling(image[None]).flatten().double() ** 2
    expected = np.abs(fitted.arrays["1.weight"]) * (norms / len(IMAGES)).sqrt().numpy()
    np.testing.assert_allclose(found["wanda/1"], expected, rtol=1e-4)


@pytest.mark.parametrize("layers", [PERCEPTRON, CONVOLUTIONAL], ids=["perceptron", "filters"])
def test_wanda_of_each_output_unit_is_the_papers(layers):
    # As the authors' code does it: of every row the lowest |w| times the input's norm.
    fitted = checkpoint(layers)
    found, _ = score(fitted, ["wanda"])
    packed = arm_masks.masks(
        found, [("wanda", "output_unit", 0)], "exact_k", "0.50", ROOT, fitted.replicates
    )
    shapes = {layer.name: layer.shape for layer in fitted.network.weighted}
    kept = selection.unpack(arm_masks.layers_of(packed, "wanda", "output_unit"), shapes)
    seen = {}
    fitted.network.logits(
        fitted.scaling(IMAGES)[None],
        fitted.parameters(torch.device("cpu")),
        observe=lambda layer, inputs: seen.update({layer.name: layer.windows(inputs)}),
    )
    for layer in fitted.network.weighted:
        weights = torch.tensor(fitted.arrays[f"{layer.name}.weight"]).flatten(2)
        for r in range(3):
            inputs = seen[layer.name][min(r, len(seen[layer.name]) - 1)].flatten(0, 1)
            metric = weights[r].abs() * inputs.norm(dim=0)
            many = round(0.5 * metric.shape[1])
            expected = torch.ones(metric.shape, dtype=torch.bool)
            expected.scatter_(1, metric.sort(dim=1, stable=True).indices[:, :many], False)
            mask = kept[layer.name][r].reshape(len(metric), -1)
            np.testing.assert_array_equal(mask, expected.numpy())


def test_snip_reads_the_weights_that_training_began_with():
    fitted = checkpoint(PERCEPTRON)
    found, _ = score(fitted, ["snip"])
    drawn = initial_weights(fitted.network, PSGD["initial_weights"], ROOT, fitted.replicates)
    started, _ = score(replace(fitted, arrays=drawn), ["magnitude", "g", "snip"])
    products = {k: started[f"magnitude/{k}"] * started[f"g/{k}"] for k in "123"}
    for member in range(3):
        total = sum(product[member].sum() for product in products.values())
        for layer in "123":
            expected = products[layer][member] / total
            np.testing.assert_allclose(found[f"snip/{layer}"][member], expected, rtol=1e-4)
            np.testing.assert_array_equal(found[f"snip/{layer}"], started[f"snip/{layer}"])


def test_a_fit_that_starts_from_another_has_no_snip():
    fit = {key: value for key, value in PSGD.items() if key != "initial_weights"}
    with pytest.raises(ValueError, match="criterion snip needs initial_weights"):
        ranking.scores(checkpoint(), ["snip"], fit, IMAGES, LABELS, {}, ROOT)


def test_the_gradient_of_a_posterior_is_its_likelihoods_at_the_means():
    fitted = checkpoint(PERCEPTRON, posterior=True)
    fit = PSGD | {"objective": {"kind": "variational", "prior": "gaussian"}}
    found = ranking.scores(fitted, ["g", "obd_empirical"], fit, IMAGES, LABELS, {}, ROOT)
    point, _ = score(fitted, ["g", "obd_empirical"])
    assert all(np.array_equal(found[name], point[name]) for name in found)


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_shuffled_scores_keep_how_much_of_each_layer_and_not_which(scope):
    fitted = checkpoint(PERCEPTRON)
    found, _ = score(fitted, ["magnitude", "shuffled_magnitude"])
    arms = [("magnitude", scope, 0), ("shuffled_magnitude", scope, 0)]
    kept = {}
    for level in ("0.50", "0.90"):
        packed = arm_masks.masks(found, arms, "exact_k", level, ROOT, fitted.replicates)
        kept[level] = {name: np.unpackbits(bits, axis=1) for name, bits in packed.items()}
        for layer in "123":
            plain, shuffled = (kept[level][f"{name}/{scope}/{layer}"] for name, _, _ in arms)
            np.testing.assert_array_equal(plain.sum(1), shuffled.sum(1))
            assert (plain != shuffled).any()
    for name, fewer in kept["0.90"].items():
        assert (fewer <= kept["0.50"][name]).all(), "masks of a higher level lie within"
    alone, _ = score(checkpoint(PERCEPTRON, replicates=[2]), ["shuffled_magnitude"])
    np.testing.assert_array_equal(
        alone["shuffled_magnitude/1"][0], found["shuffled_magnitude/1"][1]
    )


# Criteria of the user.


@pytest.fixture
def own(tmp_path):
    """Return a function that scores made-up networks by a function `score` of the user."""

    def scored_by(source, layers=PERCEPTRON, **others):
        path = tmp_path / "own.py"
        path.write_text(f"import torch\n{source}", encoding="utf-8")
        return score(checkpoint(layers), [f"mine={path}:score", *others.get("also", [])])[0]

    return scored_by


@pytest.mark.parametrize("layers", [LOGISTIC, PERCEPTRON, CONVOLUTIONAL])
def test_a_users_criterion_stands_beside_the_librarys(own, layers):
    found = own(
        "def score(weight, gradient_size, power=1):\n"
        "    return weight.abs() * gradient_size ** power\n",
        layers,
        also=["taylor"],
    )
    for layer in checkpoint(layers).network.weighted:
        expected = found[f"taylor/{layer.name}"]
        np.testing.assert_array_equal(found[f"mine/{layer.name}"], expected)


def test_a_users_criterion_may_see_the_whole_network(own):
    found = own(
        "def score(weights, uniform):\n"
        "    largest = max(float(w.abs().max()) for w in weights.values())\n"
        "    return {layer: w.abs() / largest for layer, w in weights.items()}\n",
        also=["magnitude"],
    )
    assert max(found[f"mine/{layer}"].max() for layer in "123") == 1
    ratios = [found[f"magnitude/{layer}"] / found[f"mine/{layer}"] for layer in "123"]
    np.testing.assert_allclose(ratios[0].max(), ratios[2].min(), rtol=1e-6)


def test_a_users_criterion_may_import_what_lies_beside_it(own, tmp_path):
    (tmp_path / "beside_it.py").write_text("def double(weight): return 2 * weight.abs()\n")
    found = own("from beside_it import double\ndef score(weight): return double(weight)\n")
    np.testing.assert_allclose(found["mine/1"], 2 * np.abs(checkpoint().arrays["1.weight"]))


def test_criteria_with_helpers_of_one_name_are_apart(tmp_path):
    for name, sign in (("one", ""), ("two", "-")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "score.py").write_text(
            "import helper\ndef score(weight): return helper.sign(weight)\n"
        )
        (tmp_path / name / "helper.py").write_text(f"def sign(weight): return {sign}weight.abs()\n")
    spelled = [f"{name}={tmp_path / name / 'score.py'}:score" for name in ("one", "two")]
    found, _ = score(checkpoint(), spelled)
    np.testing.assert_array_equal(found["one/1"], -found["two/1"])
    assert found["one/1"].max() > 0


def test_a_users_criterion_that_works_in_place_changes_nothing_for_others(own):
    found = own(
        "def score(weight, gradient):\n    gradient.zero_()\n    return weight.zero_()\n",
        also=["magnitude", "taylor"],
    )
    alone, _ = score(checkpoint(), ["magnitude", "taylor"])
    assert all(np.array_equal(found[name], alone[name]) for name in alone)


USED = "import itertools, numpy, random\ncalls = itertools.count(1)\n"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("weight.abs().sum(2)", r"layer 1: found scores of shape \[3, 7\], expected \[3, 7, 64\]$"),
        ("weight / 0 * 0", r"layer 1: 1344 of 1344 scores are NaN or infinite$"),
        ("weight > 0", r"layer 1: found torch.bool, expected a tensor of floating-point numbers$"),
        ("None", r"layer 1: found NoneType, expected a tensor"),
        ("weight.nonsense", r"own.py, line 2: AttributeError: 'Tensor' object has no attribute"),
        ("weight @ torch.ones(5)", r"own.py, line 2: RuntimeError: "),
        ("exit(0)", r"own.py, line 2: it ends the program \(SystemExit: 0\)$"),
        (
            "torch.rand_like(weight)",
            r"own.py: score draws from the global .* of torch, ",
        ),
        (
            "weight * random.random()",
            r"own.py: score draws from the global .* of random, ",
        ),
        (
            "weight * next(calls)",
            r"\(.*own.py:score\): layer 1: other scores when it is called a",
        ),
        (
            "weight * torch.from_numpy(numpy.random.default_rng().random(weight.shape)).float()",
            r"\(.*own.py:score\): layer 1: other scores when it is called again; allowed: ",
        ),
    ],
)
def test_what_a_users_criterion_does_wrong_is_told_in_one_line(own, body, problem):
    with pytest.raises(ValueError, match=problem) as raised:
        own(f"def score(weight): return {body}\n{USED}")
    assert str(raised.value).startswith("criterion mine")
    assert "\n" not in str(raised.value)


def test_a_file_that_fails_when_it_is_run_is_told_in_one_line(own):
    with pytest.raises(ValueError, match=r"own.py, line 2: ModuleNotFoundError: No module named"):
        own("import no_such_module\ndef score(weight): return weight\n")


def test_an_unknown_criterion_is_named():
    with pytest.raises(ValueError, match="criterion: found 'wonder'; allowed: random, magnitude, "):
        score(checkpoint(), ["wonder"])


def test_any_criterion_can_be_compensated():
    fitted = checkpoint(PERCEPTRON)
    names = ["taylor", "wanda", "obd", "snip", "lamp"]
    found, means = score(fitted, names)
    parameters = fitted.parameters(torch.device("cpu"))
    inputs = fitted.scaling(IMAGES)[None]
    for name in names:
        packed = arm_masks.masks(
            found, [(name, "layer", 0)], "exact_k", "0.50", ROOT, fitted.replicates
        )
        shapes = {layer.name: layer.shape for layer in fitted.network.weighted}
        layers = arm_masks.layers_of(packed, name, "layer")
        kept = {k: torch.from_numpy(v) for k, v in selection.unpack(layers, shapes).items()}
        changed = effects.apply("compensate", fitted.network, parameters, kept, means)
        first = fitted.network.weighted[0]
        # What the first layer passes on has the mean that it had.
        before, after = (first.affine(inputs, each).mean(1) for each in (parameters, changed))
        torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)
