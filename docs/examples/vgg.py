"""A small network of VGG's kind, with BatchNorm: Simonyan and Zisserman (2015), arXiv 1409.1556."""

from torch import nn


def vgg(channels=3, classes=10, width=32):
    """Return three pairs of 3 x 3 convolutions, each pair halved by pooling, and a linear layer."""
    layers = []
    for filters in (width, 2 * width, 4 * width):
        for _ in range(2):
            layers += [
                nn.Conv2d(channels, filters, 3, padding=1, bias=False),
                nn.BatchNorm2d(filters),
                nn.ReLU(),
            ]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)
    )
