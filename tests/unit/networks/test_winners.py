"""k-winners: which units win, what their gradients are, and how duty cycles and boosting move."""

import math

import numpy as np
import pytest
import torch

from prunescape.fitting import training
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.networks.winners import Boost, Winners, winners
from tests.helpers.factories import uint8_images

BOOST = Boost(1.5, 0.85)


def layer(shape, k=3, inference_k=3, boost=BOOST, period=20):
    return Winners("1", shape, k, inference_k, boost, period)


def ensemble_buffers(layer, replicates):
    return {
        name: torch.stack([value] * replicates) for name, value in layer.initial_buffers().items()
    }


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Plain:
    """One network's k-winners, number by number; an image is [channels][positions]."""

    def __init__(self, shape, k, boost, period):
        self.channels, self.positions = shape[0], math.prod(shape[1:])
        self.k, self.period, self.factor = k, period, boost.factor
        self.duty = [0.0] * self.channels
        self.strength = boost.strength
        self.seen = 0

    def compete(self, images, k):
        return [self.image(image, k) for image in images]

    def image(self, image, k):
        density = k / (self.channels * self.positions)
        ranked = []
        for c in range(self.channels):
            for p in range(self.positions):
                boosted = image[c][p] * math.exp(self.strength * (density - self.duty[c]))
                ranked.append((boosted, c, p))
        out = [[0.0] * self.positions for _ in range(self.channels)]
        for _, c, p in sorted(ranked, reverse=True)[:k]:
            out[c][p] = image[c][p]
        return out

    def train(self, images):
        outputs = self.compete(images, self.k)
        self.seen += len(images)
        period = min(self.period, self.seen)
        for c in range(self.channels):
            won = sum(value > 0 for image in outputs for value in image[c]) / self.positions
            self.duty[c] = (self.duty[c] * (period - len(images)) + won) / period
        return outputs


@pytest.mark.parametrize("shape", [(11,), (4, 3, 2)], ids=["units", "channels"])
def test_equals_a_plain_loop_over_steps_and_epochs(shape):
    ours = layer(shape, k=5, inference_k=7)
    buffers = ensemble_buffers(ours, 3)
    plain = [Plain(shape, 5, BOOST, 20) for _ in range(3)]
    for step in range(9):
        # Uneven means, so that some units win always and boosting has something to do.
        values = normal(3, 6, *shape, seed=step) + normal(3, 1, *shape, seed=99)
        lists = values.view(3, 6, shape[0], -1).tolist()
        found = ours.compete(values, buffers, training=True)
        expected = [one.train(images) for one, images in zip(plain, lists, strict=True)]
        torch.testing.assert_close(found, torch.tensor(expected).view(values.shape))
        torch.testing.assert_close(
            buffers["1.duty_cycle"], torch.tensor([one.duty for one in plain]), atol=1e-6, rtol=0
        )
        if step % 3 == 2:
            ours.end_epoch(buffers)
            for one in plain:
                one.strength *= one.factor
    assert buffers["1.boost"].tolist() == pytest.approx([1.5 * 0.85**3] * 3)
    before = {name: value.clone() for name, value in buffers.items()}
    values = normal(3, 6, *shape, seed=77)
    found = ours.compete(values, buffers, training=False)
    expected = [
        one.compete(images, 7)
        for one, images in zip(plain, values.view(3, 6, shape[0], -1).tolist(), strict=True)
    ]
    torch.testing.assert_close(found, torch.tensor(expected).view(values.shape))
    assert all(torch.equal(buffers[name], before[name]) for name in before)


def test_the_plain_loop_would_choose_others_without_boosting():
    # What the test above compares must be able to differ.
    ours, values = layer((11,), k=5), normal(1, 60, 11) + normal(1, 1, 11, seed=99)
    buffers = ensemble_buffers(ours, 1)
    ours.compete(values, buffers, training=True)
    boosted = ours.compete(values, buffers, training=True)
    assert not torch.equal(boosted != 0, winners(values, 5) == 1)


def test_a_batch_longer_than_the_period_is_the_whole_duty_cycle():
    ours = layer((11,), k=5, period=20)
    buffers = ensemble_buffers(ours, 1)
    ours.compete(normal(1, 8, 11), buffers, training=True)
    outputs = ours.compete(normal(1, 30, 11, seed=1), buffers, training=True)
    torch.testing.assert_close(buffers["1.duty_cycle"][0], (outputs[0] > 0).float().mean(0))


@pytest.mark.parametrize("k", [1, 7, 24])
def test_exactly_k_win_whatever_the_ties(k):
    coarse = normal(2, 50, 4, 3, 2).round()  # few different values, so nearly all are tied
    constant, zeros = torch.full((2, 1, 4, 3, 2), 2.5), torch.zeros(2, 1, 4, 3, 2)
    signed = zeros.clone()
    signed[:, :, 1::2] = -0.0
    values = torch.cat([coarse, constant, zeros, signed], dim=1)
    chosen = winners(values, k) == 1
    assert (chosen.flatten(2).sum(2) == k).all()
    least_winner = values.masked_fill(~chosen, math.inf).flatten(2).amin(2)
    best_loser = values.masked_fill(chosen, -math.inf).flatten(2).amax(2)
    assert (least_winner >= best_loser).all()
    assert chosen[0, 50].flatten().tolist() == [True] * k + [False] * (24 - k)


def test_winners_are_those_of_topk():
    values = normal(3, 20, 500)
    expected = torch.zeros(3, 20, 500).scatter(2, values.topk(40, dim=2).indices, 1.0)
    assert torch.equal(winners(values, 40), expected)


def test_what_is_not_a_number_is_passed_on():
    values = normal(1, 2, 9)
    values[0, 1, 4] = math.nan
    outputs = layer((9,), boost=None).compete(values, {}, training=True)
    assert outputs[0, 0].isfinite().all()
    assert outputs[0, 1, 4].isnan()
    everything = layer((9,), boost=None).compete(torch.full((1, 2, 9), math.nan), {}, training=True)
    assert everything.isnan().all()


def test_the_gradient_reaches_winners_only_and_unchanged():
    ours, values = layer((4, 3, 2), k=5), normal(3, 6, 4, 3, 2).requires_grad_()
    buffers = ensemble_buffers(ours, 3)
    buffers["1.duty_cycle"] += torch.rand(3, 4, generator=torch.Generator().manual_seed(1))
    slopes = normal(3, 6, 4, 3, 2, seed=5)
    outputs = ours.compete(values, buffers, training=True)
    outputs.backward(slopes)
    won = outputs.detach() != 0
    assert (won.flatten(2).sum(2) == 5).all()
    # Winners pass on their own value, not the boosted one, and so their slope.
    assert torch.equal(outputs.detach()[won], values.detach()[won])
    assert torch.equal(values.grad[won], slopes[won])
    assert not values.grad[~won].any()


def network(k_winners, **conv):
    return Network(
        [
            {"kind": "conv", "filters": 6, "size": 3, **conv},
            {"kind": "max_pool", "size": 2},
            {"kind": "k_winners", "k": 10} | k_winners,
            {"kind": "linear", "units": 7},
            {"kind": "k_winners", "k": 3} | k_winners,
            {"kind": "linear", "units": 4},
        ],
        (1, 8, 8),
    )


BOOSTED = {"boost": {"strength": 1.5, "factor": 0.85}}


def test_inference_multiplies_k_and_rounds_halves_to_even():
    layers = network({"inference_factor": 1.5}).winners
    assert [(each.k, each.inference_k) for each in layers] == [(10, 15), (3, 4)]
    (most,) = Network(
        [{"kind": "linear", "units": 7}, {"kind": "k_winners", "k": 6, "inference_factor": 1.5}],
        (5,),
    ).winners
    assert most.inference_k == 7


def test_buffers_are_named_after_the_layer_with_weights_before_them():
    assert network(BOOSTED).buffers == {
        "1.duty_cycle": (6,),
        "1.boost": (),
        "1.seen": (),
        "2.duty_cycle": (7,),
        "2.boost": (),
        "2.seen": (),
    }
    assert network({}).buffers == {}
    initial = network(BOOSTED).initial_buffers(3)
    assert initial["2.boost"].tolist() == [1.5] * 3
    assert initial["1.duty_cycle"].shape == (3, 6)
    assert not initial["1.duty_cycle"].any()
    assert list(network({}).shapes) == list(network(BOOSTED).shapes)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([{"kind": "k_winners", "k": 65}], "k: 65 has only 64 inputs"),
        ([{"kind": "k_winners", "k": 5}], "needs a layer with weights"),
        (
            [{"kind": "linear", "units": 9}, *[{"kind": "k_winners", "k": 5}] * 2],
            "needs a layer with weights",
        ),
    ],
)
def test_layers_that_do_not_fit_are_refused(layers, message):
    with pytest.raises(ValueError, match=f"networks: .*{message}"):
        Network(layers, (1, 8, 8))


# In training.


@pytest.fixture(scope="module")
def data():
    labels = torch.arange(200) % 4
    images = uint8_images(4)[labels].float() * 0.6 + uint8_images(200).float() * 0.4
    return images.to(torch.uint8), labels


def fit(network, data, replicates, epochs=5, start=None, **changes):
    settings = {
        "objective": {"kind": "likelihood"},
        "initial_weights": {"distribution": "he_uniform"},
        "optimiser": {"kind": "sgd", "learning_rate": 0.02, "momentum": 0.5},
        "batch_size": 8,
        "epochs": epochs,
    } | changes
    scaling = Scaling.fit("signed", data[0])
    return training.fit(network, scaling, *data, settings, (1, "study"), replicates, start).arrays


@pytest.mark.slow
def test_a_member_does_not_depend_on_its_company_after_500_steps(data):
    sparse = network(BOOSTED, nonzero=0.5)
    together = fit(sparse, data, [1, 2, 3], epochs=20)
    alone = fit(sparse, data, [2], epochs=20)
    assert list(together) == [*sparse.shapes, *sparse.buffers, "history.loss"]
    for name in together:
        assert np.array_equal(together[name][1], alone[name][0]), name
    assert not np.array_equal(together["1.duty_cycle"][1], together["1.duty_cycle"][2])


def test_training_keeps_the_buffers_and_goes_on_with_them(data):
    boosted = network(BOOSTED)
    once = fit(boosted, data, [1, 2], epochs=1)
    assert once["1.boost"] == pytest.approx([1.5 * 0.85] * 2)
    assert once["1.seen"].tolist() == [200] * 2
    # k of n units win; a few of the winners are not positive and don't count.
    assert once["2.duty_cycle"].mean() == pytest.approx(3 / 7, abs=0.05)
    again = fit(boosted, data, [1, 2], epochs=1, start=once)
    assert again["1.boost"] == pytest.approx([1.5 * 0.85**2] * 2)
    assert again["1.seen"].tolist() == [400] * 2


def test_boosting_makes_more_filters_win(data):
    def winning(k_winners):
        net = network(k_winners, bias=False)
        # Half of the filters start so small that they never win by themselves.
        start = training.initial_weights(net, {"distribution": "he_uniform"}, (1, "study"), [1, 2])
        start["1.weight"][:, 3:] *= 0.3
        arrays = {k: torch.from_numpy(v) for k, v in fit(net, data, [1, 2], start=start).items()}
        values = Scaling.fit("signed", data[0])(data[0])[None]
        hidden = []

        def observe(layer, inputs):
            hidden.append(inputs)
            return layer.affine(inputs, arrays)

        net.logits(values, arrays, observe)
        return (hidden[1] != 0).flatten(3).any(3).any(1).sum(1)

    boosted = winning({"boost": {"strength": 5.0, "factor": 1.0}})
    assert (boosted > winning({})).all()
    assert boosted.tolist() == [6, 6]
