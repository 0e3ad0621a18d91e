"""Exported networks in the runtimes in which their latency is measured (needs torch)."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from prunescape.exports.latency import Run
from prunescape.exports.loading import Exported
from prunescape.exports.onnx_sessions import session
from prunescape.exports.portable import Portable
from prunescape.exports.portable_modules import PortableModule
from prunescape.foundations.choices import choose


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


def runs(model: Exported, onnx: str | Path | None, batch: int) -> dict[str, Run]:
    """Return runtime -> a call that computes the logits of a batch of random images.

    Args:
        model: the network; a user's module has no weights in CSR.
        onnx: the network as ONNX, if it is there so.
        batch: how many images.
    """
    found = {"torch dense": in_torch(model, batch)}
    if isinstance(model, Portable) and (module := sparse(model)):
        found["torch CSR"] = _called(module, model, batch)
    if onnx:
        opened, values = session(onnx), {"images": _images(model, batch).numpy()}
        found["onnxruntime"] = lambda: opened.run(None, values)
    return found


def in_torch(model: Exported, batch: int) -> Run:
    """Return a call that computes the logits of a batch of random images in plain torch."""
    module = model.module() if isinstance(model, PortableModule) else plain(model)
    return _called(module, model, batch)


def _called(module: nn.Module, model: Exported, batch: int) -> Run:
    """Return a call of a module for scaled images."""
    images, scaling = _images(model, batch), model.scaling

    @torch.inference_mode()
    def run() -> torch.Tensor:
        logits: torch.Tensor = module(scaling(images))
        return logits

    return run


def _images(model: Exported, batch: int) -> torch.Tensor:
    return torch.rand(batch, *model.image, generator=torch.Generator().manual_seed(0))
