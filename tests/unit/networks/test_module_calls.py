"""Modules whose parts are called in other ways than with a batch of images in the first place."""

import pytest
import torch

from tests.helpers.own_networks import IMAGE, refusal, unusual

WORKING = [
    "Recurrent",
    "Gated",
    "Cell",
    "Attending",
    "masked",
    "half",
    "Encoder",
    "encoder_layer",
    "lazy",
    "random_features",
]
WORKING += ["Frozen", "FrozenBackbone", "SharedBackbone", "InPlace"]


def started(built, members):
    starts = [built.start(member) for member in range(members)]
    return {name: torch.stack([torch.tensor(s[name]) for s in starts]) for name in starts[0]}


@pytest.mark.parametrize("name", WORKING)
@pytest.mark.parametrize("mode", ["training", "evaluation"])
def test_each_replicate_is_the_users_module(name, mode):
    built = unusual(name)
    images = torch.randn(3, 5, *IMAGE, generator=torch.Generator().manual_seed(1))
    for look in ({}, {"outputs": lambda *_: None}, {"observe": lambda *_: None}):
        with torch.no_grad():
            found = built.logits(images, started(built, 3), training=mode == "training", **look)
            for member in range(3):
                expected = built.fresh(member).train(mode == "training")(images[member])
                torch.testing.assert_close(found[member], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", WORKING)
def test_the_check_passes_it(name):
    assert refusal(name) == ""


def test_layers_of_encoders_are_prunable_and_their_fast_path_stays_for_others():
    paths = [layer.path for layer in unusual("Encoder").weighted]
    parts = ("self_attn.in_proj", "self_attn.out_proj", "linear1", "linear2")
    assert paths == [*(f"encoder.layers.{i}.{part}" for i in range(2) for part in parts), "last"]
    assert torch.backends.mha.get_fastpath_enabled()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Positions", "places (Embedding) is given [8] for any number of images; as replicates"),
        ("ImageByImage", "one (Linear) is called 2 times for 2 images and 3 times for 3; allowed"),
        ("AuxiliaryHead", "auxiliary (Linear) is used in training only"),
        ("Dictionary", "the module (Dictionary) returns dict of 1 for 2 images, expected logits"),
        ("Auxiliary", "(Auxiliary) returns tuple of 2 for 3 images, expected logits [3, classes]"),
        ("TwoInputs", "can't take images of 1 x 8 x 8: "),
        ("TwoInputs", "missing 1 required positional argument: 'mask'"),
        ("lazy_in_training", "auxiliary (LazyLinear) is never run in evaluation"),
        ("on_no_device", "can't be made float32 on the CPU: "),
        ("Exiting", "it ends the program (SystemExit: 3) when it is run"),
        ("Deep", "unusual_modules.py"),
        ("Deep", "blocks.1.0 (Linear): "),
        ("Deep", "RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x4 and 5x4)"),
    ],
)
def test_other_calls_are_refused_with_the_place_in_the_network(name, message):
    assert message in refusal(name)
