"""An ordinary torch.nn.Module as a network of R replicates (needs torch).

The module comes from a file of the user or from torchvision (`network_names`), made by a class or a
function that returns a new one whenever it is called. All replicates run through it at once,
as one batch [R * B, ...]: for operations without parameters (activations, pooling, additions) this
is just a larger batch. Modules with parameters are treated by kind:

- Every nn.Linear and nn.Conv2d, and what projects in self-attention (`module_attention`), is
  replaced by batched products (`module_layers`). Their weights
  are pruned and get a posterior. The layers are called "1", "2", ... in the order in which they
  are run, like the layers of networks that the config describes.
- Other modules with parameters or buffers of their own, such as BatchNorm or LSTM, run member by
  member with torch.func.functional_call. Their parameters are point estimates that are never
  pruned; they are called "own.<path>".
- Parameters that a module with layers in it holds itself (a class token), or that an
  nn.ParameterList holds, are called "own.<path>" too and never pruned. The module's code sees one
  value of them at a time, so what looks at layers from outside (`affine`, `observe`) is for one
  replicate.
- Parameters with requires_grad=False are frozen: they are neither trained nor pruned. They are
  kept with the buffers, and each replicate keeps the values that its module started with.

With convolutions on a processor, with parameters beside layers, and in training where it draws
random numbers, the module as it is runs replicate by replicate instead (`module_alone`), unless
`affine` or `observe` has to see its layers.

BatchNorm therefore works as it does in torch: in training each replicate is normalised by its own
batch and moves its own running statistics. Scores, moments and evaluation use the running
statistics as training left them; under a posterior they average sampled activations. Pruning
doesn't change them unless training follows, or the effect `recalibrate` measures them anew
(`module_statistics`).
"""

import contextlib
import functools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from prunescape.foundations import global_state, network_names
from prunescape.foundations.messages import few
from prunescape.networks import (
    module_attention,
    module_calls,
    module_parts,
    module_starts,
    module_statistics,
)
from prunescape.networks.ensembles import repeated
from prunescape.networks.module_alone import Alone
from prunescape.networks.module_attention import Projection
from prunescape.networks.module_calls import Calls
from prunescape.networks.module_errors import (
    called,
    paths_of,
    random_as_one_batch,
    refused,
    telling,
)
from prunescape.networks.module_layers import ConvLayer, ModuleLayer, layer_of
from prunescape.networks.network import Affine, Observe, Outputs, Parameters, Shape

RESERVED = (".rho", ".sigma", ".noise")  # suffixes of arrays that fits store beside a parameter


@dataclass
class _Run:
    """What the replaced layers need to know while the module runs."""

    members: int
    parameters: Parameters
    training: bool
    affine: Affine | None
    observe: Observe | None
    outputs: Outputs | None


class ModuleNetwork:
    """A network made of a user's module; `interfaces.ReplicatedNetwork` describes its interface.

    Attributes:
        named: path/to/file.py:name.
        layers: all nn.Linear and nn.Conv2d, in the order in which they are run.
        weighted: the layers whose weights are trained and prunable.
        own: "own.<path>" -> path, for parameters and buffers that no layer has.
        paths: name -> path in the module, for all parameters and buffers.
        shapes: name of a trained parameter -> shape without the replicate axis.
        frozen: names of parameters that are not trained; they are among the buffers.
        beside: paths of the trained parameters that modules with layers hold themselves.
        outputs: how many logits an image has.
        weight_normed: paths of the layers from which weight_norm was taken when they were made.
        random: whether the module draws from torch's generator in training, as dropout does.
        modules: id of a module that runs -> its path, for error messages.
    """

    chained = False  # the module's code decides which layer feeds which
    input_major: Collection[str] = ()

    def __init__(self, named: str, input_shape: Shape) -> None:
        """`input_shape`: shape of one image, (channels, height, width) or (features,).

        Raises:
            ValueError: if the file can't be run, its class or function makes no module, the module
                can't take such images, or has parts that can't be kept apart for replicates.
        """
        self.named = named
        self.path = network_names.split(named).place
        self._factory = module_starts.Factory(named, network_names.load(named), input_shape)
        made, _ = self._factory.made(0)
        self.weight_normed = self._factory.normed
        module_attention.convert(made, input_shape)
        self._parts = module_parts.parts(made, named)
        self.beside = self._parts.beside
        self._module = module_starts.copied(made, named)
        self.modules = paths_of(self._module)
        self._run: _Run | None = None
        # torch's own encoder would read its layers' weights instead of calling them.
        encoders = (nn.TransformerEncoder, nn.TransformerEncoderLayer)
        self._fast = not any(isinstance(each, encoders) for each in self._module.modules())
        self.outputs, self._calls = self._trace(input_shape)
        self.random = self._draws(input_shape)
        numbered = [path for path in self._calls if path in set(self._parts.layers)]
        self.layers = [
            layer_of(
                self._module.get_submodule(path),
                str(i),
                path,
                self._parts.layers[path],
                self._calls[path].times,
            )
            for i, path in enumerate(numbered, 1)
        ]
        self.weighted = [
            layer for layer in self.layers if layer.parameter("weight") not in self._parts.frozen
        ]
        self.own: dict[str, str] = {}
        self.paths: dict[str, str] = {}
        self.shapes: dict[str, Shape] = {}
        self.frozen: list[str] = []
        self._initial_buffers: dict[str, torch.Tensor] = {}
        self._name()
        self._convolutional = any(isinstance(layer, ConvLayer) for layer in self.layers)
        self._alone = self._made_alone(input_shape)
        self._replace()

    def fresh(self, seed: int) -> nn.Module:
        """Return a new module, made with random numbers from `seed`."""
        made, _ = self._factory.made(seed)
        return module_starts.copied(made, self.named)

    def left_behind(self, seed: int) -> module_starts.States:
        """Return the states of the global generators after a module is made from `seed`."""
        return self._factory.made(seed)[1]

    def start(self, seed: int) -> dict[str, np.ndarray]:
        """Return all parameters and buffers of one replicate as its module starts."""
        fresh = self.fresh(seed)
        found: dict[str, torch.Tensor] = dict(fresh.named_parameters(remove_duplicate=False))
        found |= dict(fresh.named_buffers(remove_duplicate=False))
        names = [*self.shapes, *self._initial_buffers]
        return {name: found[self.paths[name]].detach().numpy() for name in names}

    def shared(self, module: nn.Module) -> dict[str, torch.Tensor]:
        """Return name -> tensor of `module`, for the tensors that all replicates share."""
        return module_parts.shared(module, self._parts)

    @property
    def buffers(self) -> dict[str, Shape]:
        """Name of a buffer or of a frozen parameter -> shape without the replicate axis."""
        return {name: tuple(value.shape) for name, value in self._initial_buffers.items()}

    def initial_buffers(
        self, replicates: int, device: torch.device | None = None
    ) -> dict[str, torch.Tensor]:
        """Return places for the buffers [R, ...], filled with one replicate's start."""
        return repeated(self._initial_buffers, replicates, device)

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
        `affine`, `observe` and `outputs` as in `Network.logits`, except that a layer's outputs are
        taken before its activation.

        Raises:
            ValueError: if several replicates with parameters beside layers are to run as one batch,
                or those of a module that is random in training, in training.
        """
        members = len(parameters[f"{self.weighted[0].name}.weight"])
        as_one_batch = affine or observe or parameters.keys() - self.paths.keys()
        drawing = self.random and training
        by_nature = self._convolutional and images.device.type == "cpu"
        one_by_one = self.beside or by_nature or drawing
        with self.slowly():
            if one_by_one and not as_one_batch:
                own = images.expand(members, *images.shape[1:])
                return self._alone.logits(own, parameters, training=training, outputs=outputs)
            self._refuse_as_one_batch(members, drawing=drawing)
            beside = {path: parameters[f"own.{path}"][0] for path in self.beside}
            self._run = _Run(members, parameters, training, affine, observe, outputs)
            self._module.to(images.device).train(training)
            given = images.expand(members, *images.shape[1:]).flatten(0, 1)
            try:
                folded = torch.func.functional_call(self._module, beside, (given,))
            finally:
                self._run = None
        rows = self._logits_of(folded, members * images.shape[1], training)
        logits: torch.Tensor = rows.unflatten(0, (members, -1))
        return logits

    def _made_alone(self, input_shape: Shape) -> Alone:
        """Return what runs the unchanged module replicate by replicate."""
        copied = module_starts.copied(self._module, self.named)
        self.modules |= paths_of(copied)
        axes = {layer: self._calls[layer.path].inputs[1][0] or 0 for layer in self.weighted}
        alone = Alone(copied, axes, self.paths, self._logits_of)
        if self._convolutional:
            with self.slowly(), telling(self.named, "can't be run again", self.modules):
                alone.adapt(input_shape)
        return alone

    def _logits_of(self, found: Any, images: int, training: bool) -> torch.Tensor:
        return self.of_images(found, images, "training" if training else "evaluation")

    def reseed(self, seeds: Sequence[int]) -> None:
        """Let each replicate's next passes in training draw random numbers from its seed."""
        self._alone.seeds = seeds

    def _refuse_as_one_batch(self, members: int, *, drawing: bool) -> None:
        if drawing:
            raise ValueError(random_as_one_batch(self.named))
        if self.beside and members > 1:
            raise ValueError(
                f"networks: {self.named}: {few(self.beside)} is beside layers, and {members} "
                "replicates would share it as one batch; allowed: replicates one by one "
                "(replicates: [1, 1, ...] of the study), or a module of its own for it"
            )

    def of_images(self, found: Any, images: int, mode: str) -> torch.Tensor:
        """Return `found`, the module's result for so many images in training or evaluation.

        Raises:
            ValueError: if the result is not logits.
        """
        if isinstance(found, torch.Tensor) and found.dim() == 2 and len(found) == images:
            return found
        text = f"returns {_described(found, images)}"
        raise refused(self.named, "", self._module, f"{text}, in {mode}")

    @contextlib.contextmanager
    def slowly(self) -> Iterator[None]:
        """Make torch's encoders call their layers, instead of reading the layers' weights."""
        before = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(before and self._fast)
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(before)

    def end_epoch(self, buffers: Parameters) -> None:
        """Nothing changes between epochs."""

    def measured_statistics(
        self,
        parameters: Parameters,
        batches: Sequence[torch.Tensor],
        scaling: Callable[[torch.Tensor], torch.Tensor],
    ) -> dict[str, torch.Tensor]:
        """Return the running statistics [R, ...] that batches give, as `module_statistics` does."""
        with self.slowly():
            own = self.fresh(0), self.named, self.paths
            laid = self._alone.laid
            return module_statistics.measured(*own, parameters, batches, scaling, laid)

    def constants(self) -> list[torch.Tensor]:
        """Return the tensors that all replicates share, which nothing may change."""
        return [value.clone() for value in self._module.state_dict().values()]

    def _trace(self, input_shape: Shape) -> tuple[int, dict[str, Calls]]:
        """Run two images; return the number of logits, and path -> calls in running order."""
        size = " x ".join(map(str, input_shape))
        takes = {each.in_channels for each in self._module.modules() if isinstance(each, nn.Conv2d)}
        grey = len(input_shape) == 3 and input_shape[0] == 1 and 1 not in takes and 3 in takes
        hint = " (datasets.<name>.colour: true gives them three channels)" if grey else ""
        self._module.eval()

        def run(images: int) -> Any:
            given = module_starts.probe(images, input_shape)
            with telling(self.named, f"can't take images of {size}{hint}", self.modules):
                return self._module(given)

        paths = [*self._parts.layers, *self._parts.others]
        with module_starts.fenced(0), self.slowly(), torch.no_grad():
            calls, found = module_calls.calls(self._module, paths, run, self.named)
            outputs = self.of_images(found, 2, "evaluation").shape[1]
            unused = [path for path in paths if path not in calls]
            if any(path in self._parts.layers for path in unused):
                raise self._unused(unused, input_shape)
        for path in self._parts.layers:
            module = self._module.get_submodule(path)
            if isinstance(module, nn.Conv2d) and calls[path].inputs != {1: (0,)}:
                raise refused(
                    self.named, path, module, "is given images along another axis than the first"
                )
        return outputs, calls

    def _draws(self, input_shape: Shape) -> bool:
        """Return whether the module takes numbers from torch's global generator in training."""
        trained = module_starts.copied(self._module, self.named).train()
        with module_starts.fenced(0), self.slowly(), torch.no_grad():
            before = global_state.random_states()
            with contextlib.suppress(Exception):  # told by the check before training
                trained(module_starts.probe(4, input_shape))
            return "torch" in module_starts.differing(before, global_state.random_states())

    def _unused(self, paths: Sequence[str], input_shape: Shape) -> ValueError:
        """Return the error that names layers which evaluation never runs."""
        trained = module_starts.copied(self._module, self.named).train()
        modules = {path: called(path, self._module.get_submodule(path)) for path in paths}
        seen: dict[str, Calls] = {}
        with contextlib.suppress(Exception):
            given = functools.partial(module_starts.probe, shape=input_shape)
            seen, _ = module_calls.calls(trained, paths, lambda n: trained(given(n)), self.named)
        if seen:
            return ValueError(
                f"networks: {self.named}: {', '.join(modules[path] for path in seen)} is used in "
                "training only, so pruning it would change no result; allowed: layers that "
                "evaluation uses too"
            )
        return ValueError(f"networks: {self.named}: {', '.join(modules.values())} is never used")

    def _name(self) -> None:
        """Give names to all parameters and buffers."""
        module = self._module
        for layer in self.layers:
            for part, value in _parameters(module.get_submodule(layer.path)):
                self._add(f"{layer.name}.{part}", layer.parameter(part), value)
        for path in self.beside:
            self.own[f"own.{path}"] = path
            self._add(f"own.{path}", path, module.get_parameter(path))
        for path in self._parts.others:
            other = module.get_submodule(path)
            for name, value in other.named_parameters(path):
                self.own[f"own.{name}"] = name
                self._add(f"own.{name}", name, value)
            for name, buffer in other.named_buffers(path):
                self.own[f"own.{name}"] = self.paths[f"own.{name}"] = name
                self._initial_buffers[f"own.{name}"] = buffer.detach().clone()
        for name in self.own:
            if name.endswith(RESERVED):
                raise ValueError(
                    f"networks: {self.named}: the name of {self.own[name]} is in use; any other "
                    "will do"
                )

    def _add(self, name: str, path: str, value: torch.Tensor) -> None:
        self.paths[name] = path
        if path in self._parts.frozen:
            self.frozen.append(name)
            self._initial_buffers[name] = value.detach().clone()
        else:
            self.shapes[name] = tuple(value.shape)

    def _replace(self) -> None:
        """Make layers and other modules with parameters use the replicates' parameters."""
        for layer in self.layers:
            module = self._module.get_submodule(layer.path)
            module.forward = functools.partial(self._layer, layer)
            _hide_weights(module, layer.path, self.named)
        for path in self._parts.others:
            module = self._module.get_submodule(path)
            names = [name for name, inside in self.own.items() if inside.startswith(f"{path}.")]
            inner = {name: self.own[name].removeprefix(f"{path}.") for name in names}
            copied = module_starts.copied(module, self.named)
            self.modules |= {
                key: f"{path}.{below}" if below else path for key, below in paths_of(copied).items()
            }
            calls = self._calls.get(path, Calls())
            module.forward = functools.partial(self._other, copied, inner, calls)

    def _layer(self, layer: ModuleLayer, *given: Any, **named: Any) -> torch.Tensor:
        """Run a layer with weights on the values [R * B, ...] of all members."""
        (values,) = *given, *named.values()
        run = self._running(layer.path)
        (axis,) = self._calls[layer.path].inputs[1]
        first = values.movedim(axis, 0) if axis else values
        inputs = first.unflatten(0, (run.members, -1))
        looked_at = f"{layer.name}.weight" in self.shapes  # frozen layers are not observed
        if run.observe and looked_at:
            run.observe(layer, inputs)
        found = run.affine(layer, inputs) if run.affine and looked_at else None
        if found is None:
            found = layer.affine(inputs, run.parameters)
        if run.outputs and looked_at:
            run.outputs(layer, found, slice(None))
        folded = layer.folded(found)
        return folded.movedim(0, axis) if axis else folded

    def _other(
        self,
        module: nn.Module,
        inner: Mapping[str, str],
        calls: Calls,
        *given: Any,
        **named: Any,
    ) -> Any:
        """Run another module with parameters, member by member."""
        run, found = self._running(self.modules[id(module)]), []
        module.train(run.training)
        for member in range(run.members):
            tensors = {path: run.parameters[name][member] for name, path in inner.items()}
            values, options = module_calls.member((given, named), calls.inputs, member, run.members)
            found.append(torch.func.functional_call(module, tensors, values, options))
        return module_calls.joined(found, calls.outputs)

    def _running(self, path: str) -> _Run:
        """Return the current run; ValueError if a layer is called outside a run."""
        if self._run is None:
            raise refused(
                self.named,
                path,
                self._module.get_submodule(path),
                "is run again on the way back, as by torch.utils.checkpoint, when the parameters "
                "of replicates are gone; allowed: a forward that runs it once",
            )
        return self._run


def _described(found: Any, images: int) -> str:
    """Return a description of a module's wrong result and of the logits that are expected."""
    if isinstance(found, torch.Tensor):
        what = f"{list(found.shape)}"
    else:
        many = f" of {len(found)}" if isinstance(found, (tuple, list, dict)) else ""
        what = f"{type(found).__name__}{many}"
    return f"{what} for {images} images, expected logits [{images}, classes] alone"


def _parameters(layer: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the parameters of a layer by their names in it."""
    if not isinstance(layer, Projection):
        yield from layer.named_parameters()
        return
    yield "weight", layer.weight
    if layer.bias is not None:
        yield "bias", layer.bias


def _hide_weights(module: nn.Module, path: str, named: str) -> None:
    """Make a layer raise an error when a module reads its weights instead of calling it."""
    if isinstance(module, Projection):
        module.hide()
        return
    kind = type(module)

    def refuse(layer: nn.Module) -> None:
        raise refused(
            named, path, layer, "has its weight or bias read; allowed: calling the layer, no more"
        )

    module.register_parameter("weight", None)
    module.register_parameter("bias", None)
    module.__class__ = type(
        kind.__name__, (kind,), {"weight": property(refuse), "bias": property(refuse)}
    )
