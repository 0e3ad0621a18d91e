"""Effects in files of the user: what they are given, and what they must return."""

import pytest
import torch

from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.pruning import effects
from prunescape.pruning.own_effects import OwnEffect
from tests.helpers.factories import PERCEPTRON, masks, parameters, uint8_images

NETWORK = Network(PERCEPTRON, (1, 8, 8))
VALUES = parameters(NETWORK, 2)
KEPT = {name: torch.from_numpy(mask) for name, mask in masks(NETWORK, 2).items()}
WEIGHT, MASK = VALUES["2.weight"], KEPT["2"]
UNIT = Scaling(torch.tensor(0.0), torch.tensor(1.0))

HEAD = "import torch\nDRAWN = torch.Generator().manual_seed(1); SEEN = []\n"


@pytest.fixture
def own(tmp_path):
    """Return a function that writes a file with an effect and names it."""

    def write(body, parameters="weight, mask"):
        path = tmp_path / "own.py"
        path.write_text(f"{HEAD}def fade({parameters}):\n    {body}\n", encoding="utf-8")
        return f"{path}:fade"

    return write


def changed(named, bias=None, given=None):
    return OwnEffect("fade", named).changed("2", WEIGHT, bias, MASK, given or {})


def test_weights_alone_leave_the_bias(own):
    bias = torch.ones(2, 5)
    found = changed(own("return weight * mask / 2"), bias)
    assert torch.equal(found.weight, WEIGHT * MASK / 2)
    assert torch.equal(found.bias, bias)
    assert changed(own("return weight * mask")).bias is None


def test_a_bias_may_be_read_and_returned(own):
    named = own(
        "return weight * mask, torch.zeros(2, 5) if bias is None else -bias", "weight, mask, bias"
    )
    assert torch.equal(changed(named).bias, torch.zeros(2, 5))
    assert torch.equal(changed(named, torch.ones(2, 5)).bias, -torch.ones(2, 5))


def test_arguments_are_copies(own):
    before = WEIGHT.clone(), MASK.clone()
    named = own("weight.mul_(mask); mask.fill_(True); return weight")
    assert torch.equal(changed(named).weight, before[0] * before[1])
    assert torch.equal(WEIGHT, before[0])
    assert torch.equal(MASK, before[1])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return weight", r"layer 2: found \d+ removed weights that are not 0; allowed: none"),
        (
            "return weight[0]",
            r"layer 2: weights: found \[5, 7\] float32; allowed: a tensor \[2, 5,",
        ),
        ("return (weight * mask).double()", r"found \[2, 5, 7\] float64; allowed: a tensor"),
        ("return None", "layer 2: weights: found NoneType; allowed: a tensor"),
        ("return weight * mask, 3", "layer 2: bias: found int; allowed: a tensor"),
        ("return weight * mask / 0 * 0", r"weights: found \d+ that are NaN or infinite"),
        ("return torch.rand_like(weight) * mask", "draws from the global random numbers of torch"),
        (
            "weight[0, 0, 0] = SEEN.append(1) or len(SEEN); return weight",
            "when the function is called",
        ),
        (
            "return weight * mask, torch.full((2, 5), SEEN.append(1) or len(SEEN))",
            "called again; al",
        ),
        (
            "return weight * mask * torch.rand(1, generator=DRAWN)",
            "something else when the function",
        ),
        ("return undefined", "own.py, line 4: NameError: name 'undefined' is not defined"),
    ],
)
def test_what_an_effect_must_return(own, body, said):
    with pytest.raises(ValueError, match=said) as raised:
        changed(own(body))
    assert "own.py" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_network_is_changed_layer_by_layer_by_what_the_effect_reads(own):
    images = uint8_images(30)
    named = own(
        "return weight * mask * input_mean + 0 * second_moment.sum().float()",
        "weight, mask, input_mean, second_moment",
    )
    means = {layer.name: torch.rand(1, 1, *layer.shape[1:]) for layer in NETWORK.weighted}
    training = effects.Training(images, UNIT)
    found = effects.apply("fade", NETWORK, VALUES, KEPT, means, training, {"fade": named})
    assert found.keys() == VALUES.keys()
    for layer in NETWORK.weighted:
        name = f"{layer.name}.weight"
        expected = VALUES[name] * KEPT[layer.name] * means[layer.name]
        torch.testing.assert_close(found[name], expected)
    with pytest.raises(ValueError, match="effect: fade: found no training images"):
        effects.apply("fade", NETWORK, VALUES, KEPT, means, None, {"fade": named})


def test_reconstruction_can_be_written_as_an_effect_of_ones_own(own):
    body = (
        "found = weight * mask\n"
        "    for r, h in enumerate(second_moment[:, 0].expand(len(weight), -1, -1)):\n"
        "        h = h + 0.01 * h.diagonal().mean() * torch.eye(len(h), dtype=h.dtype)\n"
        "        for row, (w, k) in enumerate(zip(weight[r].double(), mask[r])):\n"
        "            right = (h @ w)[k]\n"
        "            found[r, row, k] = torch.linalg.solve(h[k][:, k], right).float()\n"
        "    return found"
    )
    named = own(body, "weight, mask, second_moment")
    training = effects.Training(uint8_images(60), UNIT)
    given = NETWORK, VALUES, KEPT, {}, training
    mine = effects.apply("fade", *given, {"fade": named})
    for name, value in effects.apply("reconstruct", *given).items():
        torch.testing.assert_close(mine[name], value, rtol=1e-4, atol=1e-5)
