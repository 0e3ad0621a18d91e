import pytest
import torch
from torch import nn

from prunescape.networks.network import Network
from tests.helpers.factories import CONVOLUTIONAL, LOGISTIC, PERCEPTRON, parameters

IMAGE = (2, 11, 8)
EVERY_KIND = [
    {"kind": "conv", "filters": 4, "size": 3},
    {"kind": "tanh"},
    {"kind": "max_pool", "size": 2},
    {"kind": "conv", "filters": 3, "size": 2, "bias": False},
    {"kind": "relu"},
    {"kind": "linear", "units": 6, "bias": False},
    {"kind": "tanh"},
    {"kind": "linear", "units": 5},
]


def sequential(layers, network, values, r):
    """Return torch's own network with the parameters of replicate r."""
    weighted = iter(network.weighted)
    modules = []
    for layer in layers:
        if layer["kind"] in ("linear", "conv"):
            name = next(weighted).name
            weight, bias = values[f"{name}.weight"][r], values.get(f"{name}.bias")
            if layer["kind"] == "conv":
                module = nn.Conv2d(*weight.shape[1::-1], layer["size"], bias=bias is not None)
            else:
                modules.append(nn.Flatten())
                module = nn.Linear(*weight.shape[::-1], bias=bias is not None)
            module.weight.data = weight
            if bias is not None:
                module.bias.data = bias[r]
            modules.append(module)
        elif layer["kind"] == "max_pool":
            modules.append(nn.MaxPool2d(layer["size"]))
        else:
            modules.append({"relu": nn.ReLU, "tanh": nn.Tanh}[layer["kind"]]())
    return nn.Sequential(*modules)


@pytest.mark.parametrize("layers", [EVERY_KIND, CONVOLUTIONAL, PERCEPTRON, LOGISTIC])
def test_each_replicate_is_an_ordinary_network(layers):
    network = Network(layers, IMAGE)
    values = parameters(network, 3)
    generator = torch.Generator().manual_seed(1)
    own = torch.randn(3, 17, *IMAGE, generator=generator)  # images of its own for each replicate
    logits = network.logits(own, values)
    assert logits.shape == (3, 17, layers[-1]["units"])
    for r in range(3):
        expected = sequential(layers, network, values, r)(own[r])
        torch.testing.assert_close(logits[r], expected, atol=2e-6, rtol=1e-5)


K_WINNERS = [
    {"kind": "conv", "filters": 3, "size": 3},
    {"kind": "max_pool", "size": 2},
    {"kind": "k_winners", "k": 4, "boost": {"strength": 1.5, "factor": 0.85}},
    {"kind": "linear", "units": 5},
    {"kind": "relu"},
    {"kind": "linear", "units": 4},
]
ACTIVATION_FIRST = [{"kind": "relu"}, *PERCEPTRON]


@pytest.mark.parametrize("layers", [EVERY_KIND, CONVOLUTIONAL, K_WINNERS, ACTIVATION_FIRST])
def test_without_gradients_logits_are_the_same_bits_and_images_stay_as_they_are(layers):
    network = Network(layers, IMAGE)
    values = parameters(network, 3) | network.initial_buffers(3)
    images = torch.randn(1, 150, *IMAGE, generator=torch.Generator().manual_seed(1))
    before = images.clone()
    pieces = [network.logits(some, values) for some in images.split(64, dim=1)]
    with torch.no_grad():
        in_place = [network.logits(some, values) for some in images.split(64, dim=1)]
        whole = network.logits(images, values)
    assert all(torch.equal(a, b) for a, b in zip(pieces, in_place, strict=True))
    torch.testing.assert_close(whole, torch.cat(pieces, dim=1), atol=2e-6, rtol=1e-5)
    assert torch.equal(images, before)


@pytest.mark.parametrize("layers", [EVERY_KIND, PERCEPTRON, LOGISTIC])
def test_shared_images_are_images_repeated(layers):
    network = Network(layers, IMAGE)
    values = parameters(network, 3)
    images = torch.randn(1, 17, *IMAGE, generator=torch.Generator().manual_seed(1))
    repeated = images.repeat(3, *[1] * (images.dim() - 1))
    assert torch.equal(network.logits(images, values), network.logits(repeated, values))


def test_gradients_reach_every_parameter_as_in_an_ordinary_network():
    network = Network(EVERY_KIND, IMAGE)
    values = {name: value.requires_grad_() for name, value in parameters(network, 2).items()}
    images = torch.randn(1, 9, *IMAGE, generator=torch.Generator().manual_seed(1))
    network.logits(images, values).square().sum().backward()
    for r in range(2):
        plain = sequential(EVERY_KIND, network, {n: v.detach() for n, v in values.items()}, r)
        plain(images[0]).square().sum().backward()
        for value, parameter in zip(values.values(), plain.parameters(), strict=True):
            torch.testing.assert_close(value.grad[r], parameter.grad, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("images", [2, 256, 257])
@pytest.mark.parametrize("units", [5, 40])
@pytest.mark.parametrize("by_columns", [False, True])
def test_thin_and_long_batches_have_the_products_and_slopes_of_autograd(images, units, by_columns):
    layer = Network([{"kind": "linear", "units": units, "bias": False}], (7,)).weighted[0]
    generator = torch.Generator().manual_seed(3)

    def drawn(*shape):
        return torch.randn(shape, generator=generator)

    inputs = drawn(3, 7, images).mT if by_columns else drawn(3, images, 7)
    weight, slopes = drawn(3, units, 7), drawn(3, images, units)
    pairs = []
    for product in (layer.product, lambda x, w: torch.einsum("rbi,roi->rbo", x, w)):
        leaves = [inputs.clone().requires_grad_(), weight.clone().requires_grad_()]
        outputs = product(*leaves)
        pairs.append([outputs, *torch.autograd.grad((outputs * slopes).sum(), leaves)])
    torch.testing.assert_close(*pairs, rtol=1e-4, atol=1e-5)


def test_parameters_are_named_in_order():
    network = Network(EVERY_KIND, IMAGE)
    assert network.shapes == {
        "1.weight": (4, 2, 3, 3),
        "1.bias": (4,),
        "2.weight": (3, 4, 2, 2),
        "3.weight": (6, 3 * 3 * 2),  # 11 x 8 -> 9 x 6 -> 4 x 3 -> 3 x 2
        "4.weight": (5, 6),
        "4.bias": (5,),
    }
    assert list(network.shapes) == [
        "1.weight",
        "1.bias",
        "2.weight",
        "3.weight",
        "4.weight",
        "4.bias",
    ]
    assert [(layer.name, layer.bias) for layer in network.weighted] == [
        ("1", True),
        ("2", False),
        ("3", False),
        ("4", True),
    ]


def test_features_instead_of_images():
    network = Network(PERCEPTRON, (61,))
    assert network.shapes["1.weight"] == (7, 61)
    values = parameters(network, 2)
    features = torch.randn(1, 5, 61, generator=torch.Generator().manual_seed(1))
    expected = sequential(PERCEPTRON, network, values, 1)(features[0])
    torch.testing.assert_close(network.logits(features, values)[1], expected)


def test_affine_is_called_for_each_layer_with_weights_in_order():
    network = Network(EVERY_KIND, IMAGE)
    values = parameters(network, 2)
    images = torch.randn(1, 9, *IMAGE, generator=torch.Generator().manual_seed(1))
    called = []

    def affine(layer, inputs):
        called.append((layer.name, tuple(inputs.shape)))
        return 2 * layer.affine(inputs, values)

    doubled = network.logits(images, values, affine)
    assert called == [
        ("1", (1, 9, 2, 11, 8)),
        ("2", (2, 9, 4, 4, 3)),
        ("3", (2, 9, 3, 3, 2)),
        ("4", (2, 9, 6)),
    ]
    twice = {name: 2 * value for name, value in values.items()}
    torch.testing.assert_close(doubled, network.logits(images, twice))


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_pooling_with_the_convolution_equals_pooling_after_it(size, bias):
    layers = [
        {"kind": "conv", "filters": 4, "size": 3, "bias": bias},
        {"kind": "max_pool", "size": size},
        {"kind": "linear", "units": 5},
    ]
    network = Network(layers, IMAGE)
    values = {name: value.requires_grad_() for name, value in parameters(network, 2).items()}
    generator = torch.Generator().manual_seed(1)
    # Whole numbers, so that every sum is exact and windows have ties.
    images = torch.randint(-2, 3, (2, 9, *IMAGE), generator=generator).float()
    with torch.no_grad():
        for name in ("1.weight", "1.bias")[: 1 + bias]:
            values[name].round_()
    slopes = torch.randint(-2, 3, (2, 9, 5), generator=generator).float()
    together = network.logits(images, values)
    apart = network.logits(images, values, lambda layer, inputs: layer.affine(inputs, values))
    torch.testing.assert_close(together, apart, atol=1e-5, rtol=1e-5)
    found, expected = (
        torch.autograd.grad(logits, list(values.values()), slopes) for logits in (together, apart)
    )
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-5)


def test_a_second_pooling_pools_again():
    layers = [
        {"kind": "conv", "filters": 4, "size": 2},
        {"kind": "max_pool", "size": 2},
        {"kind": "max_pool", "size": 2},
        {"kind": "linear", "units": 5},
    ]
    network = Network(layers, IMAGE)
    values = parameters(network, 2)
    images = torch.randn(9, *IMAGE, generator=torch.Generator().manual_seed(1))
    expected = sequential(layers, network, values, 1)(images)
    torch.testing.assert_close(network.logits(images[None], values)[1], expected)


def test_gradients_of_single_images_by_torch_func():
    network = Network(PERCEPTRON, (61,))
    values = parameters(network, 3)
    generator = torch.Generator().manual_seed(1)
    features, slopes = torch.randn(9, 61, generator=generator), torch.randn(9, 4)

    def score(values, image, slope):
        values = {name: value[None] for name, value in values.items()}
        return (network.logits(image[None, None], values)[0, 0] * slope).sum()

    single = torch.func.vmap(torch.func.grad(score), (None, 0, 0))
    found = torch.func.vmap(single, (0, None, None))(values, features, slopes)
    batched = {name: value.clone().requires_grad_() for name, value in values.items()}
    (network.logits(features[None], batched) * slopes).sum().backward()
    for name, value in batched.items():
        assert found[name].shape == (3, 9, *network.shapes[name])
        torch.testing.assert_close(found[name].sum(1), value.grad, atol=1e-4, rtol=1e-4)


def test_a_bias_that_the_config_does_not_have_counts_once_it_is_there():
    network = Network(EVERY_KIND, IMAGE)
    values = parameters(network, 2)
    images = torch.randn(1, 9, *IMAGE, generator=torch.Generator().manual_seed(1))
    zero = values | {"2.bias": torch.zeros(2, 3), "3.bias": torch.zeros(2, 6)}
    assert torch.equal(network.logits(images, zero), network.logits(images, values))
    one = values | {"2.bias": torch.ones(2, 3)}
    assert (network.logits(images, one) != network.logits(images, values)).all(dim=2).any()


@pytest.mark.parametrize(
    ("layers", "image", "message"),
    [
        (
            [{"kind": "conv", "filters": 3, "size": 9}],
            (1, 8, 8),
            r"layer 1 \(conv\) leaves nothing",
        ),
        (
            [{"kind": "conv", "filters": 3, "size": 9}],
            (1, 9, 8),
            r"layer 1 \(conv\) leaves nothing",
        ),
        (
            [{"kind": "relu"}, {"kind": "max_pool", "size": 9}],
            (1, 8, 8),
            r"layer 2 \(max_pool\) leaves nothing",
        ),
        ([{"kind": "conv", "filters": 3, "size": 2}], (64,), "conv layer needs images"),
        (
            [{"kind": "linear", "units": 9}, {"kind": "conv", "filters": 3, "size": 2}],
            (1, 8, 8),
            "conv layer needs images",
        ),
        ([{"kind": "max_pool", "size": 2}], (64,), "max_pool layer needs images"),
        (
            [{"kind": "linear", "units": 9}, {"kind": "max_pool", "size": 2}],
            (1, 8, 8),
            "max_pool layer needs images",
        ),
    ],
)
def test_layers_that_do_not_fit_their_input_are_named(layers, image, message):
    with pytest.raises(ValueError, match=f"networks: .*{message}"):
        Network(layers, image)


def test_a_convolution_may_take_the_whole_image():
    network = Network([{"kind": "conv", "filters": 3, "size": 8}, LOGISTIC[0]], (1, 8, 8))
    assert network.shapes["2.weight"] == (4, 3)
    values = parameters(network, 2)
    images = torch.randn(1, 5, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    weight = torch.einsum("rof,rfchw->rochw", values["2.weight"], values["1.weight"])
    expected = torch.einsum("bchw,rochw->rbo", images[0], weight)
    expected = expected + torch.einsum("rof,rf->ro", values["2.weight"], values["1.bias"])[:, None]
    torch.testing.assert_close(network.logits(images, values), expected, atol=1e-5, rtol=1e-5)
