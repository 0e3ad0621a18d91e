"""Small networks of torchvision's kinds, with all that is unusual in the large ones."""

from prunescape.foundations import torchvision_hook

torchvision_hook.install()

from torchvision import models  # noqa: E402 (its import had to be mended)
from torchvision.models.convnext import CNBlockConfig  # noqa: E402


def mobilenet():
    """Convolutions in groups of one channel, and Dropout."""
    return models.MobileNetV2(10, 0.1, [[1, 16, 1, 1], [6, 24, 2, 2]])


def vit():
    """Attention, and trained parameters beside layers: a class token, positions."""
    return models.VisionTransformer(16, 8, 1, 2, 16, 24, num_classes=10)


def convnext():
    """A trained scale beside layers, linear layers over channels, stochastic depth."""
    return models.ConvNeXt(
        [CNBlockConfig(8, 12, 2), CNBlockConfig(12, None, 1)], 0.2, num_classes=10
    )


def densenet():
    """Concatenated outputs."""
    return models.DenseNet(4, (2, 2), 8, num_classes=10)
