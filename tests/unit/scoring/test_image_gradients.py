"""Statistics of single images' gradients, against plain loops of torch in double precision."""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling
from prunescape.optimising.objectives import Likelihood
from prunescape.scoring import gradients, image_gradients
from prunescape.scoring.ranking import Criterion
from tests.helpers.factories import (
    CONVOLUTIONAL,
    LOGISTIC,
    PERCEPTRON,
    classes,
    member,
    parameters,
    uint8_images,
)

IMAGES, LABELS = uint8_images(24), classes(24)
NETWORKS = [LOGISTIC, PERCEPTRON, CONVOLUTIONAL]
IDS = ["logistic", "perceptron", "filters"]
EXACT = {"rtol": 1e-10, "atol": 1e-14}


DOUBLE = Scaling(*(torch.tensor(each, dtype=torch.float64) for each in (0.3, 1.0)))


def scaled(images):
    """Scale images as `DOUBLE` does."""
    return images.double() / 255 - 0.3


def logits(layers, tensors, image):
    """Run a network's layers in plain torch for one image, [1, 8, 8] -> [classes]."""
    values, number = image[None], 0
    for layer in layers:
        if layer["kind"] in ("linear", "conv"):
            number += 1
            weight, bias = tensors[f"{number}.weight"], tensors.get(f"{number}.bias")
            linear = layer["kind"] == "linear"
            values = (
                F.linear(values.flatten(1), weight, bias)
                if linear
                else F.conv2d(values, weight, bias)
            )
        elif layer["kind"] == "max_pool":
            values = F.max_pool2d(values, layer["size"])
        else:
            values = getattr(torch, layer["kind"])(values)
    return values[0]


def of_member(values, r):
    return {name: value[r].clone().requires_grad_() for name, value in values.items()}


def of_images(layers, values, twice):
    """Yield for every image its classes' probabilities, and each class's gradients of the loss."""
    for image in scaled(IMAGES):
        found = logits(layers, values, image)
        found = found.softmax(0) if twice else found
        weights = [name for name in values if name.endswith("weight")]
        of_classes = [
            torch.autograd.grad(-each, [values[name] for name in weights], retain_graph=True)
            for each in found.log_softmax(0)
        ]
        yield found.softmax(0).detach(), [dict(zip(weights, g, strict=True)) for g in of_classes]


def by_hand(layers, values, twice):
    """Return criterion -> layer -> scores of one network, image by image."""
    means, sizes, squares, expected = {}, {}, {}, {}
    for label, (probabilities, found) in zip(LABELS, of_images(layers, values, twice), strict=True):
        for name, slope in found[label].items():
            means[name] = means.get(name, 0) + slope / len(IMAGES)
            sizes[name] = sizes.get(name, 0) + slope.abs() / len(IMAGES)
            squares[name] = squares.get(name, 0) + slope**2 / len(IMAGES)
        for share, of_class in zip(probabilities, found, strict=True):
            for name, slope in of_class.items():
                expected[name] = expected.get(name, 0) + share * slope**2 / len(IMAGES)
    by_name = {
        "g": {name: mean.abs() for name, mean in means.items()},
        "taylor": {name: (values[name] * size).abs() for name, size in sizes.items()},
        "obd_empirical": {name: values[name] ** 2 * h / 2 for name, h in squares.items()},
        "obd": {name: values[name] ** 2 * h / 2 for name, h in expected.items()},
    }
    return {k: {n.split(".")[0]: s.detach() for n, s in v.items()} for k, v in by_name.items()}


def statistics(goal, values, scaling=DOUBLE, images=IMAGES, labels=LABELS):
    slopes = gradients.full_gradient(goal, values, scaling, images, labels)
    return {
        "gradient": {layer.name: slopes[f"{layer.name}.weight"] for layer in goal.network.weighted},
        "gradient_size": image_gradients.mean_sizes(goal, values, scaling, images, labels),
        "fisher": image_gradients.mean_squares(goal, values, scaling, images, labels),
        "gauss_newton": image_gradients.expected_squares(goal, values, scaling, images),
    }


@pytest.mark.parametrize("softmax", ["once", "twice"])
@pytest.mark.parametrize("layers", NETWORKS, ids=IDS)
def test_criteria_equal_a_loop_over_images(layers, softmax, monkeypatch):
    monkeypatch.setattr(image_gradients, "CHUNK", 10)  # 10, 10 and 4 images
    monkeypatch.setattr(image_gradients, "PIECE", 3)
    network = Network(layers, (1, 8, 8))
    values = {name: value.double() for name, value in parameters(network, 2).items()}
    goal = Likelihood(network, {"softmax": softmax})
    given = SimpleNamespace(**statistics(goal, values))
    weights = {layer.name: values[f"{layer.name}.weight"] for layer in network.weighted}
    for r in range(2):
        expected = by_hand(layers, of_member(values, r), twice=softmax == "twice")
        for criterion, of_layers in expected.items():
            found = Criterion.of(criterion).scores(weights, given)
            assert list(found) == list(of_layers) == list(weights)
            for layer, scores in of_layers.items():
                torch.testing.assert_close(found[layer][r], scores, **EXACT)


@pytest.mark.parametrize("layers", NETWORKS, ids=IDS)
def test_expected_squares_are_the_diagonal_of_the_gauss_newton_matrix(layers):
    network = Network(layers, (1, 8, 8))
    values = {name: value.double() for name, value in parameters(network, 1).items()}
    found = image_gradients.expected_squares(Likelihood(network, {}), values, DOUBLE, IMAGES)
    alone = of_member(values, 0)
    for layer in network.weighted:
        name, total = f"{layer.name}.weight", 0
        for image in scaled(IMAGES):
            outputs = logits(layers, alone, image)
            slopes = [torch.autograd.grad(z, alone[name], retain_graph=True)[0] for z in outputs]
            jacobian, p = torch.stack(slopes).flatten(1), outputs.softmax(0).detach()
            curvature = p.diag() - p.outer(p)  # Hessian of the cross-entropy by the logits
            total = total + torch.einsum("cw,cd,dw->w", jacobian, curvature, jacobian)
        expected = (total / len(IMAGES)).view(layer.shape)
        torch.testing.assert_close(found[layer.name][0], expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("layers", NETWORKS, ids=IDS)
def test_a_member_has_the_same_bits_alone(layers):
    network, scaling = Network(layers, (1, 8, 8)), Scaling.fit("unit", IMAGES)
    values, goal = parameters(network, 3), Likelihood(network, {})
    together = statistics(goal, values, scaling)
    alone = statistics(goal, member(values, 1), scaling)
    for name, of_layers in together.items():
        assert all(torch.equal(of_layers[k][1:2], alone[name][k]) for k in of_layers)


SHARED = """
from torch import nn

class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.filters = nn.Conv2d(1, 1, 3, padding=1)
        self.wide, self.last = nn.Linear(64, 64), nn.Linear(64, 4)

    def forward(self, images):
        hidden = self.filters(self.filters(images).tanh()).flatten(1)
        return self.last(self.wide(self.wide(hidden).tanh()))

def shared():
    return Shared()
"""


def test_a_layer_that_is_called_twice_has_one_gradient_an_image(tmp_path):
    path = tmp_path / "shared.py"
    path.write_text(SHARED, encoding="utf-8")
    built = ModuleNetwork(f"{path}:shared", (1, 8, 8))
    values = {name: value.double() for name, value in parameters(built, 2).items()}
    values |= built.initial_buffers(2)
    found = image_gradients.mean_sizes(Likelihood(built, {}), values, DOUBLE, IMAGES, LABELS)
    for r in range(2):
        alone = built.fresh(0).double()
        alone.load_state_dict({built.paths[name]: value[r] for name, value in values.items()})
        expected = {layer.name: 0 for layer in built.weighted}
        for image, label in zip(scaled(IMAGES), LABELS, strict=True):
            alone.zero_grad()
            F.cross_entropy(alone(image[None]), label[None]).backward()
            for layer in built.weighted:
                slope = alone.get_submodule(layer.path).weight.grad
                expected[layer.name] = expected[layer.name] + slope.abs() / len(IMAGES)
        for name, size in expected.items():
            torch.testing.assert_close(found[name][r], size, **EXACT)
