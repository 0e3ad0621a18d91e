"""Attention written as layers gives what torch's own gives, and its matrices are pruned."""

import copy
import math

import pytest
import torch
from torch import nn

from prunescape.networks import module_attention
from prunescape.networks.module_attention import SelfAttention
from prunescape.networks.module_network import ModuleNetwork
from tests.helpers.own_networks import IMAGE

N, L, E, HEADS = 3, 5, 8, 2
CAUSAL = torch.ones(L, L).triu(1).bool()
PADDED = torch.arange(L).expand(N, L) >= torch.tensor([[5], [4], [2]])
FILE = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, **options)
        encoder = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(encoder, 2)
        self.last = nn.Linear(64, 4)

    def forward(self, images):
        rows = images[:, 0]
        mask = torch.ones(8, 8).triu(1).bool()
        rows = rows + self.attention(rows, rows, rows, attn_mask=mask)[0]
        return self.last(self.encoder(rows).flatten(1))


class Crossed(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, **options)
        self.last = nn.Linear(64, 4)

    def forward(self, images):
        rows = images[:, 0]
        return self.last(self.attention(rows, rows.flip(1), rows)[0].flatten(1))


class Added(Crossed):
    def __init__(self):
        super().__init__(add_bias_kv=True)

    def forward(self, images):
        rows = images[:, 0]
        return self.last(self.attention(rows, rows, rows)[0].flatten(1))


def plain(): return Net()
def unbiased(): return Net(bias=False)
"""


def pair(**options):
    """Return torch's attention with random numbers, and the same converted."""
    torch.manual_seed(1)
    theirs = nn.MultiheadAttention(E, HEADS, **options)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.5)
    ours = copy.deepcopy(theirs)
    ours.__class__, ours.in_proj = SelfAttention, module_attention.Projection(ours)
    return theirs, ours


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"need_weights": False},
        {"average_attn_weights": False},
        {"attn_mask": CAUSAL, "is_causal": True},
        {"attn_mask": CAUSAL, "is_causal": True, "need_weights": False},
        {"attn_mask": torch.linspace(-1, 1, L * L).view(L, L), "need_weights": False},
        {"attn_mask": torch.linspace(-1, 1, N * HEADS * L * L).view(N * HEADS, L, L)},
        {"key_padding_mask": PADDED},
        {"key_padding_mask": torch.zeros(N, L).masked_fill_(PADDED, -math.inf)}
        | {"attn_mask": torch.zeros(L, L).masked_fill_(CAUSAL, -math.inf), "need_weights": False},
    ],
)
def test_outputs_weights_and_gradients_are_torchs(batch_first, given):
    theirs, ours = pair(batch_first=batch_first)
    values = torch.randn(N, L, E, generator=torch.Generator().manual_seed(2))
    values = values if batch_first else values.transpose(0, 1)
    results = []
    for attention in (theirs, ours):
        own = values.clone().requires_grad_()
        outputs, weights = attention(own, own, own, **given)
        outputs.square().sum().backward()
        slopes = [own.grad, *(each.grad for each in attention.parameters())]
        results.append([outputs, *slopes, *([] if weights is None else [weights])])
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def made(tmp_path, name):
    """Return a network of FILE and its values for two replicates."""
    (tmp_path / "net.py").write_text(FILE)
    network = ModuleNetwork(f"{tmp_path / 'net.py'}:{name}", IMAGE)
    starts = [network.start(seed) for seed in range(2)]
    values = {k: torch.stack([torch.as_tensor(s[k]) for s in starts]) for k in starts[0]}
    return network, values


@pytest.mark.parametrize("name", ["plain", "unbiased"])
def test_projections_are_layers_under_torchs_names_and_pruned_as_torch_would(tmp_path, name):
    network, values = made(tmp_path, name)
    paths = [layer.path for layer in network.weighted]
    assert paths[:2] == ["attention.in_proj", "attention.out_proj"]
    assert len(paths) == 2 + 2 * 4 + 1
    assert network.weighted[0].shape == (24, 8)
    assert not network.own.keys() & {"own.attention.in_proj_weight"}
    generator = torch.Generator().manual_seed(3)
    for layer in network.weighted:
        weight = values[f"{layer.name}.weight"]
        weight *= torch.rand(weight.shape, generator=generator) < 0.5
    images = torch.randn(2, 6, *IMAGE, generator=generator)
    # One by one and, where somebody looks at what layers are given, as one batch.
    alone = network.logits(images, values)
    batched = network.logits(images, values, observe=lambda *_: None)
    for member in range(2):
        module = network.fresh(7).eval()
        assert type(module.attention) is nn.MultiheadAttention
        numbers = {network.paths[key]: value[member] for key, value in values.items()}
        assert numbers.keys() == module.state_dict().keys()
        assert (module.attention.in_proj_weight == 0).sum() < 20
        module.load_state_dict(numbers)
        assert (module.attention.in_proj_weight == 0).sum() > 60
        with torch.no_grad():
            expected = module(images[member])
        for found in (alone, batched):
            torch.testing.assert_close(found[member], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["Crossed", "Added"])
def test_other_attention_runs_as_a_whole(tmp_path, name):
    network, values = made(tmp_path, name)
    assert [layer.path for layer in network.weighted] == ["last"]
    assert values["own.attention.in_proj_weight"].shape == (2, 24, 8)
