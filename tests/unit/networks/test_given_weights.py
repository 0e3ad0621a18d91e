"""Weights that others trained are read by name, and what is wrong is one line."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from prunescape.networks import architectures, given_weights
from tests.helpers.factories import PERCEPTRON as LAYERS
from tests.helpers.given import layers_of, saved, sequential
from tests.helpers.own_networks import MIXED, SHAPES, UNUSUAL
from tests.helpers.places import ROOT

HIDDEN = [{"kind": "linear", "units": 7}, {"kind": "tanh"}, {"kind": "linear", "units": 4}]
LIST = architectures.network(HIDDEN, (1, 8, 8))
IMAGES = torch.linspace(-1, 1, 3 * 64).view(1, 3, 1, 8, 8)


@pytest.fixture(scope="module")
def mixed():
    return architectures.network(MIXED, SHAPES[MIXED])


@pytest.fixture(scope="module")
def state(mixed):
    """The state of a module with BatchNorm, as if it had been trained."""
    state = mixed.fresh(3).state_dict()
    return {
        name: value + 1 if value.is_floating_point() else value + 7 for name, value in state.items()
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.safetensors"


def refusal(path, network, **options):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 (the tests compare the whole line)
        given_weights.read(path, network, **options)
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith(f"{path}: ")
    return str(raised.value).removeprefix(f"{path}: ")


def logits(network, arrays):
    parameters = {name: torch.from_numpy(value)[None] for name, value in arrays.items()}
    return network.logits(IMAGES, parameters)[0]


def test_a_module_is_read_by_the_names_of_its_state(mixed, state, path):
    found = given_weights.read(saved(path, state), mixed)
    assert found.notes == []
    assert found.arrays.keys() == {*mixed.shapes, *mixed.buffers}
    for name, value in found.arrays.items():
        expected = state[mixed.paths[name]].numpy()
        assert value.shape == expected.shape
        np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "state_dict.module."])
def test_what_wrappers_put_before_all_names_is_left_out_and_told(mixed, state, path, prefix):
    wrapped = saved(path, {f"{prefix}{name}": value for name, value in state.items()})
    found = given_weights.read(wrapped, mixed)
    heads = [f"{head}." for head in prefix.split(".")[:-1]]
    assert found.notes == [f"{head} before all names is left out" for head in heads]
    plain = given_weights.read(saved(path, state), mixed)
    assert all(np.array_equal(found.arrays[name], plain.arrays[name]) for name in plain.arrays)


@pytest.mark.parametrize("prefix", ["backbone.", "model.", "net.body."])
def test_the_one_prefix_with_all_names_is_left_out_and_told(mixed, state, path, prefix):
    plain = given_weights.read(saved(path, state), mixed).arrays
    wrapped = {f"{prefix}{name}": value for name, value in state.items()}
    beside = {"crit.weight": torch.ones(3), "n_averaged": torch.tensor(4)}
    found = given_weights.read(saved(path, wrapped | beside), mixed)
    assert found.notes == [
        f"all but what begins with {prefix} is left out: crit.weight, n_averaged"
    ]
    assert all(np.array_equal(found.arrays[name], plain[name]) for name in plain)
    given_weights.read(saved(path, wrapped), mixed)
    other = {f"ema.{name}": value for name, value in state.items()}
    text = refusal(saved(path, wrapped | other), mixed)
    assert text.startswith("found the network under several prefixes: ")
    assert {*text.partition(": ")[2].partition(";")[0].split(", ")} == {prefix, "ema."}
    text = refusal(saved(path, wrapped | beside | {f"{prefix}more": torch.ones(1)}), mixed)
    assert text.startswith("not this network's tensors: more is left over (all but")


def test_the_nearest_name_is_the_missing_one_with_a_prefix(mixed, state, path):
    (name, other, *_) = (mixed.paths[f"{layer.name}.weight"] for layer in mixed.weighted)
    wrapped = {f"backbone.{key}": value for key, value in state.items() if key != other}
    nearer = f"{name[:-7]}_.weight"
    text = refusal(saved(path, {nearer: torch.ones(3)} | wrapped), mixed)
    assert f"{name} (perhaps backbone.{name} is meant)" in text


def test_counters_of_batchnorm_may_be_missing(mixed, state, path):
    counters = [name for name in state if name.endswith(".num_batches_tracked")]
    assert counters
    old = {name: value for name, value in state.items() if name not in counters}
    for prefix in ("", "backbone."):
        named = {f"{prefix}{name}": value for name, value in old.items()}
        found = given_weights.read(saved(path, named), mixed)
        told = f"as the module starts, since the file has none: {', '.join(counters)}"
        assert found.notes[-1] == told
        for name, place in mixed.paths.items():
            expected = 0 if place in counters else state[place].numpy()
            np.testing.assert_array_equal(found.arrays[name], expected)


@pytest.mark.parametrize("prefix", ["", "layers.", "model.net."])
def test_layers_of_the_config_take_the_numbers_of_a_sequential(path, prefix):
    torchs = sequential()
    renamed = {f"{prefix}{name}": value for name, value in torchs.state_dict().items()}
    found = given_weights.read(saved(path, renamed), LIST)
    assert found.notes[-1] == "layers 1, 3 are the network's 1, 2"
    expected = torchs(IMAGES[0])
    torch.testing.assert_close(logits(LIST, found.arrays), expected, rtol=0, atol=1e-6)


def test_layers_of_the_config_have_names_of_their_own(path):
    torchs = sequential()
    found = given_weights.read(saved(path, layers_of(torchs)), LIST)
    assert found.notes == []
    assert found.arrays.keys() == {"1.weight", "1.bias", "2.weight", "2.bias"}
    torch.testing.assert_close(logits(LIST, found.arrays), torchs(IMAGES[0]), rtol=0, atol=1e-6)


def test_layers_are_in_the_order_of_numbers_not_of_text(path):
    parts = [nn.Linear(2, 2, bias=False) for _ in range(11)]
    network = architectures.network([{"kind": "linear", "units": 2, "bias": False}] * 11, (2,))
    found = given_weights.read(saved(path, nn.Sequential(*parts).state_dict()), network)
    for number, part in enumerate(parts, 1):
        np.testing.assert_array_equal(found.arrays[f"{number}.weight"], part.weight.detach())


def test_a_posterior_has_a_deviation_beside_each_weight(mixed, state, path):
    deviations = {
        f"{mixed.paths[f'{layer.name}.weight']}.sigma": torch.full(layer.shape, 0.5)
        for layer in mixed.weighted
    }
    found = given_weights.read(saved(path, state | deviations), mixed, posterior=True)
    for layer in mixed.weighted:
        assert (found.arrays[f"{layer.name}.weight.sigma"] == 0.5).all()
    text = refusal(path, mixed)
    assert text.endswith("a posterior's deviations are read with posterior: true")
    assert ".sigma" in refusal(saved(path, state), mixed, posterior=True)
    name = next(name for name in state if name.endswith(".bias"))
    more = {f"{name}.sigma": torch.ones_like(state[name])}
    text = refusal(saved(path, state | deviations | more), mixed, posterior=True)
    assert text == (
        f"not this network's tensors: {name}.sigma is left over; a posterior has deviations of "
        "prunable weights only, not of biases or others"
    )
    first = next(iter(deviations))
    zero = {first: torch.zeros_like(deviations[first])}
    text = refusal(saved(path, state | deviations | zero), mixed, posterior=True)
    assert text == f"{first}: found a standard deviation of 0; allowed: > 0"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_types_are_taken_and_told(path, dtype):
    torchs = sequential().to(dtype)
    found = given_weights.read(saved(path, torchs.state_dict()), LIST)
    assert f"{str(dtype).removeprefix('torch.')} is taken as float32" in found.notes
    assert found.arrays["1.weight"].dtype == np.float32
    np.testing.assert_array_equal(found.arrays["1.weight"], torchs[1].weight.detach().float())
    wide = given_weights.read(path, LIST, dtype=torch.float64)
    assert wide.arrays["1.weight"].dtype == np.float64


def test_another_architecture_is_told_by_names_and_shapes(path):
    state = sequential().state_dict()
    renamed = saved(path, {name.replace("1.", "fc1."): value for name, value in state.items()})
    assert refusal(renamed, LIST).startswith("found fc1.bias, fc1.weight; allowed: the names of")
    deeper = saved(path, state | {"5.weight": torch.zeros(4, 4)})
    assert refusal(deeper, LIST) == (
        "found 3 layers (1, 3, 5), expected 2, the network's layers with weights"
    )
    wider = saved(path, state, **{"3__weight": torch.zeros(4, 8)})
    assert refusal(wider, LIST) == (
        "2.weight is [4, 8], expected [4, 7] (layers 1, 3 are the network's 1, 2)"
    )
    less = saved(path, state, **{"3__bias": None})
    assert "2.bias (perhaps" not in refusal(less, architectures.network(LAYERS, (1, 8, 8)))
    assert "not this network's tensors: 2.bias" in refusal(less, LIST)


def test_a_missing_name_is_told_with_the_nearest_and_what_is_left_over(mixed, state, path):
    (name, *_) = (mixed.paths[f"{layer.name}.weight"] for layer in mixed.weighted)
    near = f"{name[:-7]}_.weight"
    text = refusal(saved(path, {**state, near: state[name]}, **{name: None}), mixed)
    assert text == (
        f"not this network's tensors: {name} (perhaps {near} is meant) is missing; {near} is left "
        "over"
    )


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e300])
def test_numbers_that_are_none_are_refused(path, wrong):
    state = {name: value.double() for name, value in sequential().state_dict().items()}
    state["3.bias"][2] = wrong
    assert "2.bias: 1 of 4 numbers are NaN or infinite" in refusal(saved(path, state), LIST)


def test_a_variance_below_zero_is_refused(mixed, state, path):
    (name, *_) = (name for name in state if name.endswith(".running_var"))
    variances = state[name].clone()
    variances[1] = 0
    given_weights.read(saved(path, state | {name: variances}), mixed)
    variances[1] = -0.5
    text = refusal(saved(path, state | {name: variances}), mixed)
    assert text == f"{name}: found a variance of -0.5; allowed: >= 0"


def test_what_cannot_be_read_is_named(path):
    whole = saved(path, sequential().state_dict()).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal(path, LIST).startswith("not a whole safetensors file (")
    with pytest.raises(OSError, match=re.escape(str(path.with_name("none")))):
        given_weights.read(path.with_name("none"), LIST)


def test_what_replicates_of_a_module_share_must_be_the_modules(path, tmp_path):
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n\n\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.one = self.same = nn.Linear(64, 4)\n"
        '        self.register_buffer("shift", torch.tensor(2.0))\n'
        '        self.register_buffer("unsaved", torch.tensor(1.0), persistent=False)\n\n'
        "    def forward(self, images):\n"
        "        return self.one(images.flatten(1) - self.shift * self.unsaved)\n"
    )
    network = architectures.network(f"{tmp_path}/net.py:Net", (1, 8, 8))
    state = network.fresh(3).state_dict()
    assert "same.weight" in state
    found = given_weights.read(saved(path, state), network).arrays
    np.testing.assert_array_equal(found["1.weight"], state["one.weight"])
    given_weights.read(saved(path, state, same__weight=None, shift=None), network)
    text = refusal(saved(path, state, shift=torch.tensor(3.0)), network)
    assert text.startswith("shift has other numbers than the module's, which all share; allowed")
    text = refusal(saved(path, state, same__weight=state["one.weight"] + 1), network)
    assert text.startswith("same.weight has other numbers than one.weight, which is the same tenso")


def test_frozen_parameters_are_given_too(path):
    network = architectures.network(f"{UNUSUAL}:Frozen", (1, 8, 8))
    state = {name: value + 1 for name, value in network.fresh(2).state_dict().items()}
    found = given_weights.read(saved(path, state), network).arrays
    assert network.frozen
    for name in network.frozen:
        np.testing.assert_array_equal(found[name], state[network.paths[name]])


def test_residual_networks_with_the_counters_of_batchnorm(path):
    named = f"{ROOT}/docs/examples/resnet.py:resnet8_narrow"
    network = architectures.network(named, (3, 12, 12))
    state = network.fresh(5).state_dict()
    found = given_weights.read(saved(path, state), network).arrays
    assert found["1.weight"].shape == (4, 3, 3, 3)
    assert found["own.norm.num_batches_tracked"].shape == ()
    assert found["own.norm.num_batches_tracked"].dtype == np.int64
