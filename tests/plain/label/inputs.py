"""What a label is made of: config, network, weights, images, and the run's random numbers.

Read in the folder where `make label` ran, from the files that it was given: a .pt and an .npz. It
imports nothing of this project.
"""

import hashlib
import importlib
import sys
from pathlib import Path

import numpy as np
import torch
import yaml

run = yaml.safe_load(Path("config.yaml").read_text())
run |= yaml.safe_load(Path(sys.argv[1]).read_text())
seed, data, study = run["seed"], run["datasets"]["own"], run["catalogue"]["label"]
[weights_file], [entry] = run["label"]["origins"], run["sources"]["own"]
images_file = entry.removeprefix("file:")


def stream(*name):
    """Return the generator of the random numbers that have this name (docs/method.md)."""
    text = "".join(f"{type(part).__name__}{len(str(part))}:{part};" for part in name)
    key = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))


file, _, name = run["networks"]["own"].partition(":")
sys.path.insert(0, str(Path(file).parent))
net = getattr(importlib.import_module(Path(file).stem), name)().eval()
state = torch.load(weights_file, weights_only=True)["state_dict"]
state = {key.removeprefix("module."): value for key, value in state.items()}
kinds = torch.nn.Linear, torch.nn.Conv2d
layers = {f"{k}.weight": layer for k, layer in net.named_modules() if isinstance(layer, kinds)}
weights = {key: state[key] for key in layers}  # in the order in which the layers run


def part(name):
    """Return images [N, C, H, W] on [0, 1] and their labels."""
    pixels = arrays[f"{name}images"]
    pixels = pixels / np.float32(255) if pixels.dtype == np.uint8 else pixels
    shaped = pixels[:, None] if pixels.ndim == 3 else pixels
    return shaped, torch.from_numpy(arrays[f"{name}labels"])


arrays = np.load(images_file)
with_test = "test_images" in arrays
alone = with_test and "train_images" not in arrays
known, known_labels = part("test_" if alone else "train_" if with_test else "")
order = stream("split", "own", data["seed"]).permutation(len(known))
ranking, others = np.split(order, [data["calibration"]])  # `ranking`: those ranked with
if alone:  # they stay in their order
    others = np.sort(others)
official = with_test and not alone
images, labels = part("test_") if official else (known[others], known_labels[others])
learnt = known if official else known[ranking]
half = stream(seed, "label", "halves").permutation(len(images))[: len(images) // 2]
choosing = np.isin(np.arange(len(images)), half)


def scaled(pixels):
    """Return images as the network takes them."""
    scaling = study["fits"]["given"]["scaling"]
    mean, std = (torch.tensor(scaling[key])[:, None, None] for key in ("mean", "std"))
    return (torch.from_numpy(pixels) - mean) / std
