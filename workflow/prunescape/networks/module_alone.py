"""Runs a user's module as it is, replicate by replicate (needs torch).

What is random in training runs so, since each replicate then draws its own numbers.
No batched product makes convolutions faster, and one replicate's images fit into the cache. Where
no gradient is needed, images also go through in pieces that stay there, and lie channels last, as
oneDNN convolves them. A ResNet-8 on 28 x 28 pixels then classifies 2,000 images a second (AVX2, one
thread); plain PyTorch 1,000 in batches of 500, and 2,300 at its best.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import nn

from prunescape.networks import module_starts
from prunescape.networks.module_layers import ModuleLayer
from prunescape.networks.network import Outputs, Parameters, Shape

PIECE = 1_000_000
"""Most numbers that a layer's outputs should have for the images of a piece: 4 MB."""
FEWEST, MOST = 8, 250
"""Images in a piece at least, since weights are read once for all of them, and at most."""
TOLERANCE = 1e-4
"""Largest difference of logits, relative to the largest one, between layouts of the images."""

LogitsOf = Callable[[Any, int, bool], torch.Tensor]


class Alone:
    """A module that runs for one replicate after the other, with the parameters of each.

    Attributes:
        module: the user's module, unchanged.
        piece: images that go through at once in inference on a processor.
        layout: how images and filters lie then.
        seeds: of the random numbers that each replicate's next runs in training draw, if any.
    """

    def __init__(
        self,
        module: nn.Module,
        layers: Mapping[ModuleLayer, int],
        paths: Mapping[str, str],
        logits_of: LogitsOf,
    ) -> None:
        """Take a module.

        Args:
            module: the user's module.
            layers: layers with weights -> axis of the images in what they take and return.
            paths: name of a parameter or buffer -> its path in the module.
            logits_of: checks what the module returned for so many images; whether in training.
        """
        self.module, self.piece, self.layout = module, MOST, torch.contiguous_format
        self.seeds: Sequence[int] = ()
        self._layers, self._paths, self._logits_of = layers, paths, logits_of

    def adapt(self, input_shape: Shape) -> None:
        """Choose piece and layout for images [C, H, W] by running the module.

        Images lie channels last if the module then gives the same logits, which code that takes
        another layout for granted (`view` instead of `flatten`) doesn't.
        """
        sizes = [prod(input_shape)]
        images = module_starts.probe(2, input_shape)[None]
        tensors: dict[str, torch.Tensor] = {}
        tensors |= dict(self.module.named_parameters(remove_duplicate=False))
        tensors |= dict(self.module.named_buffers(remove_duplicate=False))
        start = {name: tensors[path][None] for name, path in self._paths.items()}
        with module_starts.fenced(0), torch.no_grad():
            expected = self.logits(
                images, start, outputs=lambda _, shown, __: sizes.append(shown[0, 0].numel())
            )
            self.piece = min(max(PIECE // max(sizes), FEWEST), MOST)
            self.layout = torch.channels_last
            if not self._gives(expected, images, start):
                self.layout = torch.contiguous_format

    def _gives(self, expected: torch.Tensor, images: torch.Tensor, start: Parameters) -> bool:
        """Return whether the module gives the expected logits; code that uses views may fail.

        For two images oneDNN may not be used, whose convolutions return what they are given: so
        their outputs are laid by hooks.
        """
        convolutions = [each for each in self.module.modules() if isinstance(each, nn.Conv2d)]
        with contextlib.ExitStack() as hooks:
            for each in convolutions:
                laid = each.register_forward_hook(lambda _, __, returned: self.laid(returned))
                hooks.callback(laid.remove)
            try:
                found = self.logits(images, start)
            except Exception:  # whatever the user's code raises
                return False
        most = TOLERANCE * max(1.0, float(expected.abs().max()))
        return torch.allclose(found, expected, rtol=0, atol=most)

    def logits(
        self,
        images: torch.Tensor,
        parameters: Parameters,
        *,
        training: bool = False,
        outputs: Outputs | None = None,
    ) -> torch.Tensor:
        """Return logits [R, B, classes] of scaled images [R, B, ...].

        `parameters`, `training` and `outputs` as in `Network.logits`; outputs are shown before
        activation.
        """
        self.module.to(images.device).train(training)
        inference = not (training or torch.is_grad_enabled() or images.is_cuda)
        of_member = {self._paths[name]: value.unbind() for name, value in parameters.items()}
        found = []
        for member, own in enumerate(images):
            values = {path: each[member] for path, each in of_member.items()}
            pieces: Sequence[torch.Tensor] = [own]
            if inference:
                values = {path: self.laid(value) for path, value in values.items()}
                pieces = [self.laid(each) for each in own.tensor_split(self._pieces(len(own)))]
            shown = self._showing(outputs, slice(member, member + 1))
            with shown, self._seeded(member, own.device, training=training):
                run = [torch.func.functional_call(self.module, values, (each,)) for each in pieces]
            logits = [
                self._logits_of(each, len(piece), training)
                for each, piece in zip(run, pieces, strict=True)
            ]
            found.append(torch.cat(logits) if len(logits) > 1 else logits[0])
        return torch.stack(found)

    @contextlib.contextmanager
    def _seeded(self, member: int, device: torch.device, *, training: bool) -> Iterator[None]:
        """Let torch's global generators begin at a member's seed, and put them back afterwards."""
        if not (training and self.seeds):
            yield
            return
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(self.seeds[member])
            yield

    def _pieces(self, images: int) -> int:
        return max(-(-images // self.piece), 1)

    def laid(self, values: torch.Tensor) -> torch.Tensor:
        """Return images or filters in the layout of inference, others as they are."""
        if values.dim() != 4 or values.is_cuda:
            return values
        return values.contiguous(memory_format=self.layout)

    @contextlib.contextmanager
    def _showing(self, outputs: Outputs | None, member: slice) -> Iterator[None]:
        """Show the layers' outputs to a function while the module runs for one member.

        At once, since what follows a layer may change its outputs in place.
        """

        def hook(layer: ModuleLayer, axis: int) -> Callable[[nn.Module, Any, torch.Tensor], None]:
            def show(_module: nn.Module, _given: Any, returned: torch.Tensor) -> None:
                assert outputs is not None
                outputs(layer, layer.unfolded(returned.movedim(axis, 0))[None], member)

            return show

        with contextlib.ExitStack() as hooks:
            for layer, axis in self._layers.items() if outputs else ():
                module = self.module.get_submodule(layer.path)
                hooks.callback(module.register_forward_hook(hook(layer, axis)).remove)
            yield
