import numpy as np
import pytest
import torch
from torch import nn

from prunescape.fitting import training
from prunescape.fitting.initial_weights import initial_weights
from prunescape.networks import architectures
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.optimising.objectives import Likelihood
from prunescape.scoring import gradients, image_gradients
from tests.helpers import factories
from tests.helpers.own_networks import MIXED, MODULES, PERCEPTRON, RESNET20, SHAPES

ROOT = (1, "study")
BESIDE = f"{MODULES}:Beside"
LOOKS = [{}, {"outputs": lambda *_: None}, {"observe": lambda *_: None}]


def network(named):
    return architectures.network(named, SHAPES[named])


def images(named, members, many=5):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(members, many, *SHAPES[named], generator=generator)


def started(built, members):
    """Parameters and buffers of members that start as the module does."""
    starts = [built.start(member) for member in range(members)]
    values = {name: torch.tensor(np.stack([s[name] for s in starts])) for name in built.shapes}
    return values | built.initial_buffers(members)


@pytest.mark.parametrize("named", SHAPES)
@pytest.mark.parametrize("mode", ["training", "evaluation"])
@pytest.mark.parametrize("look", LOOKS)
def test_each_replicate_is_the_users_module(named, mode, look):
    built, own = network(named), images(named, 3)
    values = started(built, 3)
    for _ in range(2):  # the second time with running statistics of the first
        logits = built.logits(own, values, training=mode == "training", **look)
    for member in range(3):
        alone = built.fresh(member).train(mode == "training")
        with torch.no_grad():
            for _ in range(2):
                expected = alone(own[member])
        torch.testing.assert_close(logits[member], expected, atol=1e-4, rtol=1e-4)
        state = alone.state_dict()
        for name in built.buffers:
            torch.testing.assert_close(values[name][member], state[built.paths[name]])


@pytest.mark.parametrize("named", [MIXED, RESNET20])
def test_gradients_are_those_of_the_users_module(named):
    built, own = network(named), images(named, 2)
    values = {k: v.requires_grad_(v.is_floating_point()) for k, v in started(built, 2).items()}
    for buffer in built.buffers:
        values[buffer].requires_grad_(False)
    built.logits(own, values, training=True).square().sum().backward()
    for member in range(2):
        alone = built.fresh(member)
        alone(own[member]).square().sum().backward()
        parameters = dict(alone.named_parameters())
        for name in built.shapes:
            expected = parameters[built.paths[name]].grad
            size = expected.abs().max() + 1e-3
            torch.testing.assert_close(
                values[name].grad[member] / size, expected / size, atol=2e-3, rtol=1e-3
            )


def test_a_member_has_the_same_bits_in_any_company():
    built, own = network(RESNET20), images(RESNET20, 3)
    values = started(built, 3)
    for look in LOOKS:
        together = built.logits(own, values, training=True, **look)
        only = factories.member(started(built, 3), 1)
        alone = built.logits(own[1:2], only, training=True, **look)
        assert torch.equal(together[1:2], alone)


def test_every_weight_of_linear_and_convolution_is_prunable_and_nothing_else():
    built = network(RESNET20)
    assert len(built.weighted) == 20
    assert [layer.name for layer in built.weighted] == [str(i) for i in range(1, 21)]
    paths = [layer.path for layer in built.weighted]
    assert paths[:3] == ["conv", "stages.0.conv1", "stages.0.conv2"]
    assert (paths[-1], built.weighted[-1].shape) == ("linear", (10, 64))
    weights = sum(np.prod(layer.shape) for layer in built.weighted)
    everything = sum(np.prod(shape) for shape in built.shapes.values())
    assert weights == 268_336  # He et al. count 0.27 million
    assert everything == sum(p.numel() for p in built.fresh(0).parameters())
    assert {name for name in built.shapes if name.startswith("own.")} == {
        f"own.{name}" for name, _ in built.fresh(0).named_parameters() if "norm" in name
    }
    assert built.outputs == 10


def test_a_perceptron_in_a_file_is_the_one_of_the_config():
    """The same layers, whether the config lists them or a file has them: the same numbers."""
    own = network(PERCEPTRON)
    layers = [
        {"kind": "linear", "units": 7},
        {"kind": "tanh"},
        {"kind": "linear", "units": 5},
        {"kind": "relu"},
        {"kind": "linear", "units": 4},
    ]
    listed = Network(layers, (1, 8, 8))
    assert own.shapes == listed.shapes
    pictures, labels = factories.uint8_images(40), factories.classes(40)
    settings = {
        "objective": {"kind": "likelihood"},
        "initial_weights": {"distribution": "he_uniform"},
        "optimiser": {"kind": "adam", "learning_rate": 0.01},
        "batch_size": 8,
        "epochs": 2,
    }
    scaling = Scaling.fit("signed", pictures)
    found, expected = (
        training.fit(each, scaling, pictures, labels, settings, ROOT, [1, 2]).arrays
        for each in (own, listed)
    )
    assert found.keys() == expected.keys()
    for name in found:
        # Products take another order of sums, as a module keeps images in the rows.
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-5)


def test_own_weights_start_as_the_module_does_by_replicate():
    built = network(MIXED)
    start = initial_weights(built, {"distribution": "own"}, ROOT, [1, 2])
    again = initial_weights(built, {"distribution": "own"}, ROOT, [2])
    drawn = initial_weights(built, {"distribution": "zeros"}, ROOT, [2])
    assert {name: value.shape[1:] for name, value in start.items()} == (
        built.shapes | built.buffers
    )
    assert np.abs(start["1.weight"][0] - start["1.weight"][1]).min() > 0
    for name in start:
        assert np.array_equal(start[name][1], again[name][0])
        if name.startswith("own."):  # also buffers
            assert np.array_equal(drawn[name], again[name])
        else:
            assert not drawn[name].any()


def test_layers_see_their_inputs_and_show_their_outputs():
    built, own = network(MIXED), images(MIXED, 2)
    values = started(built, 2)
    seen, shown = {}, {}
    built.logits(
        own,
        values,
        observe=lambda layer, x: seen.setdefault(layer.name, x),
        outputs=lambda layer, x, _: shown.setdefault(layer.name, x),
    )
    for layer in built.weighted:
        torch.testing.assert_close(layer.affine(seen[layer.name], values), shown[layer.name])
        windows = layer.windows(seen[layer.name]).unflatten(3, (layer.groups, -1))
        weight = values[f"{layer.name}.weight"].flatten(2).unflatten(1, (layer.groups, -1))
        flat = torch.einsum("rbpgi,rgoi->rbgop", windows, weight).flatten(2, 3)
        if layer.bias:
            flat = flat + values[f"{layer.name}.bias"][:, None, :, None]
        torch.testing.assert_close(
            flat, shown[layer.name].reshape(flat.shape), atol=1e-5, rtol=1e-4
        )


@pytest.mark.parametrize(("name", "path"), [("Beside", "shift"), ("Held", "held.shift")])
def test_a_parameter_beside_layers_is_each_replicates_own(name, path):
    built = ModuleNetwork(f"{MODULES}:{name}", (1, 8, 8))
    assert built.shapes[f"own.{path}"] == (4,)
    values = started(built, 2)
    values[f"own.{path}"] += torch.arange(2.0)[:, None]
    pictures = torch.randn(2, 5, 1, 8, 8)
    found = built.logits(pictures, values)
    alone = [
        built.logits(pictures[[r]], factories.member(values, r), observe=lambda *_: None)[0]
        for r in range(2)
    ]
    for member in range(2):
        module = built.fresh(member)
        with torch.no_grad():
            module.get_parameter(path).add_(member)
            expected = module(pictures[member])
        torch.testing.assert_close(found[member], expected)
        torch.testing.assert_close(alone[member], expected)
    message = rf"{name}: .*{path}.* beside layers, and 2 replicates would share it as one batch"
    with pytest.raises(ValueError, match=message):
        built.logits(pictures, values, observe=lambda *_: None)


def test_statistics_of_a_checkpoint_use_the_running_ones():
    """The gradient that criteria read is that of the module in evaluation."""
    built = network(MIXED)
    pictures, labels = factories.uint8_images(12, (2, 10, 8)), factories.classes(12, 3)
    values = started(built, 2)
    scaling = Scaling.fit("unit", pictures)
    built.logits(scaling(pictures)[None], values, training=True)  # move them off their start
    goal = Likelihood(built, {})
    slopes = gradients.full_gradient(goal, values, scaling, pictures, labels)
    alone = built.fresh(1).eval()
    alone.load_state_dict(
        {
            built.paths[name]: value[1]
            for name, value in values.items()
            if built.paths[name] in alone.state_dict()
        }
    )
    nn.functional.cross_entropy(alone(scaling(pictures)), labels).backward()
    expected = dict(alone.named_parameters())
    for name in built.shapes:
        torch.testing.assert_close(
            slopes[name][1], expected[built.paths[name]].grad, atol=1e-6, rtol=1e-3
        )


@pytest.mark.parametrize(
    ("named", "shape", "members"),
    [
        (RESNET20.replace("resnet20", "resnet8_narrow"), (3, 8, 8), 2),
        (MIXED, SHAPES[MIXED], 2),  # with a convolution in groups
        (BESIDE, (1, 8, 8), 1),
    ],
)
def test_fisher_information_is_the_mean_of_squared_gradients_of_the_module(named, shape, members):
    built = ModuleNetwork(named, shape)
    pictures, labels = factories.uint8_images(6, shape), factories.classes(6, 3)
    values, scaling = started(built, members), Scaling.fit("unit", pictures)
    found = image_gradients.mean_squares(Likelihood(built, {}), values, scaling, pictures, labels)
    expected = {layer.name: torch.zeros(layer.shape) for layer in built.weighted}
    for image, label in zip(scaling(pictures), labels, strict=True):
        alone = built.fresh(members - 1).eval()
        nn.functional.cross_entropy(alone(image[None]), label[None]).backward()
        for layer in built.weighted:
            slope = alone.get_submodule(layer.path).weight.grad
            expected[layer.name] += slope.square() / len(labels)
    for name, value in expected.items():
        torch.testing.assert_close(
            found[name][-1] / value.max(), value / value.max(), atol=1e-4, rtol=1e-3
        )


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("Unused", (1, 8, 8), r"three \(Linear\) is never used"),
        ("Tied", (1, 8, 8), r"also\.weight and one\.weight are one parameter"),
        ("Shapeless", (1, 8, 8), r"returns \[2, 4, 1\] for 2 images, expected logits"),
        ("Taken", (1, 8, 8), r"the name of noise\.sigma is in use"),
        ("Wrong", (1, 9, 9), r"can't take images of 1 x 9 x 9: .*modules.py, line \d+: Runtime"),
        ("failing", (1, 8, 8), r"modules.py, line \d+: RuntimeError: no such luck"),
        ("number", (1, 8, 8), "gives int, expected a torch.nn.Module"),
        ("without_layers", (1, 8, 8), "no nn.Linear and no nn.Conv2d to prune"),
        ("absent", (1, 8, 8), "defines no absent"),
    ],
)
def test_what_cannot_be_a_network_is_named(name, shape, message):
    with pytest.raises(ValueError, match=message) as raised:
        ModuleNetwork(f"{MODULES}:{name}", shape)
    assert "\n" not in str(raised.value)
