"""Train SmallNet on scikit-learn's digits with plain PyTorch; save it, print its test accuracy.

    python train.py SEED old.pt [images.npz]

images.npz gets the images and their labels, as bytes: what it learnt from, and what it did not. It
imports nothing of this project.
"""

import sys

import numpy as np
import torch
from net import SmallNet
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.nn.functional import cross_entropy

MEAN, STD = 0.3055, 0.3759  # of the training pixels


def images():
    """Return images [N, 1, 8, 8] and labels, training ones first."""
    digits = load_digits()
    pixels = (digits.images / 16).astype(np.float32)[:, None]
    parts = train_test_split(pixels, digits.target, test_size=540, random_state=42)
    train, test, train_labels, test_labels = map(torch.from_numpy, parts)
    return [(each - MEAN) / STD for each in (train, test)], (train_labels, test_labels)


def write(path, parts, labels):
    """Write images [N, 1, 8, 8] as bytes, with their labels."""
    arrays = {}
    for name, images, classes in zip(("train", "test"), parts, labels, strict=True):
        arrays[f"{name}_images"] = ((images * STD + MEAN) * 255).round().byte().numpy()
        arrays[f"{name}_labels"] = classes.numpy()
    np.savez(path, **arrays)


def main():
    """Train, save, measure."""
    torch.manual_seed(int(sys.argv[1]))
    (train, test), (labels, test_labels) = images()
    net = SmallNet()
    optimiser = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(8):
        for chosen in torch.randperm(len(train)).split(64):
            optimiser.zero_grad()
            cross_entropy(net(train[chosen]), labels[chosen]).backward()
            optimiser.step()
    torch.save({"epoch": 8, "state_dict": torch.nn.DataParallel(net).state_dict()}, sys.argv[2])
    if len(sys.argv) > 3:
        write(sys.argv[3], (train, test), (labels, test_labels))
    net.eval()
    with torch.no_grad():
        right = (net(test).argmax(1) == test_labels).sum().item()
    print(f"{right}/{len(test)}")


if __name__ == "__main__":
    main()
