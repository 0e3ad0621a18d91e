"""The networks of the arm that was chosen: after training on, from the job that trained them."""

from dataclasses import replace
from math import prod

import numpy as np
import torch

from prunescape.foundations import files
from prunescape.label import reading
from tests.helpers.factories import PERCEPTRON, checkpoint


def test_networks_that_were_trained_on_come_from_their_job(tmp_path):
    fitted = checkpoint(PERCEPTRON, replicates=[1, 2])
    fitted.save(str(tmp_path / "fitted.safetensors"))
    arms = [("magnitude", "global", "zero", level) for level in ("0.50", "0.90")]
    trained = replace(
        checkpoint(PERCEPTRON, replicates=[5, 6, 7, 8]),
        replicates=[1, 2, 1, 2],
        arms=[arm for arm in arms for _ in range(2)],
    )
    trained.save(str(tmp_path / "trained.safetensors"))
    shapes = {layer.name: layer.shape for layer in fitted.network.weighted}
    packed = {
        f"magnitude/global/{name}": np.zeros((2, -(-prod(shape) // 8)), np.uint8)
        for name, shape in shapes.items()
    }
    files.write_tensors(tmp_path / "masks.safetensors", packed, {"replicates": [1, 2]})
    entry = {
        "criterion": "magnitude",
        "scope": "global",
        "within": ["global"],
        "selection": "exact_k",
        "schedule": "finetune",
        "points": [[0, "0.50"], [0, "0.90"]],
        "masks": [str(tmp_path / "masks.safetensors")] * 2,
        "retrained": [[str(tmp_path / "trained.safetensors")]] * 2,
    }
    described = [
        {"checkpoint": str(tmp_path / "fitted.safetensors"), "moments": None, "arms": [entry]}
    ]
    names = ("criterion", "scope", "selection", "schedule")
    wanted = {name: entry[name] for name in names} | {"effect": "zero", "step": 0, "level": 0.9}
    arm, [block] = reading.blocks(described, wanted, torch.device("cpu"))
    assert arm["points"] == [[0, "0.90"]]
    assert block.retrained.replicates == [1, 2]
    for name, values in block.retrained.arrays.items():
        assert (values == trained.arrays[name][2:]).all()
