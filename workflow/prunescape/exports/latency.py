"""Latency of a network for a batch, in several runtimes on one thread (needs torch)."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from prunescape.exports.portable import Portable
from prunescape.foundations.choices import choose

ROUNDS = 7
"""Number of rounds; a round measures every runtime, so that a busy moment affects all alike."""
SECONDS = 0.06
"""Least time for which a runtime is called in a round, at least three times."""

Run = Callable[[], object]


def plain(model: Portable) -> nn.Sequential:
    """Return the network as an ordinary module of torch, for scaled images."""
    return _module(model, sparse=False)


def sparse(model: Portable) -> nn.Sequential | None:
    """Return the module with weights in CSR; None with convolutions, for which torch has no CSR."""
    convolutional = any(layer["kind"] == "conv" for layer in model.layers)
    return None if convolutional else _module(model, sparse=True)


class _Sparse(nn.Module):
    """A linear layer with its weight in CSR."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        super().__init__()
        self._weight, self._bias = weight.to_sparse_csr(), bias

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs = (self._weight @ inputs.T).T
        return outputs if self._bias is None else outputs + self._bias


def _module(model: Portable, *, sparse: bool) -> nn.Sequential:
    steps: list[nn.Module] = []
    weighted = iter(model.network.weighted)
    for layer in model.layers:
        kind = layer["kind"]
        if kind in ("linear", "conv"):
            name = next(weighted).name
            weight = torch.from_numpy(model.arrays[f"{name}.weight"])
            bias = torch.from_numpy(model.arrays[f"{name}.bias"]) if layer["bias"] else None
            if kind == "linear":
                steps.append(nn.Flatten())
            if kind == "linear" and sparse:
                steps.append(_Sparse(weight, bias))
                continue
            made: nn.Linear | nn.Conv2d
            if kind == "linear":
                made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
            else:
                units, channels, size, _ = weight.shape
                made = nn.Conv2d(channels, units, size, bias=bias is not None)
            made.weight = nn.Parameter(weight, requires_grad=False)
            if bias is not None:
                made.bias = nn.Parameter(bias, requires_grad=False)
            steps.append(made)
        else:
            makers: dict[str, Callable[[], nn.Module]] = {
                "relu": nn.ReLU,
                "tanh": nn.Tanh,
                "max_pool": partial(nn.MaxPool2d, layer.get("size", 1)),
            }
            steps.append(choose(makers, kind, "networks: kind")())
    return nn.Sequential(*steps)


def session(path: str | Path) -> onnxruntime.InferenceSession:
    """Return a session of onnxruntime on one thread of the processor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def runs(model: Portable, onnx: str | Path, batch: int) -> dict[str, Run]:
    """Return runtime -> a call that computes the logits of a batch of random images."""
    images = torch.rand(batch, *model.image, generator=torch.Generator().manual_seed(0))
    modules = {"torch dense": plain(model), "torch CSR": sparse(model)}
    opened, values = session(onnx), {"images": images.numpy()}

    def called(module: nn.Module) -> Run:
        @torch.inference_mode()
        def run() -> torch.Tensor:
            logits: torch.Tensor = module(model.scaling(images))
            return logits

        return run

    found: dict[str, Run] = {name: called(each) for name, each in modules.items() if each}
    return found | {"onnxruntime": lambda: opened.run(None, values)}


def measure(calls: Mapping[tuple, Run]) -> dict[tuple, tuple[float, float, float]]:
    """Return the median time in ms, and the lower and upper quartile, of every call."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times: dict[tuple, list[float]] = {name: [] for name in calls}
    for run in calls.values():
        run()  # memory is allocated, kernels are chosen
    for _ in range(ROUNDS):
        for name, run in calls.items():
            begin, done = time.perf_counter(), 0
            while done < 3 or time.perf_counter() - begin < SECONDS:
                before = time.perf_counter()
                run()
                times[name].append(1000 * (time.perf_counter() - before))
                done += 1
    torch.set_num_threads(threads)
    return {name: _quartiles(each) for name, each in times.items()}


def _quartiles(times: list[float]) -> tuple[float, float, float]:
    """Return median, lower and upper quartile."""
    median, lower, upper = map(float, np.quantile(times, (0.5, 0.25, 0.75)))
    return median, lower, upper
