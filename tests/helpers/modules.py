"""Modules of a user, for tests: what works, and what doesn't."""

import torch
from torch import nn
from torch.nn.functional import dropout, linear, relu


class Mixed(nn.Module):
    """Layers of most kinds: a stride, padding, groups, norms, a bias here and there, sharing."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, stride=2, padding=1, padding_mode="reflect")
        self.norm = nn.BatchNorm2d(4, momentum=None)
        self.grouped = nn.Conv2d(4, 4, (3, 2), groups=2, bias=False, padding="same", dilation=2)
        self.slopes = nn.PReLU(4)
        self.between = nn.Linear(4, 4)  # of a vector a position, and twice
        self.scale = nn.LayerNorm(4)
        self.last = nn.Linear(4 * 5 * 4, 3, bias=False)

    def forward(self, images):
        values = relu(self.norm(self.first(images)), inplace=True)
        values = values + self.slopes(self.grouped(values))
        tokens = values.flatten(2).mT
        tokens = self.between(torch.tanh(self.between(tokens))) + tokens
        return self.last(self.scale(tokens).flatten(1))


class Viewing(nn.Module):
    """Changes a layer's outputs in place, and takes for granted how they lie in memory."""

    def __init__(self):
        super().__init__()
        self.filters = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2))
        self.last = nn.Linear(6 * 3 * 3, 4)

    def forward(self, images):
        return self.last(self.filters(images).view(len(images), -1))


def perceptron():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 7), nn.Tanh(), nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 4)
    )


class Dropping(nn.Module):
    """Dropout on images' channels, by a function, and of a whole block with its weights."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Dropout2d(0.3), nn.ReLU())
        self.norm = nn.BatchNorm2d(4)
        self.block = nn.Conv2d(4, 4, 3, padding=1)
        self.last = nn.Linear(4 * 6 * 6, 4)

    def forward(self, images):
        values = self.norm(self.first(images))
        if not self.training or torch.rand(()) < 0.5:
            values = values + relu(self.block(values))
        return self.last(dropout(values.flatten(1), 0.2, training=self.training))


def dropping_perceptron():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 7), nn.Tanh(), nn.Dropout(0.5), nn.Linear(7, 4)
    )


def encoder():
    """Self-attention with dropout in torch's own encoder."""
    layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.1, batch_first=True)
    return nn.Sequential(
        nn.Flatten(), nn.Unflatten(1, (8, 8)), layer, nn.Flatten(), nn.Linear(64, 4)
    )


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.last = nn.Linear(64, 4)

    def forward(self, images):
        tokens = images.flatten(1).unflatten(1, (8, 8))
        found, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        return self.last(found.flatten(1))


class Wrong(nn.Module):
    """One class for what is refused; subclasses say what."""

    def __init__(self):
        super().__init__()
        self.one = nn.Linear(64, 6)
        self.two = nn.Linear(6, 4)

    def forward(self, images):
        return self.two(self.one(images.flatten(1)))


class Beside(Wrong):
    def __init__(self):
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(4))

    def forward(self, images):
        return super().forward(images) + self.shift


class Held(Wrong):
    """Parameters in containers that are read and never called."""

    def __init__(self):
        super().__init__()
        self.held = nn.ParameterDict({"shift": nn.Parameter(torch.zeros(4))})
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(4))])

    def forward(self, images):
        return super().forward(images) * self.scales[0] + self.held["shift"]


class Unused(Wrong):
    def __init__(self):
        super().__init__()
        self.three = nn.Linear(4, 4)


class UnusedNorm(Wrong):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(4)


class Tied(Wrong):
    def __init__(self):
        super().__init__()
        self.also = nn.Linear(64, 6)
        self.also.weight = self.one.weight

    def forward(self, images):
        images = images.flatten(1)
        return self.two(self.one(images) + self.also(images))


class Mixing(Wrong):
    def forward(self, images):
        return super().forward(images - images.mean(0))


class Reading(Wrong):
    def forward(self, images):
        return linear(self.one(images.flatten(1)), self.two.weight) + 0 * self.two(
            self.one(images.flatten(1))
        )


class Counting(Wrong):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, images):
        if self.training:
            self.seen += 1
        return super().forward(images)


class Shapeless(Wrong):
    def forward(self, images):
        return super().forward(images)[:, :, None]


class Refusing(Wrong):
    def forward(self, images):
        if len(images) > 6:  # replicates in one batch
            raise ValueError("too many images")
        return super().forward(images)


class Taken(Wrong):
    def __init__(self):
        super().__init__()
        self.noise = Sigma()

    def forward(self, images):
        return self.noise(super().forward(images))


class Sigma(nn.Module):
    def __init__(self):
        super().__init__()
        self.sigma = nn.Parameter(torch.ones(4))

    def forward(self, values):
        return values * self.sigma


def failing():
    raise RuntimeError("no such luck")


def number():
    return 7


def without_layers():
    return nn.Flatten()
