"""Recompute a label's numbers with plain PyTorch and scipy: masks in, label.json out.

    python recompute.py results/RUN net.py:SmallNet old.pt MEAN STD

MEAN and STD have a number a channel, in one argument. Prints the label's keys as JSON. It imports
nothing of the project; masks and images are the run's.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file
from scipy import stats
from torch.nn import functional

results, named, weights, mean, std = sys.argv[1:]
label = json.loads((Path(results) / "label.json").read_text())
file, name = named.split(":")
spec = importlib.util.spec_from_file_location("own", file)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
state = torch.load(weights, weights_only=True)["state_dict"]
state = {key.removeprefix("module."): value for key, value in state.items()}


def scaled(part):
    """Return the images of a part as the network takes them, and their labels."""
    arrays = load_file(f"data/own/{part}.safetensors")
    pixels = torch.from_numpy(arrays["images"])
    pixels = pixels / 255 if pixels.dtype == torch.uint8 else pixels
    shift, scale = (torch.tensor([float(x) for x in of.split()]) for of in (mean, std))
    return (pixels - shift[:, None, None]) / scale[:, None, None], arrays["labels"]


inputs, labels = scaled("test")
truth = torch.from_numpy(labels)
calibration = torch.cat([scaled(part)[0] for part in ("train", "validation")])
fit = next(Path(results).glob("label/own/own/given"))
layers = json.loads((fit / "check/network.json").read_text())["pruned"]


@torch.no_grad()
def measured(masks, effect="zero"):
    """Return which images are right, and accuracy, nll, ece, brier, of the network under masks."""
    net = getattr(module, name)().eval()
    net.load_state_dict({k: v * masks.get(k, 1) for k, v in state.items()})
    if effect == "recalibrate":
        for layer in net.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.reset_running_stats()
                layer.momentum = None
                layer.train()
        net(calibration)
    logits = torch.cat([net.eval()(part) for part in inputs.split(500)])
    log_p = functional.log_softmax(logits.double(), 1)
    confidence, predicted = log_p.exp().max(1)
    right = predicted == truth
    bins = torch.bucketize(confidence, torch.arange(1, 16).double() / 15)
    gaps = torch.zeros(16).double().index_add(0, bins, confidence - right.double())
    brier = (log_p.exp() - functional.one_hot(truth, log_p.shape[1])).square().sum(1).mean()
    nll = functional.nll_loss(log_p, truth)
    values = {"accuracy": right.double().mean(), "nll": nll, "brier": brier}
    values["ece"] = gaps.abs().sum() / len(truth)
    return right.numpy(), {key: float(value) for key, value in values.items()}


def flipped(before, after):
    """Return how many images become wrong, and right."""
    return int((before & ~after).sum()), int((~before & after).sum())


def cost(before, after):
    """Return points lost, and Newcombe's upper bound of 95 %."""
    n, z = len(before), stats.norm.ppf(0.95)
    a, b = int((before & after).sum()), int((before & ~after).sum())
    c, d = int((~before & after).sum()), int((~before & ~after).sum())
    (_, above), (under, _) = (
        (k / n - (k + z * z / 2) / (n + z * z) + h, (k + z * z / 2) / (n + z * z) + h - k / n)
        for k in (a + b, a + c)
        for h in [z * (k * (n - k) / n + z * z / 4) ** 0.5 / (n + z * z)]
    )
    agreement = a * d - b * c
    agreement = max(agreement - n / 2, 0) if agreement > 0 else agreement
    product = (a + b) * (c + d) * (a + c) * (b + d)
    phi = agreement / product**0.5 if product else 0
    reach = max(above**2 - 2 * phi * above * under + under**2, 0) ** 0.5
    return 100 * (b - c) / n, 100 * ((b - c) / n + reach)


def last(costs, limit):
    """Return the position of the last cost before the first whose bound reaches the limit."""
    passed = [bound < limit for _, bound in costs] + [False]
    return passed.index(False) - 1


unpruned, whole = measured({})
bits = np.unpackbits(np.frombuffer(bytes.fromhex(label["choosing"]), np.uint8), count=len(truth))
choosing, stating = bits == 1, bits == 0
right, methods = {}, []
for number, method in enumerate(label["methods"]):
    points = []
    for point in method["points"]:
        packed = load_file(next(fit.glob(f"r1-1/prune/exact_k/{point['level']:.2f}/masks.*")))
        masks = {
            f"{layer['path']}.weight": torch.from_numpy(
                np.unpackbits(
                    packed[f"{method['criterion']}/global/{layer['layer']}"][0],
                    count=int(np.prod(layer["shape"])),
                ).reshape(layer["shape"])
            )
            for layer in layers
        }
        correct, values = measured(masks, method["effect"])
        right[number, point["level"]] = correct
        lost, bound = cost(unpruned, correct)
        broken, mended = flipped(unpruned, correct)
        found = {"level": point["level"], "points": lost, "at_most": bound}
        points.append(found | {"broken": broken, "mended": mended} | values)
    methods.append({"points": points})
choices = []
for choice in label["choices"]:
    halves = {}
    for number, method in enumerate(label["methods"]):
        if not method["control"]:
            levels = [point["level"] for point in method["points"]]
            halves[number] = [
                [cost(unpruned[half], right[number, level][half]) for level in levels]
                for half in (choosing, stating)
            ]
    reached = {n: last(first, choice["limit"]) for n, (first, _) in halves.items()}
    best = max(reached, key=lambda n: (reached[n], -halves[n][0][reached[n]][0]))
    found = {"limit": choice["limit"], "method": None, "level": None}
    if reached[best] >= 0:
        found["method"], at = best, last(halves[best][1], choice["limit"])
        if at >= 0:
            found["level"] = label["methods"][best]["points"][at]["level"]
            found["points"], found["at_most"] = halves[best][1][at]
    choices.append(found)
detail = {}
if middle := label["detail"]:
    after = right[middle["method"], middle["level"]]
    broken, mended = flipped(unpruned, after)
    p = stats.binomtest(broken, broken + mended).pvalue if broken + mended else 1.0
    of_class = [100 * (unpruned[labels == k].mean() - after[labels == k].mean()) for k in range(10)]
    detail = {"broken": broken, "mended": mended, "mcnemar_p": p, "losses": of_class}
print(json.dumps({"unpruned": whole, "methods": methods, "choices": choices, "detail": detail}))
