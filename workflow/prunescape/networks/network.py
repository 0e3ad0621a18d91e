"""Networks as data: a list of layers from the config, run for R replicates at once (needs torch).

A layer of the config is a mapping with a `kind`:

    {kind: linear, units: 300}                    weight [R, units, inputs], bias [R, units]
    {kind: conv, filters: 30, size: 5}            weight [R, filters, channels, 5, 5], no padding
    {kind: max_pool, size: 2}
    {kind: relu}, {kind: tanh}
    {kind: k_winners, k: 100}                     see `winners`

`bias: false` leaves a layer's bias out, `nonzero: 0.5` makes its weights sparse (`sparse_weights`).
Weights of linear and conv layers are prunable, biases only with `prune_bias: true`. Layers with
weights are called "1", "2", ... in their order, their tensors "1.weight" and "1.bias". Other layers
don't count, so networks that differ only in these name their weights alike. A k_winners layer has
the number of the layer with weights before it; its buffers are "1.duty_cycle" and so on.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from prunescape.foundations import levels
from prunescape.foundations.choices import choose
from prunescape.networks import products
from prunescape.networks.ensembles import repeated
from prunescape.networks.winners import IN_CACHE, Boost, Winners

Parameters = Mapping[str, torch.Tensor]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Weighted:
    """A layer with weights.

    Attributes:
        name: its number, as text.
        shape: the weight's shape [out, in, ...].
        bias: whether it has a bias.
        nonzero: share of each unit's inputs whose weight may differ from zero.
        prune_bias: whether pruning treats the bias as it does weights.
        pool: size of the max-pooling that follows a convolution, done together with it; 1: none.
        winners: for a linear layer right after k-winners, how many inputs of an image may differ
            from zero in inference; else None.
        input_major: whether training on a processor lets its weights lie input by input
            (`products.multiply`): so for a large linear layer right after k-winners.
        groups: in how many equal groups the units lie, in their order, each of which sees inputs of
            its own; 1: all units see all inputs.
    """

    name: str
    shape: Shape
    bias: bool
    nonzero: float = 1.0
    prune_bias: bool = False
    pool: int = 1
    winners: int | None = None
    input_major: bool = False
    groups: int = 1

    at_once: ClassVar[int] = 1000  # images whose windows may be in memory together

    def product(self, inputs: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Multiply inputs by weights: [R, B, in] -> [R, B, out], or images for a convolution.

        R of `inputs` may be 1: the same inputs for every replicate.
        """
        if len(self.shape) == 2:
            rows = inputs.flatten(2)
            if rows.shape[1] == 1:
                # For one image torch's product adds up in an order that depends on R.
                return (rows * weight).sum(2)[:, None]
            rows = rows.expand(len(weight), -1, -1)
            lies_so = weight.stride(1) == 1 and weight.device.type == "cpu"
            return products.multiply(rows, weight, input_major=self.input_major and lies_so)
        # Member by member: as fast as a grouped convolution, and independent of other members.
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

    def pooled(self, outputs: torch.Tensor) -> torch.Tensor:
        """Pool outputs [R, B, out, ...] where pooling follows."""
        return outputs if self.pool == 1 else _pooled(outputs, self.pool)

    def pooled_affine(self, inputs: torch.Tensor, parameters: Parameters) -> torch.Tensor:
        """Return `pooled` of `affine`, for a convolution in one go."""
        if len(self.shape) == 2:
            return self.affine(inputs, parameters)
        weight = parameters[f"{self.name}.weight"]
        biases = parameters.get(f"{self.name}.bias", [None] * len(weight))
        members = inputs.expand(len(weight), *inputs.shape[1:])
        cases = list(zip(members, weight, biases, strict=True))
        if torch.is_grad_enabled():
            return torch.stack([products.convolve(*case, self.pool) for case in cases])
        # No gradient needs the outputs before pooling: pieces that fit into the cache will do.
        outputs = inputs.new_empty(0)  # until the first piece shows the shape
        for part in _pieces(inputs.shape[1]):
            for member, (images, own, bias) in enumerate(cases):
                values = products.convolve(images[part], own, bias, self.pool)
                if not outputs.numel():
                    outputs = values.new_empty(len(cases), inputs.shape[1], *values.shape[1:])
                outputs[member, part] = values
        return outputs

    def windows(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs that units' weights are multiplied by: [R, B, positions, groups * in].

        A linear layer has one position. The inputs of the first group's units come first.
        """
        if len(self.shape) == 2:
            return inputs.flatten(2).unsqueeze(2)
        folded = F.unfold(inputs.flatten(0, 1), self.shape[2:]).transpose(1, 2)
        windows: torch.Tensor = folded.unflatten(0, inputs.shape[:2])
        return windows


Affine = Callable[[Weighted, torch.Tensor], torch.Tensor | None]
Observe = Callable[[Weighted, torch.Tensor], None]
Outputs = Callable[[Weighted, torch.Tensor, slice], None]
Step = Weighted | Winners | Callable[[torch.Tensor], torch.Tensor]


class Network:
    """A network of the config for inputs of one shape.

    Attributes:
        weighted: the layers with weights, in order.
        winners: the k_winners layers, in order.
        shapes: parameter name -> shape without the replicate axis.
        buffers: buffer name -> shape without the replicate axis.
        outputs: how many logits an image has.
    """

    chained = True  # a layer's units are the next one's inputs, and nothing else's
    random = False  # no layer draws numbers
    frozen: Collection[str] = ()  # buffers that are parameters which are not trained

    def __init__(self, layers: Sequence[Mapping[str, Any]], input_shape: Shape) -> None:
        """`input_shape`: shape of one image, (channels, height, width) or (features,)."""
        self._steps: list[Step] = []
        shape = tuple(input_shape)
        for position, layer in enumerate(layers, 1):
            described = choose(_KINDS, layer.get("kind"), f"networks: layer {position}: kind")
            step, shape = described(layer, shape, len(self.weighted))
            if min(shape) < 1:
                raise ValueError(
                    f"networks: layer {position} ({layer['kind']}) leaves nothing of its input"
                )
            last = self._steps[-1] if self._steps else None
            if isinstance(step, _MaxPool) and isinstance(last, Weighted) and last.pool == 1:
                self._steps[-1] = replace(last, pool=step.size)
                continue
            if isinstance(last, Winners) and isinstance(step, Weighted) and len(step.shape) == 2:
                large = prod(step.shape) >= products.LARGE
                step = replace(step, winners=last.inference_k, input_major=large)
            self._steps.append(step)
        self.outputs = prod(shape)
        numbers = [layer.name for layer in self.winners]
        if len(set(numbers)) < len(numbers) or "0" in numbers:
            raise ValueError(
                "networks: a k_winners layer needs a layer with weights between it and the "
                "k_winners layer or the input before it"
            )

    @property
    def weighted(self) -> list[Weighted]:
        """The layers with weights, in order."""
        return [step for step in self._steps if isinstance(step, Weighted)]

    @property
    def winners(self) -> list[Winners]:
        """The k_winners layers, in order."""
        return [step for step in self._steps if isinstance(step, Winners)]

    @property
    def shapes(self) -> dict[str, Shape]:
        """Parameter name -> shape without the replicate axis, weights and biases."""
        shapes: dict[str, Shape] = {}
        for layer in self.weighted:
            shapes[f"{layer.name}.weight"] = layer.shape
            if layer.bias:
                shapes[f"{layer.name}.bias"] = layer.shape[:1]
        return shapes

    @property
    def input_major(self) -> set[str]:
        """Names of the weights that training on a processor lets lie input by input."""
        return {f"{layer.name}.weight" for layer in self.weighted if layer.input_major}

    @property
    def buffers(self) -> dict[str, Shape]:
        """Buffer name -> shape without the replicate axis."""
        return {name: tuple(value.shape) for name, value in self._initial_buffers().items()}

    def initial_buffers(
        self, replicates: int, device: torch.device | None = None
    ) -> dict[str, torch.Tensor]:
        """Return the buffers [R, ...] at the start of training."""
        return repeated(self._initial_buffers(), replicates, device)

    def _initial_buffers(self) -> dict[str, torch.Tensor]:
        return {k: v for layer in self.winners for k, v in layer.initial_buffers().items()}

    def logits(
        self,
        images: torch.Tensor,
        parameters: Parameters,
        affine: Affine | None = None,
        *,
        training: bool = False,
        observe: Observe | None = None,
        outputs: Outputs | None = None,
    ) -> torch.Tensor:
        """Return logits [R, B, classes] of scaled images [R or 1, B, ...].

        `parameters` holds the buffers too; with `training` they are brought up to date in place.
        `affine` computes a weighted layer's product and bias, from a posterior's samples for
        example; where it returns None the layer computes them itself. `observe` is called with
        every layer with weights and its inputs [R or 1, B, ...], `outputs` with the layer, its
        outputs [R, B, out, ...] after activation and pooling, and which members these are: all.
        """
        values, last = images, None
        for step in self._steps:
            if isinstance(step, Weighted):
                if outputs and last:
                    outputs(last, values, slice(None))
                last = step
            if isinstance(step, Weighted) and observe:
                observe(step, values)
            if isinstance(step, Weighted):
                found = affine(step, values) if affine else None
                if found is None:
                    values = step.pooled_affine(values, parameters)
                else:
                    values = step.pooled(found)
            elif isinstance(step, Winners):
                values = step.compete(values, parameters, training=training)
            else:
                values = step(values)
        if outputs and last:
            outputs(last, values, slice(None))
        return values

    def start(self, _seed: int) -> dict[str, np.ndarray]:
        """Return nothing: `initial_weights` draws all parameters of the config's layers."""
        return {}

    def reseed(self, _seeds: Sequence[int]) -> None:
        """Nothing is drawn."""

    def end_epoch(self, buffers: Parameters) -> None:
        """Bring the buffers [R, ...] up to date after an epoch of training, in place."""
        for layer in self.winners:
            layer.end_epoch(buffers)

    def measured_statistics(
        self,
        _parameters: Parameters,
        _batches: Sequence[torch.Tensor],
        _scaling: Callable[[torch.Tensor], torch.Tensor],
    ) -> dict[str, torch.Tensor]:
        """Return nothing: none of the config's layers normalises by running statistics."""
        return {}


def _pieces(images: int) -> list[slice]:
    # Without images there is one empty piece, so that the outputs get their shape.
    return [slice(first, first + IN_CACHE) for first in range(0, max(images, 1), IN_CACHE)]


def _pooled(values: torch.Tensor, size: int) -> torch.Tensor:
    pooled: torch.Tensor = products.pool(values.flatten(0, 1), size).unflatten(0, values.shape[:2])
    return pooled


@dataclass(frozen=True)
class _MaxPool:
    size: int

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        return _pooled(values, self.size)


def _linear(layer: Mapping[str, Any], shape: Shape, before: int) -> tuple[Weighted, Shape]:
    return _weighted(layer, before, (layer["units"], prod(shape))), (layer["units"],)


def _conv(layer: Mapping[str, Any], shape: Shape, before: int) -> tuple[Weighted, Shape]:
    channels, height, width = _image(layer, shape)
    filters, size = layer["filters"], layer["size"]
    weighted = _weighted(layer, before, (filters, channels, size, size))
    return weighted, (filters, height - size + 1, width - size + 1)


def _weighted(layer: Mapping[str, Any], before: int, shape: Shape) -> Weighted:
    bias, nonzero = layer.get("bias", True), layer.get("nonzero", 1.0)
    return Weighted(f"{before + 1}", shape, bias, nonzero, bias and layer.get("prune_bias", False))


def _max_pool(layer: Mapping[str, Any], shape: Shape, _: int) -> tuple[_MaxPool, Shape]:
    channels, height, width = _image(layer, shape)
    size = layer["size"]
    return _MaxPool(size), (channels, height // size, width // size)


def _k_winners(layer: Mapping[str, Any], shape: Shape, before: int) -> tuple[Winners, Shape]:
    k, units = layer["k"], prod(shape)
    if k > units:
        raise ValueError(f"networks: a k_winners layer with k: {k} has only {units} inputs")
    boost = layer.get("boost")
    factor = Fraction(str(layer.get("inference_factor", 1)))
    winners = Winners(
        name=f"{before}",
        shape=shape,
        k=k,
        inference_k=min(levels.rounded(factor, k), units),
        boost=boost and Boost(boost["strength"], boost["factor"]),
        period=layer.get("period", 1000),
    )
    return winners, shape


def _relu(_layer: Mapping[str, Any], shape: Shape, before: int) -> tuple[Callable, Shape]:
    return _rectify if before else torch.relu, shape


def _rectify(outputs: torch.Tensor) -> torch.Tensor:
    """Rectify a layer's outputs, in place where no gradient needs them."""
    return torch.relu(outputs) if torch.is_grad_enabled() else torch.relu_(outputs)


def _tanh(_layer: Mapping[str, Any], shape: Shape, _: int) -> tuple[Callable, Shape]:
    return torch.tanh, shape


def _image(layer: Mapping[str, Any], shape: Shape) -> Shape:
    if len(shape) != 3:
        raise ValueError(
            f"networks: a {layer['kind']} layer needs images, not features, as its input"
        )
    return shape


_KINDS: dict[str, Callable[[Mapping[str, Any], Shape, int], tuple[Step, Shape]]] = {
    "linear": _linear,
    "conv": _conv,
    "max_pool": _max_pool,
    "relu": _relu,
    "tanh": _tanh,
    "k_winners": _k_winners,
}
