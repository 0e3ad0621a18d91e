"""Variational logistic regression as one would first write it: one network, one image at a time.

The plain PyTorch that bench/graves.py compares with; it uses nothing of the library.
"""

from itertools import islice

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Images(Dataset):
    """Images [N, 1, H, W] of bytes and their labels; `transform` gets one image at a time."""

    def __init__(self, images, labels, transform):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.transform(self.images[index]), self.labels[index]


def unit(image):
    """Bytes to [0, 1]."""
    return torch.from_numpy(image).float() / 255


def signed(image):
    """Bytes to [-1, 1]."""
    return (unit(image) - 0.5) / 0.5


class GreyNoise:
    """Bytes to [0, 1], with a share of the pixels set to one grey."""

    def __init__(self, level, grey=0.7469):
        self.level, self.grey = level, grey

    def __call__(self, image):
        """Return the image as a tensor, under noise of its own."""
        pixels = unit(image).flatten()
        hit = torch.randperm(len(pixels))[: int(self.level * len(pixels))]
        pixels[hit] = self.grey
        return pixels.view(image.shape)


class Logistic(nn.Module):
    """Logits x W with a Gaussian over W: mean mu, standard deviation log(1 + exp(rho))."""

    def __init__(self, inputs=784, classes=10):
        super().__init__()
        self.mu = nn.Parameter(torch.zeros(classes, inputs))
        self.rho = nn.Parameter(torch.full((classes, inputs), -3.0))

    def forward(self, x):
        """Return logits, in training those of one sample of the weights."""
        x = x.flatten(1)
        if not self.training:
            return F.linear(x, self.mu)
        sigma = F.softplus(self.rho)
        return F.linear(x, self.mu + sigma * torch.randn_like(sigma))

    def kl(self):
        """Divergence from the Gaussian prior that fits best."""
        sigma = F.softplus(self.rho)
        m = self.mu.mean()
        s2 = (sigma**2 + (self.mu - m) ** 2).mean()
        per_weight = 0.5 * (s2 / sigma**2).log() + (sigma**2 + (self.mu - m) ** 2) / (2 * s2) - 0.5
        return per_weight.sum()


def train(images, labels, transform, batch, steps):
    """Train a network for some steps."""
    loader = DataLoader(Images(images, labels, transform), batch_size=batch, shuffle=True)
    network = Logistic()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for x, y in islice(loader, steps):
        optimiser.zero_grad()
        loss = F.cross_entropy(network(x), y) + network.kl() / len(images)
        loss.backward()
        optimiser.step()


@torch.no_grad()
def evaluate(networks, images, labels, levels, batch):
    """Return the accuracies of networks at noise levels, one after the other."""
    accuracies = []
    for network in networks:
        network.eval()
        for level in levels:
            loader = DataLoader(Images(images, labels, GreyNoise(level)), batch_size=batch)
            correct = sum((network(x).argmax(1) == y).sum().item() for x, y in loader)
            accuracies.append(correct / len(images))
    return accuracies
