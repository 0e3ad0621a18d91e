"""The layers with weights of an ordinary torch.nn.Module, run for R replicates (needs torch)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)
from torch import nn

from prunescape.networks.module_attention import Projection
from prunescape.networks.network import Parameters, Weighted


@dataclass(frozen=True, kw_only=True)
class ModuleLayer(Weighted):
    """A layer of a module.

    Attributes:
        path: the layer's path in the module, such as "layer1.0.conv1".
        held: what the names of its parameters begin with in the module, such as "layer1.0.conv1.".
        calls: how often the module calls it for an image.
    """

    path: str
    held: str
    calls: int

    def parameter(self, part: str) -> str:
        """Return the path of its parameter `weight` or `bias` in the module."""
        return f"{self.held}{part}"

    def folded(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return outputs [R, B, out, ...] in the shape of the torch layer's own: [R * B, ...]."""
        return outputs.flatten(0, 1)

    def unfolded(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return outputs of the torch layer, images first, as [B, out, ...]."""
        return outputs


@dataclass(frozen=True, kw_only=True)
class LinearLayer(ModuleLayer):
    """nn.Linear, or a projection of attention, for one vector an image or several.

    Inputs are [R, B, ..., in].
    """

    def product(self, inputs: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Multiply inputs by weights [R, out, in] -> [R, B, out, ...]."""
        if self.calls > 1:
            # Autograd adds up the slopes of all calls. A view keeps `products.put_slope_in` from
            # writing the slope of one call to the place of the sum.
            weight = weight.view(weight.shape)
        if inputs.dim() == 3:
            return super().product(inputs, weight)
        several = inputs.shape[1:-1]
        rows = super().product(inputs.flatten(1, -2), weight)
        outputs: torch.Tensor = rows.unflatten(1, several)
        return outputs.moveaxis(-1, 2)

    def windows(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what a unit multiplies with its weights: [R, B, positions, in]."""
        return inputs.reshape(*inputs.shape[:2], -1, inputs.shape[-1])

    def folded(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return outputs [R, B, out, ...] as [R * B, ..., out]."""
        return outputs.moveaxis(2, -1).flatten(0, 1)

    def unfolded(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return outputs [B, ..., out] as [B, out, ...]."""
        return outputs.moveaxis(-1, 1)


@dataclass(frozen=True, kw_only=True)
class ConvLayer(ModuleLayer):
    """nn.Conv2d: inputs [R, B, channels, height, width].

    Attributes:
        stride, dilation: as in nn.Conv2d.
        padding: left, right, top, bottom.
        padding_mode: as torch.nn.functional.pad takes it.
    """

    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[int, ...]
    padding_mode: str

    at_once: ClassVar[int] = 50

    def product(self, inputs: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Convolve with weights [R, out, in, height, width], member by member."""
        return self._convolved(inputs, weight, [None] * len(weight))

    def affine(self, inputs: torch.Tensor, parameters: Parameters) -> torch.Tensor:
        """Return weight times inputs plus bias: [R, B, out, ...]."""
        weight = parameters[f"{self.name}.weight"]
        biases = parameters.get(f"{self.name}.bias", [None] * len(weight))
        return self._convolved(inputs, weight, biases)

    def _convolved(
        self, inputs: torch.Tensor, weight: torch.Tensor, biases: torch.Tensor | list[None]
    ) -> torch.Tensor:
        padded, padding = inputs, (self.padding[2], self.padding[0])
        if self.padding_mode != "constant" or self.padding[::2] != self.padding[1::2]:
            padded, padding = self._padded(inputs), (0, 0)
        members = padded.expand(len(weight), *padded.shape[1:])
        return torch.stack(
            [
                F.conv2d(x, w, bias, self.stride, padding, self.dilation, self.groups)
                for x, w, bias in zip(members, weight, biases, strict=True)
            ]
        )

    def _padded(self, inputs: torch.Tensor) -> torch.Tensor:
        folded = F.pad(inputs.flatten(0, 1), self.padding, mode=self.padding_mode)
        padded: torch.Tensor = folded.unflatten(0, inputs.shape[:2])
        return padded

    def windows(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what units multiply with their weights: [R, B, positions, groups * in]."""
        padded = self._padded(inputs).flatten(0, 1)
        found = F.unfold(padded, self.shape[2:], self.dilation, stride=self.stride)
        windows: torch.Tensor = found.transpose(1, 2).unflatten(0, inputs.shape[:2])
        return windows


def layer_of(module: nn.Module, name: str, path: str, held: str, calls: int) -> ModuleLayer:
    """Describe an nn.Linear, nn.Conv2d or projection; ValueError for anything else."""
    if not isinstance(module, (nn.Linear, nn.Conv2d, Projection)):
        kind = type(module).__name__
        raise ValueError(f"networks: {path} is {kind}; allowed: nn.Linear or nn.Conv2d")
    shape, bias = tuple(module.weight.shape), module.bias is not None
    if not isinstance(module, nn.Conv2d):
        return LinearLayer(name=name, shape=shape, bias=bias, path=path, held=held, calls=calls)
    modes = {"zeros": "constant"}
    return ConvLayer(
        name=name,
        shape=shape,
        bias=bias,
        path=path,
        held=held,
        calls=calls,
        stride=module.stride,
        dilation=module.dilation,
        groups=module.groups,
        # The list that torch itself hands to functional.pad; it is right for padding="same" too.
        padding=tuple(module._reversed_padding_repeated_twice),
        padding_mode=modes.get(module.padding_mode, module.padding_mode),
    )
