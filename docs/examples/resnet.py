"""Residual networks for small images: He et al. (2016), arXiv 1512.03385, section 4.2."""

from torch import nn
from torch.nn.functional import pad, relu


class Block(nn.Module):
    """Two convolutions and a shortcut, which skips pixels and adds empty channels (option A)."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(filters)
        self.stride, self.added = stride, filters - channels

    def forward(self, images):
        outputs = relu(self.norm1(self.conv1(images)))
        outputs = self.norm2(self.conv2(outputs))
        shortcut = images[:, :, :: self.stride, :: self.stride]
        return relu(outputs + pad(shortcut, (0, 0, 0, 0, 0, self.added)))


class ResNet(nn.Module):
    """A convolution, three stages of blocks with 16, 32 and 64 filters, and a linear layer."""

    def __init__(self, blocks, width=16, channels=3, classes=10):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        stages, before = [], width
        for stage in range(3):
            filters = width * 2**stage
            for block in range(blocks):
                stride = 2 if stage > 0 and block == 0 else 1
                stages.append(Block(before, filters, stride))
                before = filters
        self.stages = nn.Sequential(*stages)
        self.linear = nn.Linear(before, classes)

    def forward(self, images):
        outputs = self.stages(relu(self.norm(self.conv(images))))
        return self.linear(outputs.mean(dim=(2, 3)))


def resnet20():
    return ResNet(blocks=3)


def resnet8():
    return ResNet(blocks=1)


def resnet8_narrow():
    return ResNet(blocks=1, width=4, classes=3)
