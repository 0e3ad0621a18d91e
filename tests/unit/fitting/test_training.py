"""Training: a member's numbers are its own, and the loop fits what it says it fits."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from prunescape.fitting import training
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from tests.helpers import fits
from tests.helpers.fits import MOMENTUM, PERCEPTRON, POINT

LOGISTIC = [{"kind": "linear", "units": 10, "bias": False}]
POSTERIOR = fits.POSTERIOR | {"prior": "gaussian", "kl": {"weight": 1.0, "warm_up": [0, 0]}}
ADAM = {"kind": "adam", "learning_rate": 0.001}


@pytest.fixture
def digits():
    generator = np.random.default_rng(0)
    labels = torch.from_numpy(generator.integers(0, 10, 500))
    centres = generator.integers(0, 255, (10, 1, 8, 8))
    images = centres[labels] * 0.7 + generator.integers(0, 76, (500, 1, 8, 8))
    return torch.from_numpy(images.astype(np.uint8)), labels


def fit(layers, data, replicates, **changes):
    images, labels = data
    settings = {
        "objective": POINT,
        "initial_weights": {"distribution": "he_uniform"},
        "optimiser": ADAM,
        "batch_size": 25,
        "epochs": 1,
    } | changes
    scaling = Scaling.fit("signed", images)
    return training.fit(
        Network(layers, (1, 8, 8)), scaling, images, labels, settings, (1, "study"), replicates
    ).arrays


@pytest.mark.slow
@pytest.mark.parametrize(
    ("objective", "optimiser"),
    [(POINT, ADAM), (POSTERIOR, ADAM), (POSTERIOR | {"sampling": "weights"}, MOMENTUM)],
    ids=["point", "sampled activations", "sampled weights"],
)
def test_a_member_does_not_depend_on_its_company_after_2000_steps(digits, objective, optimiser):
    settings = {"objective": objective, "optimiser": optimiser, "epochs": 100}
    together = fit(PERCEPTRON, digits, [1, 2, 3, 4, 5], **settings)
    alone = fit(PERCEPTRON, digits, [4], **settings)
    pair = fit(PERCEPTRON, digits, [5, 4], **settings)
    for name in together:
        assert np.array_equal(together[name][3], alone[name][0]), name
        assert np.array_equal(together[name][3], pair[name][1]), name
        assert not np.array_equal(together[name][3], together[name][2]), name


def test_batches_cover_the_images_once_and_are_each_replicates_own():
    order = training.batch_order(100, (1, "study"), [1, 2], epoch=0)
    assert [sorted(member) for member in order.tolist()] == [list(range(100))] * 2
    assert not torch.equal(order[0], order[1])
    assert torch.equal(order[1], training.batch_order(100, (1, "study"), [2], epoch=0)[0])
    assert not torch.equal(order, training.batch_order(100, (1, "study"), [1, 2], epoch=1))


def test_without_shuffling_every_epoch_has_the_order_of_the_files(digits):
    for epoch in (0, 3):
        order = training.batch_order(7, (1, "study"), [1, 2], epoch, shuffle=False)
        assert order.tolist() == [list(range(7))] * 2
    images, labels = digits
    unshuffled = fit(LOGISTIC, digits, [1, 2], shuffle=False, epochs=2)
    shuffled = fit(LOGISTIC, digits, [1, 2], epochs=2)
    assert not np.array_equal(unshuffled["1.weight"], shuffled["1.weight"])
    # Two epochs over the images are then one over the images twice.
    twice = torch.cat([images, images]), torch.cat([labels, labels])
    once = fit(LOGISTIC, twice, [1, 2], shuffle=False, epochs=1)
    assert np.array_equal(unshuffled["1.weight"], once["1.weight"])


def test_the_first_epoch_may_have_batches_of_its_own(digits):
    first = fit(LOGISTIC, digits, [1, 2], batch_size=4, epochs=1)
    assert np.array_equal(
        fit(LOGISTIC, digits, [1, 2], batch_size=50, first_epoch_batch_size=4, epochs=1)[
            "1.weight"
        ],
        first["1.weight"],
    )
    plain = {"optimiser": MOMENTUM | {"momentum": 0.0}, "batch_size": 50}
    then = fit(LOGISTIC, digits, [1, 2], **plain, first_epoch_batch_size=4, epochs=2)["1.weight"]
    for other in (4, 50):
        settings = plain | {"batch_size": other}
        assert not np.array_equal(
            then, fit(LOGISTIC, digits, [1, 2], **settings, epochs=2)["1.weight"]
        )


@pytest.mark.parametrize("batch_size", [499, 300, 8])  # last batches of 1, 200 and 4 images
def test_company_does_not_matter_at_any_batch_size(digits, batch_size):
    images, labels = digits
    some = images[:500], labels[:500]
    together = fit(PERCEPTRON, some, [1, 2, 3], batch_size=batch_size, epochs=3)
    alone = fit(PERCEPTRON, some, [2], batch_size=batch_size, epochs=3)
    for name, value in together.items():
        assert np.array_equal(value[1], alone[name][0]), name


RECIPE = {
    "objective": POINT | {"label_smoothing": 0.1},
    "optimiser": MOMENTUM
    | {
        "nesterov": True,
        "weight_decay": {"rate": 0.001, "reaches": "weights"},
        "clip_norm": 0.5,
        "average": 0.9,
        "warm_up": {"epochs": 1, "start": 0.1},
        "decay": {"kind": "cosine"},
    },
    "augmentation": {
        "crop": {"padding": 2},
        "flip": True,
        "cutout": {"size": 4},
        "mixup": {"alpha": 0.3},
    },
}


def test_a_recipe_gives_a_member_the_same_bits_alone(digits):
    together = fit(PERCEPTRON, digits, [1, 2, 3], batch_size=23, epochs=3, **RECIPE)
    alone = fit(PERCEPTRON, digits, [2], batch_size=23, epochs=3, **RECIPE)
    plain = fit(PERCEPTRON, digits, [2], batch_size=23, epochs=3, optimiser=MOMENTUM)
    for name, value in together.items():
        assert np.array_equal(value[1], alone[name][0]), name
        assert not np.array_equal(value[1], plain[name][0]), name


def test_members_of_a_replicate_share_its_batches(digits):
    images, labels = digits
    settings = {"objective": POINT, "optimiser": ADAM, "batch_size": 23, "epochs": 4}
    settings["augmentation"] = RECIPE["augmentation"]
    network, scaling = Network(PERCEPTRON, (1, 8, 8)), Scaling.fit("signed", images)
    start = training.initial_weights(
        network, {"distribution": "he_uniform"}, (1, "study"), [1, 2, 1, 2]
    )
    arguments = (network, scaling, images, labels, settings, (1, "study"))
    shared = training.fit(*arguments, [1, 2, 1, 2], start).arrays
    own = {name: array[1:2] for name, array in start.items()}
    alone = training.fit(*arguments, [2], own).arrays
    for name, value in shared.items():
        assert np.array_equal(value[:2], value[2:])
        assert np.array_equal(value[1], alone[name][0])
        assert name.endswith("bias") or not np.array_equal(value[0], value[1])


def test_training_that_goes_on_has_the_batches_of_its_epochs(digits):
    images, labels = digits
    # Without momentum, so that nothing is carried over but the weights.
    plain = {"objective": POINT, "optimiser": MOMENTUM | {"momentum": 0.0}, "batch_size": 25}
    network, scaling = Network(LOGISTIC, (1, 8, 8)), Scaling.fit("signed", images)
    arguments = (network, scaling, images, labels)
    start = {"1.weight": np.zeros((2, 10, 64), dtype=np.float32)}

    def go_on(start, epochs, first_epoch):
        settings = plain | {"epochs": epochs}
        return training.fit(
            *arguments, settings, (1, "study"), [1, 2], start, first_epoch=first_epoch
        ).arrays

    whole = go_on(start, 5, 0)
    halves = go_on(go_on(start, 2, 0), 3, 2)
    assert np.array_equal(whole["1.weight"], halves["1.weight"])
    assert not np.array_equal(whole["1.weight"], go_on(go_on(start, 2, 0), 3, 0)["1.weight"])


def test_one_step_equals_a_plain_torch_loop(digits):
    images, labels = digits
    ours = fit(LOGISTIC, (images, labels), [1], batch_size=500)["1.weight"][0]
    network = Network(LOGISTIC, (1, 8, 8))
    start = training.initial_weights(network, {"distribution": "he_uniform"}, (1, "study"), [1])
    weight = torch.from_numpy(start["1.weight"][0]).requires_grad_()
    optimiser = torch.optim.Adam([weight], lr=0.001)
    inputs = (images.flatten(1) / 255 - 0.5) / 0.5
    torch.nn.functional.cross_entropy(inputs @ weight.T, labels).backward()
    optimiser.step()
    np.testing.assert_allclose(ours, weight.detach().numpy(), atol=2e-6)


def test_training_lowers_the_loss_to_separable_classes(digits):
    images, labels = digits
    weights = fit(PERCEPTRON, digits, [1, 2], epochs=60)
    network, scaling = Network(PERCEPTRON, (1, 8, 8)), Scaling.fit("signed", images)
    parameters = {name: torch.from_numpy(value) for name, value in weights.items()}
    predicted = network.logits(scaling(images)[None], parameters).argmax(2)
    assert ((predicted == labels).float().mean(1) == 1).all()


def test_a_start_is_where_training_starts(digits):
    first = fit(LOGISTIC, digits, [1], epochs=1)
    images, labels = digits
    settings = {"objective": POINT, "optimiser": ADAM | {"learning_rate": 1e-12}, "batch_size": 500}
    network, scaling = Network(LOGISTIC, (1, 8, 8)), Scaling.fit("signed", images)
    again = training.fit(
        network, scaling, images, labels, settings | {"epochs": 1}, (1, "s"), [1], first
    ).arrays
    np.testing.assert_allclose(again["1.weight"], first["1.weight"], atol=1e-7)


def test_divergence_names_replicate_epoch_step_loss_and_setting(digits):
    optimiser = {"kind": "sgd", "learning_rate": 1e30, "momentum": 0.0}
    message = (
        r"all 2 replicates diverged; replicate 2 diverged in epoch 1: loss (nan|inf) at step 2 "
        r"\(\d.* before it\); likely setting: optimiser.learning_rate 1e\+30"
    )
    with pytest.raises(ValueError, match=message):
        fit(PERCEPTRON, digits, [1, 2], optimiser=optimiser, epochs=3)


def test_epochs_of_a_training_can_be_trained_apart(digits):
    """Without a state of the optimiser the parts have the bits of the whole, at falling rates."""
    decay = {"kind": "linear", "hold": 0.0}
    settings = {
        "optimiser": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.0, "decay": decay},
        "epochs": 4,
    }
    whole = fit(LOGISTIC, digits, [1, 2], **settings)
    first = fit(LOGISTIC, digits, [1, 2], **settings, span=[0, 3])
    images, labels = digits
    scaling, network = Scaling.fit("signed", images), Network(LOGISTIC, (1, 8, 8))
    rest = {"objective": POINT, "batch_size": 25, **settings, "span": [3, 4]}
    last = training.fit(network, scaling, images, labels, rest, (1, "study"), [1, 2], first).arrays
    assert not np.array_equal(whole["1.weight"], first["1.weight"])
    assert np.array_equal(whole["1.weight"], last["1.weight"])


def test_movement_is_the_sum_of_minus_weight_times_gradient(digits):
    rate, steps = 0.05, 4
    settings = {"optimiser": {"kind": "sgd", "learning_rate": rate, "momentum": 0.0}}
    settings["batch_size"] = 500
    network = Network(PERCEPTRON, (1, 8, 8))
    start = training.initial_weights(network, {"distribution": "he_uniform"}, (1, "study"), [1, 2])
    way = [start, *(fit(PERCEPTRON, digits, [1, 2], epochs=n, **settings) for n in range(1, 5))]
    found = fit(PERCEPTRON, digits, [1, 2], epochs=steps, movement=True, **settings)
    for name, weight in way[-1].items():
        assert np.array_equal(found[name], weight)  # collecting changes no bit
    for name in ("1.weight", "2.weight"):
        # A step of plain gradient descent shows its gradient.
        points = [each[name].astype(np.float64) for each in way]
        pairs = pairwise(points)
        expected = sum(before * (after - before) / rate for before, after in pairs)
        np.testing.assert_allclose(found[f"{name}.movement"], expected, rtol=2e-3, atol=2e-5)


def test_a_training_that_goes_on_collects_its_own_movement(digits):
    images, labels = digits
    settings = {"objective": POINT, "optimiser": ADAM, "batch_size": 100, "epochs": 1}
    scaling = Scaling.fit("signed", images)
    begun = fit(PERCEPTRON, digits, [1, 2], movement=True)
    kept = {"1.weight": np.arange(begun["1.weight"].size).reshape(begun["1.weight"].shape) % 3 > 0}
    held = begun | {"1.weight": begun["1.weight"] * kept["1.weight"]}
    network, root = Network(PERCEPTRON, (1, 8, 8)), (1, "study")
    arguments = (network, scaling, images, labels, settings | {"movement": True}, root, [1, 2])
    found = training.fit(*arguments, held, kept).arrays
    again = training.fit(*arguments, {k: v for k, v in held.items() if "move" not in k}, kept)
    assert np.array_equal(found["1.weight.movement"], again.arrays["1.weight.movement"])
    assert not found["1.weight.movement"][~kept["1.weight"]].any()
    assert found["2.weight.movement"].any()
    assert (
        "1.weight.movement" not in training.fit(*arguments[:4], settings, root, [1, 2], held).arrays
    )
