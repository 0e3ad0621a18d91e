"""Given networks of torchvision's kinds are checked, and scored as plain PyTorch would."""

import numpy as np
import pytest
import torch
from torch import nn

from prunescape.fitting.checkpoints import Checkpoint
from prunescape.networks import module_checks
from prunescape.networks.module_checks import Use
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.scaling import Scaling
from prunescape.scoring import input_moments, ranking
from tests.helpers.factories import classes, uint8_images
from tests.helpers.own_networks import alone
from tests.helpers.places import ROOT

SHAPE = (3, 16, 16)
FIT = {"objective": {"kind": "likelihood"}}
CRITERIA = ["magnitude", "taylor", "obd", "wanda", "lamp", "random"]
IMAGES, LABELS = uint8_images(4, SHAPE), classes(4, 10)


@pytest.fixture(params=["mobilenet", "vit", "convnext", "densenet"])
def given(request):
    """A checked network of one member with weights that no training made."""
    network = ModuleNetwork(f"{ROOT}/tests/helpers/small_models.py:{request.param}", SHAPE)
    module_checks.check(network, SHAPE, Use(10, "adam", "given"))
    arrays = {name: value[None] for name, value in network.start(3).items()}
    generator = np.random.default_rng(1)
    for layer in network.weighted:  # a vision transformer's head starts at 0
        arrays[f"{layer.name}.weight"] = generator.normal(0, 0.2, (1, *layer.shape)).astype("f")
    scaling = Scaling.fit("unit", IMAGES)
    return Checkpoint(network.named, SHAPE, scaling, arrays, [1], {"train": "1" * 64})


def by_image(module, layers, images):
    """Return layer -> means over images of the gradient's size and, under labels of the network's
    own, of its square, by a plain loop.
    """
    found = {path: [0.0, 0.0] for path in layers}
    for image, label in zip(images, LABELS, strict=True):
        logits = module(image[None])
        for target in range(10):
            loss = nn.functional.cross_entropy(logits, torch.tensor([target]))
            weights = [module.get_parameter(each.parameter("weight")) for each in layers.values()]
            slopes = torch.autograd.grad(loss, weights, retain_graph=True)
            share = logits.softmax(1)[0, target].item() / len(images)
            for path, slope in zip(layers, slopes, strict=True):
                found[path][1] += share * slope.square()
                if target == label:
                    found[path][0] += slope.abs() / len(images)
    return found


def test_scores_are_those_of_plain_pytorch(given):
    values = given.parameters(torch.device("cpu"))
    moments = input_moments.input_moments(given.network, values, given.scaling, IMAGES)
    found = ranking.scores(given, CRITERIA, FIT, IMAGES, LABELS, moments, (1, "study"))
    module = alone(given, 0)
    layers = {layer.path: layer for layer in given.network.weighted}
    inputs = inputs_of(module, given.scaling(IMAGES))
    slopes = by_image(module, layers, given.scaling(IMAGES))
    for path, layer in layers.items():
        weight = module.get_parameter(layer.parameter("weight")).detach()
        size, square = slopes[path]
        expected = {
            "magnitude": weight.abs(),
            "taylor": weight.abs() * size,
            "obd": weight.square() * square / 2,
            "wanda": weight.abs() * norm(module, path, weight, inputs[path]),
        }
        for criterion, each in expected.items():
            score = torch.from_numpy(found[f"{criterion}/{layer.name}"])[0]
            most = float(each.max()) or 1.0
            torch.testing.assert_close(score / most, each / most, rtol=2e-3, atol=1e-4)
        assert found[f"lamp/{layer.name}"].max() == pytest.approx(1)
        assert found[f"random/{layer.name}"].std() > 0.1


def inputs_of(module, images):
    """Return path -> what a layer is given, also for the two matrices of an attention."""
    found = {}

    def keep(path):
        def note(layer, given, _):
            if not isinstance(layer, nn.MultiheadAttention):
                if isinstance(given[0], torch.Tensor):  # a dense block's layer gets a list
                    found[path] = given[0].detach()
                return
            found[f"{path}.in_proj"] = given[0].detach()
            # With a unit matrix behind them, torch returns what the heads found.
            values, ones = given[0].detach().transpose(0, 1), torch.eye(layer.embed_dim)
            numbers = layer.in_proj_weight, layer.in_proj_bias, None, None, False, 0.0, ones, None
            options = layer.embed_dim, layer.num_heads
            heads, _ = nn.functional.multi_head_attention_forward(
                *[values] * 3, *options, *numbers, training=False
            )
            found[f"{path}.out_proj"] = heads.detach().transpose(0, 1)

        return note

    hooks = [each.register_forward_hook(keep(path)) for path, each in module.named_modules()]
    with torch.no_grad():
        module(images)
    for hook in hooks:
        hook.remove()
    return found


def norm(module, path, weight, inputs):
    """Return the root of the mean square of what each weight is multiplied by."""
    if weight.dim() == 2:
        return inputs.flatten(0, -2).square().mean(0).sqrt()
    # A convolution of squared inputs with one weight of 1 sums what this weight has seen.
    layer, ones = module.get_submodule(path), torch.zeros_like(weight)
    found = torch.zeros_like(weight)
    options = (None, layer.stride, layer.padding, layer.dilation, layer.groups)
    for place in range(weight[0].numel()):
        ones.zero_().flatten(1)[:, place] = 1
        outputs = nn.functional.conv2d(inputs.square(), ones, *options)
        found.flatten(1)[:, place] = outputs.mean((0, 2, 3)).sqrt()
    return found


def test_a_network_that_takes_colour_says_what_grey_images_need():
    line = r"can't take images of 1 x 16 x 16 \(datasets\.<name>\.colour: true gives them three"
    with pytest.raises(ValueError, match=line):
        ModuleNetwork(f"{ROOT}/tests/helpers/small_models.py:mobilenet", (1, 16, 16))
