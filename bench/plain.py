"""The five studies as one would first write them: one network, one image at a time.

The plain PyTorch that the benchmarks compare with; it uses nothing of the library.
"""

from itertools import islice, pairwise

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Images(Dataset):
    """Images [N, 1, H, W] and their labels; `transform` gets one image at a time."""

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


def normalised(image):
    """Bytes to mean 0 and deviation 1 over MNIST."""
    return (unit(image) - 0.1307) / 0.3081


def as_is(image):
    """Floats as they are."""
    return torch.from_numpy(image).float()


class GreyNoise:
    """Bytes, with a share of the pixels set to one grey, then `transform`."""

    def __init__(self, level, transform, grey=190):
        self.level, self.transform, self.grey = level, transform, grey

    def __call__(self, image):
        """Return the image as a tensor, under noise of its own."""
        pixels = image.copy().reshape(-1)
        hit = torch.randperm(len(pixels))[: int(self.level * len(pixels))]
        pixels[hit.numpy()] = self.grey
        return self.transform(pixels.reshape(image.shape))


class Gaussian(nn.Module):
    """A linear layer with a Gaussian over its weights: mean mu, standard deviation exp(rho)."""

    def __init__(self, inputs, outputs, *, bias):
        super().__init__()
        self.mu = nn.Parameter(torch.randn(outputs, inputs) * 0.05)
        self.rho = nn.Parameter(torch.full((outputs, inputs), -3.0))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x):
        """Return outputs; in training a sample of them (local reparameterisation)."""
        mean = F.linear(x, self.mu, self.bias)
        if not self.training:
            return mean
        deviation = (F.linear(x**2, self.rho.exp() ** 2) + 1e-16).sqrt()
        return mean + deviation * torch.randn_like(mean)


class FittedPrior(nn.Module):
    """Logistic regression; the prior is the Gaussian that fits its posterior best."""

    def __init__(self):
        super().__init__()
        self.layer = Gaussian(784, 10, bias=False)

    def forward(self, x):
        """Return logits."""
        return self.layer(x.flatten(1))

    def kl(self):
        """Divergence from the prior."""
        sigma, mu = self.layer.rho.exp(), self.layer.mu
        m = mu.mean()
        s2 = (sigma**2 + (mu - m) ** 2).mean()
        per_weight = 0.5 * (s2 / sigma**2).log() + (sigma**2 + (mu - m) ** 2) / (2 * s2) - 0.5
        return per_weight.sum()


class FixedPrior(nn.Module):
    """Logistic regression as a public notebook has it; the prior is N(0, 1).

    What it learns beside the means is a standard deviation in the forward pass and a variance in
    the divergence, which counts whole in each of `batches`. One sample of weights serves a batch.
    """

    def __init__(self, batches):
        super().__init__()
        self.batches = batches
        self.mu = nn.Parameter(torch.randn(10, 784))
        self.spread = nn.Parameter(torch.randn(10, 784).abs())

    def forward(self, x):
        """Return logits."""
        return F.linear(x.flatten(1), self.mu + self.spread * torch.randn_like(self.spread))

    def kl(self):
        """Divergence from the prior, times the number of batches."""
        per_weight = self.spread + self.mu**2 - self.spread.abs().log() - 1
        return self.batches * 0.5 * per_weight.sum()


class Relevance(nn.Module):
    """LeNet-300-100 under the ARD prior."""

    def __init__(self):
        super().__init__()
        sizes = [(784, 300), (300, 100), (100, 10)]
        self.layers = nn.ModuleList(Gaussian(*size, bias=True) for size in sizes)

    def forward(self, x):
        """Return logits."""
        first, second, last = self.layers
        return last(second(first(x.flatten(1)).relu()).relu())

    def kl(self):
        """Divergence from the prior, whose variance fits each weight by itself."""
        return sum(
            0.5 * torch.log1p(layer.mu**2 / (2 * layer.rho).exp()).sum() for layer in self.layers
        )


def perceptron(*sizes, activation=nn.ReLU):
    """Return a perceptron of these layer sizes."""
    layers = [nn.Flatten()]
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


class KWinners(nn.Module):
    """Keep the k largest activations of an image."""

    def __init__(self, k):
        super().__init__()
        self.k = k

    def forward(self, x):
        """Return the activations with all others at zero."""
        flat = x.flatten(1)
        values, places = flat.topk(self.k, dim=1)
        return torch.zeros_like(flat).scatter(1, places, values).view_as(x)


class Convolutional(nn.Module):
    """The small net; with `sparse`, k-winners and half the weights."""

    def __init__(self, sparse):
        super().__init__()
        self.conv, self.hidden = nn.Conv2d(1, 30, 5), nn.Linear(4320, 300)
        self.last = nn.Linear(300, 10)
        self.activation = KWinners(100) if sparse else nn.ReLU()
        layers = [self.conv, self.hidden] if sparse else []
        self.masks = [(layer.weight, torch.rand_like(layer.weight) < 0.5) for layer in layers]

    def forward(self, x):
        """Return logits."""
        x = self.activation(F.max_pool2d(self.conv(x), 2))
        return self.last(self.hidden(x.flatten(1)).relu())


@torch.no_grad()
def hold(masks):
    """Set to zero what masks remove."""
    for weight, mask in masks:
        weight.mul_(mask)


def half_of(network):
    """Return masks that keep half of every layer's weights, at random."""
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    return [(layer.weight, torch.rand_like(layer.weight) < 0.5) for layer in layers]


def train(network, optimiser, images, labels, transform, batch, steps, masks=()):
    """Train a network for some steps; `masks` hold weights at zero after each."""
    loader = DataLoader(Images(images, labels, transform), batch_size=batch, shuffle=True)
    network.train()
    done = 0
    while done < steps:
        for x, y in islice(loader, steps - done):
            optimiser.zero_grad()
            loss = F.cross_entropy(network(x), y)
            if hasattr(network, "kl"):
                loss = loss + network.kl() / len(images)
            loss.backward()
            optimiser.step()
            hold(masks)
            done += 1


def train_preconditioned(network, images, labels, batch, steps, masks, scale, floor):
    """Train a network by preconditioned SGD for some steps, from the tenth on."""
    loader = DataLoader(Images(images, labels, as_is), batch_size=batch, shuffle=True)
    parameters = list(network.parameters())
    noise = [torch.zeros_like(p) for p in parameters]
    length, done = scale * 2 * batch / len(images), 0
    while done < steps:
        for x, y in islice(loader, steps - done):
            done += 1
            first = torch.autograd.grad(F.cross_entropy(network(x[:1]), y[:1]), parameters)
            mean = torch.autograd.grad(F.cross_entropy(network(x), y), parameters)
            with torch.no_grad():
                for p, c, g1, gs in zip(parameters, noise, first, mean, strict=True):
                    c.mul_(1 - 1 / done).add_((g1 - gs) ** 2 / done)
                    if done >= 10:
                        p.sub_(length * gs / c.clamp_min(floor))
            hold(masks)


@torch.no_grad()
def evaluate(networks, images, labels, levels, transform, batch):
    """Return the accuracies of networks at noise levels, one after the other."""
    accuracies = []
    for network in networks:
        network.eval()
        for level in levels:
            noisy = Images(images, labels, GreyNoise(level, transform))
            loader = DataLoader(noisy, batch_size=batch)
            correct = sum((network(x).argmax(1) == y).sum().item() for x, y in loader)
            accuracies.append(correct / len(images))
    return accuracies
