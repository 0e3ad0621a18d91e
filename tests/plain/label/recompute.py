"""Recompute every number of a label, and compare.

    python tests/plain/label/recompute.py RUN.yaml

Called in the folder where `make label` ran, with one .pt of weights and images in an .npz. Of the
run it reads label.json, to compare, and nothing else: masks, outcomes and noise are made anew from
weights, images and seeds, by plain PyTorch, numpy and scipy. Numbers agree to 1e-5. Times can't:
one is timed anew, and the lower quartile is to be within a factor of 5 of the shortest of 50 times,
the median and the upper quartile not below a fifth of it. A number that nothing here recomputes is
an error, by its path. It imports nothing of this project.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from agreeing import compare
from costs import multiply_adds, sizes, times
from inputs import choosing, images, labels, learnt, ranking, run, state, study, weights
from measures import broken, lost, mcnemar, measured, shown
from noise import noisy
from pruning import pruned

told = json.loads(Path("results", run["run"], "label.json").read_text(encoding="utf-8"))
limits, arms, noise = run["label"]["losses"], study["arms"], run["label"]["noise"]
right, unpruned = measured(state)
known = {bytes(image) for image in learnt}

# Every way of pruning, up to the first level that loses too much; controls last.
methods, outcomes = [], []
for way in sorted(
    (criterion == "random" or criterion.startswith("shuffled"), criterion, effect)
    for arm in arms
    for criterion in arm["criteria"]
    for effect in arm["effects"]
):
    points, after = [], {}
    for level in map(float, arms[0]["levels"]):
        after[level], values = measured(pruned(*way[1:], level))
        point = lost(right, after[level]) | broken(right, after[level]) | values
        points.append({"step": 0, "level": level} | point)
        if point["points"] > arms[0]["until_lost"]:
            break
    largest = [{"limit": limit, "level": shown(points, limit)} for limit in limits]
    named = dict(zip(("control", "criterion", "effect"), way, strict=True))
    methods.append(named | {"points": points, "largest": largest})
    outcomes.append(after)


def costs(number, part):
    """Return what a way of pruning costs on a part of the images, level by level."""
    after = outcomes[number].items()
    return [{"level": level} | lost(right[part], each[part]) for level, each in after]


# One half of the images chooses a way; what it costs is said of the other half.
choices = []
for limit in limits:
    halves = {n: costs(n, choosing) for n, way in enumerate(methods) if not way["control"]}
    reached = {n: at for n, each in halves.items() if (at := shown(each, limit))}
    lossy = {n: next(x["points"] for x in halves[n] if x["level"] == reached[n]) for n in reached}
    best = max(reached, key=lambda n: (reached[n], -lossy[n]), default=None)
    second = costs(best, ~choosing) if reached else []
    level = shown(second, limit)
    stated = [{"step": 0} | each for each in second if each["level"] == level]
    choices.append({"limit": limit, "method": best, "level": level} | dict(*stated))

# What breaks at the middle limit, or at the first larger one for which something is shown.
detail, measures = None, {}
if closer := [each for each in choices[(len(limits) - 1) // 2 :] if each["level"]]:
    detail = {key: closer[0][key] for key in ("limit", "method", "step", "level")}
    way, after = methods[detail["method"]], outcomes[detail["method"]][detail["level"]]
    detail |= lost(right, after) | broken(right, after) | {"mcnemar_p": mcnemar(right, after)}
    of_class = [labels.numpy() == number for number in range(int(labels.max()) + 1)]
    detail["classes"] = [
        {"images": int(own.sum()), "loss": 100 * (right[own].mean() - after[own].mean())}
        for own in of_class
    ]
    sides = {"unpruned": state, "pruned": pruned(way["criterion"], way["effect"], detail["level"])}
    measures = {"noise": [], "bytes": sizes(**sides), "multiply_adds": multiply_adds(**sides)}
    for kind, level in ((each["kind"], level) for each in noise for level in each["levels"]):
        hit = {side: measured(of, noisy(kind, level))[0] for side, of in sides.items()}
        shares = {side: each.mean() for side, each in hit.items()}
        measures["noise"].append({"level": float(level)} | shares | lost(*hit.values()))
    measures["latency"] = {
        batch: {side: times(of, int(batch)) for side, of in sides.items()}
        for batch in told["measured"]["latency"]
    }

compare(
    told,
    {
        "format": 1,
        "networks": 1,
        "until_lost": arms[0]["until_lost"],
        "weights": sum(each.numel() for each in weights.values()),
        "choosing": np.packbits(choosing).tobytes().hex(),
        "images": {
            "evaluated": len(images),
            "choosing": int(choosing.sum()),
            "stating": int((~choosing).sum()),
            "calibration": len(ranking),
            "repeated": sum(bytes(image) in known for image in images),
        },
        "unpruned": unpruned,
        "methods": methods,
        "choices": choices,
        "detail": detail,
        "measured": measures,
        "files": {
            path: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in told["files"]
        },
    },
)
