"""Networks as data: a list of layers from the config, run for R replicates at once (needs torch).

A layer of the config is a mapping with a `kind`:

    {kind: linear, units: 300}                    weight [R, units, inputs], bias [R, units]
    {kind: conv, filters: 30, size: 5}            weight [R, filters, channels, 5, 5], no padding
    {kind: max_pool, size: 2}
    {kind: relu}, {kind: tanh}

`bias: false` leaves a layer's bias out. Weights of linear and conv layers are prunable, biases
never. Layers with weights are called "1", "2", ... in their order, their tensors "1.weight" and
"1.bias".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

Parameters = Mapping[str, torch.Tensor]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Weighted:
    """A layer with weights: its name, the weight's shape [out, in, ...], whether it has a bias."""

    name: str
    shape: Shape
    bias: bool

    def product(self, inputs: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Multiply inputs by weights: [R, B, in] -> [R, B, out], or images for a convolution.

        R of `inputs` may be 1: the same inputs for every replicate.
        """
        if len(self.shape) == 2:
            inputs = inputs.flatten(2)
            return torch.bmm(inputs.expand(len(weight), -1, -1), weight.transpose(1, 2))
        # Member by member: no slower than a grouped convolution, each member's bits its own.
        members = inputs.expand(len(weight), *inputs.shape[1:])
        return torch.stack([F.conv2d(x, w) for x, w in zip(members, weight, strict=True)])

    def affine(self, inputs: torch.Tensor, parameters: Parameters) -> torch.Tensor:
        """Return weight times inputs plus bias."""
        outputs = self.product(inputs, parameters[f"{self.name}.weight"])
        return self.add_bias(outputs, parameters)

    def add_bias(self, outputs: torch.Tensor, parameters: Parameters) -> torch.Tensor:
        """Add the bias [R, out], if the parameters hold one, to [R, B, out, ...]."""
        bias = parameters.get(f"{self.name}.bias")
        if bias is None:
            return outputs
        return outputs + bias.view(len(bias), 1, -1, *[1] * (outputs.dim() - 3))


Affine = Callable[[Weighted, torch.Tensor], torch.Tensor]


class Network:
    """A network of the config for inputs of one shape.

    Attributes:
        weighted: the layers with weights, in order.
        shapes: parameter name -> shape without the replicate axis.
    """

    def __init__(self, layers: Sequence[Mapping[str, Any]], input_shape: Shape) -> None:
        """`input_shape`: of one image, (channels, height, width) or (features,)."""
        self._steps: list[Weighted | Callable[[torch.Tensor], torch.Tensor]] = []
        shape = tuple(input_shape)
        for position, layer in enumerate(layers, 1):
            step, shape = _KINDS[layer["kind"]](layer, shape, f"{len(self.weighted) + 1}")
            if min(shape) < 1:
                raise ValueError(
                    f"networks: layer {position} ({layer['kind']}) leaves nothing of its input"
                )
            self._steps.append(step)

    @property
    def weighted(self) -> list[Weighted]:
        """The layers with weights, in order."""
        return [step for step in self._steps if isinstance(step, Weighted)]

    @property
    def shapes(self) -> dict[str, Shape]:
        """Parameter name -> shape without the replicate axis, weights and biases."""
        shapes: dict[str, Shape] = {}
        for layer in self.weighted:
            shapes[f"{layer.name}.weight"] = layer.shape
            if layer.bias:
                shapes[f"{layer.name}.bias"] = layer.shape[:1]
        return shapes

    def logits(
        self, images: torch.Tensor, parameters: Parameters, affine: Affine | None = None
    ) -> torch.Tensor:
        """Return logits [R, B, classes] of scaled images [R or 1, B, ...].

        `affine` replaces the weighted layers' own product and bias: a posterior's samples, or an
        observer of the layers' inputs.
        """
        affine = affine or (lambda layer, inputs: layer.affine(inputs, parameters))
        values = images
        for step in self._steps:
            values = affine(step, values) if isinstance(step, Weighted) else step(values)
        return values


def _linear(layer: Mapping[str, Any], shape: Shape, name: str) -> tuple[Weighted, Shape]:
    units = layer["units"]
    return Weighted(name, (units, prod(shape)), layer.get("bias", True)), (units,)


def _conv(layer: Mapping[str, Any], shape: Shape, name: str) -> tuple[Weighted, Shape]:
    if len(shape) != 3:
        raise ValueError("networks: a conv layer needs images, not features, as its input")
    filters, size = layer["filters"], layer["size"]
    weighted = Weighted(name, (filters, shape[0], size, size), layer.get("bias", True))
    return weighted, (filters, shape[1] - size + 1, shape[2] - size + 1)


def _max_pool(layer: Mapping[str, Any], shape: Shape, _: str) -> tuple[Callable, Shape]:
    size = layer["size"]

    def pool(values: torch.Tensor) -> torch.Tensor:
        return F.max_pool2d(values.flatten(0, 1), size).unflatten(0, values.shape[:2])

    return pool, (shape[0], shape[1] // size, shape[2] // size)


def _relu(_layer: Mapping[str, Any], shape: Shape, _: str) -> tuple[Callable, Shape]:
    return torch.relu, shape


def _tanh(_layer: Mapping[str, Any], shape: Shape, _: str) -> tuple[Callable, Shape]:
    return torch.tanh, shape


_KINDS = {
    "linear": _linear,
    "conv": _conv,
    "max_pool": _max_pool,
    "relu": _relu,
    "tanh": _tanh,
}
