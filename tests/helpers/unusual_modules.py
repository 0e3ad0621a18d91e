"""Modules as people bring them: parts that are replaced with care, and parts that can't be."""

import random

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune
from torch.utils.checkpoint import checkpoint

GENERATOR = np.random.default_rng(3)
BACKBONE = nn.Linear(64, 6)
MODULE = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))


class Two(nn.Module):
    """Two layers, which most modules here have."""

    def __init__(self):
        super().__init__()
        self.one = nn.Linear(64, 6)
        self.two = nn.Linear(6, 4)

    def hidden(self, images):
        return torch.relu(self.one(images.flatten(1)))

    def forward(self, images):
        return self.two(self.hidden(images))


# What works.


class Recurrent(nn.Module):
    """Rows of an image as steps in time; torch's layout, with the images in the second place."""

    def __init__(self):
        super().__init__()
        self.memory = nn.LSTM(8, 5)
        self.last = nn.Linear(5, 4)

    def forward(self, images):
        _, (hidden, _) = self.memory(images[:, 0].transpose(0, 1))
        return self.last(hidden[-1])


class Gated(nn.Module):
    """A state that is handed in, and images first."""

    def __init__(self):
        super().__init__()
        self.memory = nn.GRU(8, 5, num_layers=2, batch_first=True, bidirectional=True)
        self.last = nn.Linear(10, 4)

    def forward(self, images):
        start = images.new_zeros(4, len(images), 5)
        found, _ = self.memory(images[:, 0], start)
        return self.last(found[:, -1])


class Cell(nn.Module):
    """A state that the second call has, and the first one has not."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(8, 5)
        self.last = nn.Linear(5, 4)

    def forward(self, images):
        state = None
        for row in images[:, 0].unbind(1):
            state = self.cell(row, state)
        return self.last(state[0])


class Attending(nn.Module):
    """Images in the second place, and a mask that all images share."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2)
        self.last = nn.Linear(8, 4)

    def forward(self, images):
        rows = images[:, 0].transpose(0, 1)
        found, _ = self.attention(rows, rows, rows, attn_mask=torch.zeros(8, 8))
        return self.last(found.mean(0))


class Masked(nn.Module):
    """Buffers of other types than numbers, and numbers of other types."""

    def __init__(self):
        super().__init__()
        self.register_buffer("kept", torch.tensor([True, False] * 32))
        self.register_buffer("times", torch.tensor(3))
        self.register_buffer("shift", torch.zeros(64, dtype=torch.bfloat16))
        self.signs = nn.Parameter(torch.ones(64, dtype=torch.int8), requires_grad=False)

    def forward(self, images):
        return images.flatten(1) * self.kept * self.times * self.signs + self.shift


def masked():
    return nn.Sequential(Masked(), nn.Linear(64, 4))


def half():
    return Two().half()


class Encoder(nn.Module):
    """Torch's encoder as it comes, with its images in the second place, and a mask for all."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.last = nn.Linear(8, 4)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(8))

    def forward(self, images):
        tokens = images[:, 0].transpose(0, 1)
        return self.last(self.encoder(tokens, mask=self.mask).mean(0))


def encoder_layer():
    """An encoder's fast path, which reads the weights of its layers, in a plain Sequential."""
    return nn.Sequential(
        nn.Flatten(1, 2),
        nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True, activation="gelu"),
        nn.Flatten(),
        nn.Linear(64, 4),
    )


def lazy():
    return nn.Sequential(
        nn.LazyConv2d(3, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(4)
    )


class Numpys(Two):
    """Weights that numpy and Python's random numbers make."""

    def __init__(self):
        super().__init__()
        with torch.no_grad():
            self.one.weight.copy_(torch.from_numpy(np.random.randn(6, 64)))  # noqa: NPY002
            self.two.weight.fill_(random.gauss(0, 1))


class Features(nn.Module):
    """Random features: a buffer that every replicate has of its own."""

    def __init__(self):
        super().__init__()
        self.register_buffer("matrix", torch.randn(64, 6))

    def forward(self, images):
        return torch.cos(images.flatten(1) @ self.matrix)


def random_features():
    return nn.Sequential(Features(), nn.Linear(6, 4))


class Frozen(nn.Module):
    """A convolution, a bias and a norm that stay, and what learns."""

    def __init__(self):
        super().__init__()
        self.fixed = nn.Conv2d(1, 3, 3).requires_grad_(False)
        self.norm = nn.GroupNorm(1, 3).requires_grad_(False)
        self.learns = nn.Conv2d(3, 2, 3)
        self.learns.bias.requires_grad_(False)
        self.last = nn.Linear(32, 4)

    def forward(self, images):
        values = torch.relu(self.learns(self.norm(self.fixed(images))))
        return self.last(values.flatten(1))


class FrozenBackbone(Two):
    def __init__(self):
        super().__init__()
        self.one.requires_grad_(False)

    def hidden(self, images):
        with torch.no_grad():
            return super().hidden(images)


class FrozenPositions(nn.Module):
    """A constant beside layers, as a parameter that isn't trained."""

    def __init__(self):
        super().__init__()
        self.positions = nn.Parameter(torch.linspace(0, 1, 64), requires_grad=False)
        self.last = nn.Linear(64, 4)

    def forward(self, images):
        return self.last(images.flatten(1) + self.positions)


class SharedBackbone(nn.Module):
    """Made once, when the file is loaded."""

    def __init__(self):
        super().__init__()
        self.back = BACKBONE
        self.last = nn.Linear(6, 4)

    def forward(self, images):
        return self.last(torch.relu(self.back(images.flatten(1))))


class Loud(Two):
    def forward(self, images):
        print("images:", len(images))
        return super().forward(images)


class Guarded(Two):
    """Looks at numbers, but only to raise."""

    def forward(self, images):
        if not torch.isfinite(images).all():
            raise ValueError("images with NaN")
        assert images.abs().max() < 1e6
        return super().forward(images)


class InPlace(Two):
    def hidden(self, images):
        return functional.relu_(self.one(images.flatten(1)).mul_(2).add_(1))


class Remembering(Two):
    """Keeps what it has seen last, and sizes, which do no harm."""

    def forward(self, images):
        self.height = images.shape[-1]
        self.last = self.hidden(images)
        return self.two(self.last)


class Settings(Two):
    """Changes what holds for the whole program."""

    def __init__(self):
        torch.set_float32_matmul_precision("medium")
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        super().__init__()


def weight_norm():
    return nn.Sequential(nn.Flatten(), parametrizations.weight_norm(nn.Linear(64, 4)))


def old_weight_norm():
    return nn.Sequential(nn.Flatten(), nn.utils.weight_norm(nn.Linear(64, 4)))


# What is refused before it runs.


def orthogonal():
    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.Flatten(), parametrizations.orthogonal(nn.Linear(72, 4))
    )


def old_spectral_norm():
    return nn.Sequential(nn.utils.spectral_norm(nn.Conv2d(1, 2, 8)), nn.Flatten(), nn.Linear(2, 4))


def pruned():
    network = Two()
    prune.l1_unstructured(network.one, "weight", 0.5)
    return network


class Hooked(Two):
    def __init__(self):
        super().__init__()
        self.one.register_forward_hook(lambda _module, _given, found: 2 * found)


def backward_hooked():
    network = Two()
    network.two.register_full_backward_hook(lambda _module, slopes, _: (2 * slopes[0],))
    return network


def gradient_hooked():
    network = Two()
    network.two.weight.register_hook(lambda slope: 0 * slope)
    return network


class Standardised(nn.Conv2d):
    def forward(self, images):
        return self._conv_forward(images, self.weight - self.weight.mean(), self.bias)


def standardised():
    return nn.Sequential(Standardised(1, 2, 8), nn.Flatten(), nn.Linear(2, 4))


def patched():
    network = Two()
    network.one.forward = lambda values: functional.linear(values, network.one.weight)
    return network


def complex_numbers():
    network = Two()
    network.extra = nn.ParameterList([nn.Parameter(torch.zeros(3, dtype=torch.complex64))])
    return network


def scripted():
    return torch.jit.script(Two())


def spread():
    return nn.DataParallel(Two())


def all_frozen():
    return Two().requires_grad_(False)


def quantised():
    with_stubs = nn.Sequential(torch.ao.quantization.QuantStub(), nn.Flatten(), nn.Linear(64, 4))
    with_stubs.qconfig = torch.ao.quantization.get_default_qat_qconfig("fbgemm")
    return torch.ao.quantization.prepare_qat(with_stubs)


# What is refused when its calls are looked at.


class Positions(nn.Module):
    """An embedding of positions, which is called without images."""

    def __init__(self):
        super().__init__()
        self.places = nn.Embedding(8, 8)
        self.last = nn.Linear(64, 4)

    def forward(self, images):
        return self.last((images[:, 0] + self.places(torch.arange(8))).flatten(1))


class ImageByImage(Two):
    def hidden(self, images):
        return torch.stack([self.one(image) for image in images.flatten(1)])


class TwoInputs(Two):
    def forward(self, images, mask):
        return super().forward(images * mask)


class Dictionary(Two):
    def forward(self, images):
        return {"logits": super().forward(images)}


class Auxiliary(Two):
    """Two heads in training."""

    def forward(self, images):
        found = super().forward(images)
        return (found, found) if self.training else found


class AuxiliaryHead(Two):
    def __init__(self):
        super().__init__()
        self.auxiliary = nn.Linear(6, 4)

    def forward(self, images):
        hidden = self.hidden(images)
        return self.two(hidden) + (self.auxiliary(hidden) if self.training else 0)


class Deep(nn.Module):
    """Fails inside, in a layer of torch."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Two(), nn.Sequential(nn.Linear(5, 4))])

    def forward(self, images):
        return self.blocks[1](self.blocks[0](images))


def lazy_in_training():
    class Net(Two):
        def __init__(self):
            super().__init__()
            self.auxiliary = nn.LazyLinear(4)

        def forward(self, images):
            found = super().forward(images)
            return found + self.auxiliary(found) if self.training else found

    return Net()


# What is refused because of how replicates start.


class Seeded(Two):
    def __init__(self):
        torch.manual_seed(0)
        super().__init__()


class SeededInside(Two):
    """Only one layer, and a generator that numpy has."""

    def __init__(self):
        super().__init__()
        np.random.seed(1)  # noqa: NPY002
        with torch.no_grad():
            self.two.weight.copy_(torch.from_numpy(np.random.randn(4, 6)))  # noqa: NPY002


class SeededMemory(Recurrent):
    """Nothing that the config draws, so that he_uniform changes nothing."""

    def __init__(self):
        torch.manual_seed(7)
        super().__init__()


class Constant(Two):
    def __init__(self):
        super().__init__()
        for parameter in self.parameters():
            nn.init.constant_(parameter, 0.1)


class ZeroHead(Two):
    """One layer of zeros: usual, and random elsewhere."""

    def __init__(self):
        super().__init__()
        nn.init.zeros_(self.two.weight)
        nn.init.constant_(self.one.bias, 0.3)


class Unseeded(Two):
    def __init__(self):
        super().__init__()
        drawn = np.random.default_rng().normal(size=(4, 6))
        self.two.weight.data = torch.from_numpy(drawn)


class Continued(Two):
    """Goes on where the generator of the file stands."""

    def __init__(self):
        super().__init__()
        self.two.weight.data = torch.from_numpy(GENERATOR.normal(size=(4, 6)))


class RandomWidth(nn.Module):
    def __init__(self):
        super().__init__()
        width = random.choice([5, 6, 7, 8, 9, 10, 11, 12])
        self.layers = nn.Sequential(nn.Linear(64, width), nn.Linear(width, 4))

    def forward(self, images):
        return self.layers(images.flatten(1))


class RandomBeside(Two):
    """Random features beside layers, where all replicates would share them."""

    def __init__(self):
        super().__init__()
        self.register_buffer("matrix", torch.randn(64, 64))

    def forward(self, images):
        return super().forward(images.flatten(1) @ self.matrix)


class RandomAttribute(Two):
    def __init__(self):
        super().__init__()
        self.shift = torch.randn(6)

    def hidden(self, images):
        return super().hidden(images) + self.shift


# What is refused because of what its calls do.


class NumpyNoise(Two):
    def forward(self, images):
        return super().forward(images * float(1 + np.random.rand()))  # noqa: NPY002


class NumpyNoiseInTraining(Two):
    def forward(self, images):
        scale = 1 + np.random.rand() if self.training else 1  # noqa: NPY002
        return super().forward(images * float(scale))


class OwnGenerator(Two):
    def __init__(self):
        super().__init__()
        self.numbers = torch.Generator().manual_seed(1)

    def forward(self, images):
        noise = torch.randn(images.shape, generator=self.numbers) if self.training else 0
        return super().forward(images + noise)


def monte_carlo_dropout():
    class Always(nn.Module):
        def forward(self, values):
            return functional.dropout(values, 0.1, training=True)

    return nn.Sequential(nn.Flatten(), nn.Linear(64, 6), Always(), nn.Linear(6, 4))


class Counter(Two):
    """Warms up, for longer than anybody tries."""

    def __init__(self):
        super().__init__()
        self.steps = 0

    def forward(self, images):
        self.steps += self.training
        return super().forward(images) * (1 if self.steps < 1000 else 2)


class Cached(Two):
    cache = None

    def forward(self, images):
        if self.cache is None:
            self.cache = images.mean()
        return super().forward(images) + self.cache


class History(Two):
    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, images):
        self.seen.append(len(images))
        return super().forward(images)


class Deciding(Two):
    def forward(self, images):
        found = super().forward(images)
        if images.mean() > 100:
            return -found
        return found


class Scaling(Two):
    def forward(self, images):
        return super().forward(images / images.abs().max().item())


class InPlaceOnImages(Two):
    def forward(self, images):
        return super().forward(images.sub_(0.5))


def batch_statistics():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3),
        nn.BatchNorm2d(3, track_running_stats=False),
        nn.Flatten(),
        nn.Linear(108, 4),
    )


class Squeezing(nn.Module):
    """Takes a batch of one image for an image."""

    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(1, 4, 8)
        self.two = nn.Linear(4, 4)

    def forward(self, images):
        return self.two(self.one(images).squeeze())


def normed():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.BatchNorm1d(6), nn.Linear(6, 4))


class Checkpointed(Two):
    def forward(self, images):
        return self.two(checkpoint(self.hidden, images, use_reentrant=False))


class Reversed(torch.autograd.Function):
    """A slope that knows how many images there are."""

    @staticmethod
    def forward(_ctx, values):
        return values.clone()

    @staticmethod
    def backward(_ctx, slope):
        return slope * len(slope)


class Exiting(Two):
    def forward(self, images):
        raise SystemExit(3)


class OwnSlope(Two):
    def hidden(self, images):
        return Reversed.apply(super().hidden(images))


def on_no_device():
    with torch.device("meta"):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 4))


class Probable(Two):
    """Returns probabilities in evaluation, as code does that is shown to users."""

    def forward(self, images):
        found = super().forward(images)
        return found if self.training else found.softmax(1)


class LogProbable(Two):
    """Softmax of what it returns is softmax of its logits."""

    def forward(self, images):
        return super().forward(images).log_softmax(1)
