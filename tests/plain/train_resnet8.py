"""Train a ResNet-8 on small images with plain PyTorch; save it, print its test accuracy.

    python train_resnet8.py images.npz old.pt [epochs]

images.npz has train_images and test_images [N, H, W] or [N, H, W, 3], bytes, and their labels. The
network is that of He et al. (2016), arXiv 1512.03385, section 4.2, with n = 1, but for projections
in its shortcuts. It imports nothing of this project.
"""

import sys

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, relu


class Block(nn.Module):
    """Two convolutions and a shortcut, with a projection where the shape changes."""

    def __init__(self, before, filters):
        super().__init__()
        stride = 1 if filters == before else 2
        self.conv1 = nn.Conv2d(before, filters, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(filters)
        self.shortcut = nn.Identity()
        if stride > 1:
            project = nn.Conv2d(before, filters, 1, stride, bias=False)
            self.shortcut = nn.Sequential(project, nn.BatchNorm2d(filters))

    def forward(self, images):
        outputs = relu(self.norm1(self.conv1(images)))
        return relu(self.norm2(self.conv2(outputs)) + self.shortcut(images))


class ResNet8(nn.Module):
    """A convolution, blocks of 16, 32 and 64 filters, and a linear layer."""

    def __init__(self, channels=1, classes=10):
        super().__init__()
        self.conv = nn.Conv2d(channels, 16, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.blocks = nn.Sequential(Block(16, 16), Block(16, 32), Block(32, 64))
        self.linear = nn.Linear(64, classes)

    def forward(self, images):
        outputs = self.blocks(relu(self.norm(self.conv(images))))
        return self.linear(outputs.mean((2, 3)))


def resnet8_colour():
    return ResNet8(channels=3)


def read(path):
    """Return images [N, C, H, W] on [0, 1] and labels, of the training and of the test part."""
    arrays = np.load(path)
    parts = []
    for part in ("train", "test"):
        images = torch.from_numpy(arrays[f"{part}_images"]) / 255
        images = images[:, None] if images.dim() == 3 else images.permute(0, 3, 1, 2)
        parts.append((images, torch.from_numpy(arrays[f"{part}_labels"]).long()))
    return parts


def main():
    """Train, save, measure."""
    torch.manual_seed(1)
    (train, labels), (test, test_labels) = read(sys.argv[1])
    epochs = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    mean, std = train.mean((0, 2, 3)), train.std((0, 2, 3))
    train, test = ((x - mean[:, None, None]) / std[:, None, None] for x in (train, test))
    net = ResNet8(train.shape[1])
    steps = epochs * -(-len(train) // 64)
    optimiser = torch.optim.Adam(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.01, steps)
    for _ in range(epochs):
        for chosen in torch.randperm(len(train)).split(64):
            images = train[chosen]
            images = torch.where(torch.rand(len(images), 1, 1, 1) < 0.5, images, images.flip(3))
            optimiser.zero_grad()
            cross_entropy(net(images), labels[chosen]).backward()
            optimiser.step()
            schedule.step()
    torch.save({"epoch": epochs, "state_dict": net.state_dict()}, sys.argv[2])
    net.eval()
    with torch.no_grad():
        logits = torch.cat([net(some) for some in test.split(500)])
    right = (logits.argmax(1) == test_labels).sum().item()
    numbers = [" ".join(f"{each:.4f}" for each in of) for of in (mean, std)]
    print(f"{right}/{len(test)}; MEAN='{numbers[0]}' STD='{numbers[1]}'")


if __name__ == "__main__":
    main()
