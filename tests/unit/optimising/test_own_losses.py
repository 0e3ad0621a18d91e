"""Losses in files of the user: what they are given, and what they must return."""

import pytest
import torch

from prunescape.networks.ensembles import Ensemble
from prunescape.networks.network import Network
from prunescape.optimising import objectives
from prunescape.optimising.interfaces import Batch
from prunescape.optimising.own_losses import OwnLoss
from tests.helpers.factories import PERCEPTRON, parameters
from tests.helpers.places import ROOT

NETWORK = Network(PERCEPTRON, (1, 8, 8))
VALUES = parameters(NETWORK, 3)
LAYERS = {layer.name: VALUES[f"{layer.name}.weight"] for layer in NETWORK.weighted}
DRAWN = torch.Generator().manual_seed(1)
BATCH = Batch(
    torch.rand(3, 6, 1, 8, 8, generator=DRAWN), torch.randint(0, 4, (3, 6), generator=DRAWN)
)
HOYER = f"{ROOT / 'docs' / 'examples' / 'hoyer.py'}:hoyer"
HEAD = "import torch\nimport torch.nn.functional as F\nSEEN = []\n"
PLAIN = "F.cross_entropy(logits.mT, labels, reduction='none').mean(1)"


@pytest.fixture
def own(tmp_path):
    """Return a function that writes a file with a loss and names it."""

    def write(body, given="logits, labels"):
        path = tmp_path / "own.py"
        path.write_text(f"{HEAD}def loss({given}):\n    {body}\n", encoding="utf-8")
        return f"{path}:loss"

    return write


def descended(batch=BATCH, **settings):
    """The losses and the gradients of an ensemble after a step's backward pass."""
    goal = objectives.objective(NETWORK, {"kind": "likelihood", **settings})
    ensemble = Ensemble(goal.shapes, 3, torch.device("cpu"), {})
    ensemble.load(VALUES)
    losses = goal.descend(ensemble, batch, [], 0.0)
    return losses, {name: each.clone() for name, each in ensemble.gradients.items()}


def called(named):
    logits = NETWORK.logits(BATCH.images, VALUES).requires_grad_()
    return OwnLoss(named)(logits, BATCH.labels, LAYERS)


def test_the_cross_entropy_written_anew_has_the_bits_of_the_librarys(own):
    mixed = BATCH._replace(others=BATCH.labels.flip(1), share=torch.tensor([0.2, 0.5, 0.9]))
    for batch in (BATCH, mixed):
        expected = descended(batch, softmax="once")
        found = descended(batch, loss=own(f"return {PLAIN}"))
        assert torch.equal(found[0], expected[0])
        for name, gradient in expected[1].items():
            assert torch.equal(found[1][name], gradient)


def test_a_penalty_reaches_the_weights(own):
    penalised = "return " + PLAIN + " + sum(w.abs().flatten(1).sum(1) for w in weights.values())"
    found = descended(loss=own(penalised, "logits, labels, weights"))
    expected = descended()
    sizes = sum(weight.abs().flatten(1).sum(1) for weight in LAYERS.values())
    torch.testing.assert_close(found[0], expected[0] + sizes)
    for layer, weight in LAYERS.items():
        name = f"{layer}.weight"
        torch.testing.assert_close(found[1][name], expected[1][name] + weight.sign())


def test_outside_training_the_loss_is_the_cross_entropy(own):
    named = own(f"return 2 * {PLAIN}")
    goals = [
        objectives.objective(NETWORK, {"kind": "likelihood", **each})
        for each in ({}, {"loss": named})
    ]
    plain, found = (goal.loss(VALUES, BATCH) for goal in goals)
    assert torch.equal(plain, found)
    assert objectives.point_estimate(goals[1], "a test") is goals[1]


def test_the_example_adds_the_hoyer_square():
    found, plain = descended(loss=HOYER)[0], descended()[0]
    squares = sum(
        w.abs().flatten(1).double().sum(1) ** 2 / (w.flatten(1).double() ** 2).sum(1)
        for w in LAYERS.values()
    )
    torch.testing.assert_close(found, plain + 0.0002 * squares.float())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "return logits.mean()",
            r"found \[\]; allowed: a tensor \[3\], a loss for every replicate",
        ),
        ("return 0.5", "found float; allowed: a tensor"),
        ("return logits.mean((1, 2)).double()", "found torch.float64; allowed: a loss of type"),
        ("return torch.ones(3)", "found no slope; allowed: a loss of type torch.float32 that dep"),
        ("return logits.mean((1, 2)) * logits.mean()", "a loss that depends on other replicates"),
        ("return logits.mean((1, 2)) * torch.rand(3)", "draws from the global random numbers of"),
        (
            "SEEN.append(1); return logits.mean((1, 2)) * len(SEEN)",
            "something else when the function is called again; allowed: what its parameters",
        ),
        ("return logits.moon()", r"own.py, line 5: AttributeError: 'Tensor' object has no"),
    ],
)
def test_what_a_loss_must_not_do(own, body, said):
    with pytest.raises(ValueError, match=said):
        called(own(body))
