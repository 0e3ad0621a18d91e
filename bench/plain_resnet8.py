"""The recipe of config/cifar10_jpeg75.yaml in plain PyTorch, one network at a time.

    python bench/plain_resnet8.py cifar10_jpeg75.npz SEED [SEED ...]

Prints the accuracy of each network on the test images. It uses the network's module, torch,
torchvision, and nothing of the library.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import OneCycleLR
from torchvision.transforms import v2

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "docs" / "examples"))

from resnet import resnet8

EPOCHS, BATCH, RATE, DECAY = 10, 128, 0.2, 0.0005
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
scaled = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
moved = v2.Compose([v2.RandomCrop(32, padding=4), v2.RandomHorizontalFlip()])


def images(path, part):
    """Return images [N, 3, 32, 32], uint8, and labels [N]."""
    with np.load(path, allow_pickle=False) as arrays:
        pixels, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
    return torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()), torch.from_numpy(labels).long()


def trained(seed, pixels, labels):
    """Train a network: one cycle of the rate, decay of the weights alone."""
    torch.manual_seed(seed)
    net = resnet8()
    weights = [each for each in net.parameters() if each.dim() > 1]
    others = [each for each in net.parameters() if each.dim() <= 1]
    groups = [{"params": weights, "weight_decay": DECAY}, {"params": others, "weight_decay": 0}]
    optimiser = torch.optim.SGD(groups, RATE, momentum=0.9, nesterov=True)
    steps = EPOCHS * -(-len(labels) // BATCH)
    cycle = OneCycleLR(optimiser, RATE, steps, cycle_momentum=False)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(labels)).split(BATCH):
            batch = scaled(torch.stack([moved(image) for image in pixels[chosen]]))
            optimiser.zero_grad()
            cross_entropy(net(batch), labels[chosen]).backward()
            optimiser.step()
            cycle.step()
    return net.eval()


@torch.no_grad()
def accuracy(net, pixels, labels):
    """Return the share of images, in [0, 1], that a network gets right."""
    right = sum(
        (net(scaled(part)).argmax(1) == of).sum().item()
        for part, of in zip(pixels.split(500), labels.split(500), strict=True)
    )
    return right / len(labels)


def main():
    """Train a network from each seed; print its accuracy."""
    torch.set_num_threads(1)
    path, *seeds = sys.argv[1:]
    learnt, tested = images(path, "train"), images(path, "test")
    for seed in map(int, seeds):
        print(f"{seed}: {accuracy(trained(seed, *learnt), *tested):.4f}", flush=True)


if __name__ == "__main__":
    main()
