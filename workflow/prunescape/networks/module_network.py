"""An ordinary torch.nn.Module as a network of R replicates (needs torch).

The module comes from a file of the user, path/to/file.py:name, where name is a class or a function
that returns the module when it is called without arguments. All replicates run through it at once,
as one batch [R * B, ...]: what has no parameters (activations, pooling, additions) sees more
images and nothing else. Layer by layer, parameters make the difference:

- Every nn.Linear and nn.Conv2d is replaced by batched products (`module_layers`). Their weights
  are what is pruned and what gets a posterior. They are called "1", "2", ... in the order in which
  they are run, like the layers of networks that the config describes.
- Other modules with parameters or buffers of their own, such as BatchNorm or LayerNorm, run member
  by member with torch.func.functional_call. Their parameters are point estimates that are never
  pruned; they are called "own.<path>".

BatchNorm therefore works as it does in torch: in training each replicate is normalised by its own
batch and moves its own running statistics; everything else (scores, moments, evaluation) is done
with the running statistics as training left them. Pruning without training afterwards leaves them
as they are, and under a posterior they have seen sampled activations.
"""

import copy
import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from prunescape.foundations import user_files
from prunescape.networks.module_layers import ConvLayer, ModuleLayer, layer_of
from prunescape.networks.network import Affine, Observe, Parameters, Shape

RESERVED = (".rho", ".sigma", ".noise")  # what fits store beside a parameter


@dataclass
class _Run:
    """What the replaced layers need to know while the module runs."""

    members: int
    parameters: Parameters
    training: bool
    affine: Affine | None
    observe: Observe | None
    outputs: Observe | None


class ModuleNetwork:
    """A network made of a user's module; `interfaces.ReplicatedNetwork` says what all have.

    Attributes:
        named: path/to/file.py:name.
        weighted: the layers with weights, in the order in which they are run.
        own: "own.<path>" -> path, of the other parameters and buffers.
        paths: name -> path in the module, of all parameters and buffers.
        shapes: parameter name -> shape without the replicate axis.
        outputs: how many logits an image has.
    """

    chained = False  # which layer feeds which is the module's own matter
    input_major: Collection[str] = ()

    def __init__(self, named: str, input_shape: Shape) -> None:
        """`input_shape`: of one image, (channels, height, width) or (features,).

        Raises:
            ValueError: if the file can't be run, what it names gives no module, the module can't
                take such images, or has parameters that can't be kept apart for replicates.
        """
        self.named = named
        self.path, _ = user_files.split(named)
        self._factory = user_files.load(named)
        self._run: _Run | None = None
        self._module = self.fresh(0)
        replaced, others = _sorted_out(self._module, named)
        self.outputs, calls = self._trace(replaced, input_shape)
        self.weighted = [
            layer_of(self._module.get_submodule(path), str(number), path, count)
            for number, (path, count) in enumerate(calls.items(), 1)
        ]
        self.shapes: dict[str, Shape] = {}
        for layer in self.weighted:
            self.shapes[f"{layer.name}.weight"] = layer.shape
            if layer.bias:
                self.shapes[f"{layer.name}.bias"] = layer.shape[:1]
        self.own: dict[str, str] = {}
        self._initial_buffers: dict[str, torch.Tensor] = {}
        for path in others:
            module = self._module.get_submodule(path)
            for name, value in module.named_parameters(path):
                self.own[f"own.{name}"] = name
                self.shapes[f"own.{name}"] = tuple(value.shape)
            for name, value in module.named_buffers(path):
                self.own[f"own.{name}"] = name
                self._initial_buffers[f"own.{name}"] = value.detach().clone()
        for name in self.own:
            if name.endswith(RESERVED):
                raise ValueError(
                    f"networks: {named}: the name of {self.own[name]} is in use; any other will do"
                )
        self.paths = self.own | {
            f"{layer.name}.{part}": f"{layer.path}.{part}"
            for layer in self.weighted
            for part in ("weight", "bias")
            if f"{layer.name}.{part}" in self.shapes
        }
        self._convolutional = any(isinstance(layer, ConvLayer) for layer in self.weighted)
        self._alone = copy.deepcopy(self._module)
        self._replace(others)

    def fresh(self, seed: int) -> nn.Module:
        """Return a new module, as torch's random numbers from `seed` on make it."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            try:
                module = self._factory()
            except Exception as error:
                raise ValueError(f"networks: {user_files.told(self.path, error)}") from error
        if not isinstance(module, nn.Module):
            raise ValueError(
                f"networks: {self.named} gives {type(module).__name__}, expected a torch.nn.Module "
                "when it is called without arguments"
            )
        return module.float()

    def start(self, seed: int) -> dict[str, np.ndarray]:
        """Return all parameters of one replicate as its module starts."""
        fresh = dict(self.fresh(seed).named_parameters(remove_duplicate=False))
        return {name: fresh[self.paths[name]].detach().numpy() for name in self.shapes}

    @property
    def buffers(self) -> dict[str, Shape]:
        """Buffer name -> shape without the replicate axis."""
        return {name: tuple(value.shape) for name, value in self._initial_buffers.items()}

    def initial_buffers(
        self, replicates: int, device: torch.device | None = None
    ) -> dict[str, torch.Tensor]:
        """Return the buffers [R, ...] at the start of training."""
        return {
            name: value.to(device).repeat(replicates, *[1] * value.dim())
            for name, value in self._initial_buffers.items()
        }

    def logits(
        self,
        images: torch.Tensor,
        parameters: Parameters,
        affine: Affine | None = None,
        *,
        training: bool = False,
        observe: Observe | None = None,
        outputs: Observe | None = None,
    ) -> torch.Tensor:
        """Return logits [R, B, classes] of scaled images [R or 1, B, ...].

        `parameters` holds the buffers too; with `training` they are brought up to date in place.
        `affine`, `observe` and `outputs` as in `Network.logits`; what a layer puts out is what
        comes before its activation.
        """
        members = len(parameters[f"{self.weighted[0].name}.weight"])
        as_one_batch = affine or observe or outputs or parameters.keys() - self.paths.keys()
        if self._convolutional and images.device.type == "cpu" and not as_one_batch:
            return self._by_member(images.expand(members, *images.shape[1:]), parameters, training)
        self._run = _Run(members, parameters, training, affine, observe, outputs)
        self._module.to(images.device).train(training)
        try:
            folded = self._module(images.expand(members, *images.shape[1:]).flatten(0, 1))
        finally:
            self._run = None
        return folded.unflatten(0, (members, -1))

    def _by_member(
        self, images: torch.Tensor, parameters: Parameters, training: bool
    ) -> torch.Tensor:
        """Run the module as it is, replicate by replicate: its images then fit into the cache.

        Convolutions have no batched product to gain by; ResNet-20 takes two thirds of the time.
        """
        self._alone.train(training)
        named = {self.paths[name]: value.unbind() for name, value in parameters.items()}
        return torch.stack(
            [
                torch.func.functional_call(
                    self._alone, {path: values[member] for path, values in named.items()}, (own,)
                )
                for member, own in enumerate(images)
            ]
        )

    def end_epoch(self, buffers: Parameters) -> None:
        """Nothing changes between epochs."""

    def constants(self) -> list[torch.Tensor]:
        """Return the tensors that all replicates share, which nothing may change."""
        return [value.clone() for value in self._module.state_dict().values()]

    def _trace(self, replaced: Sequence[str], input_shape: Shape) -> tuple[int, dict[str, int]]:
        """Run two images; return the number of logits, and path -> calls in the order of calls."""
        calls: dict[str, int] = {}

        def note(path: str, *_: Any) -> None:
            calls[path] = calls.get(path, 0) + 1

        hooks = [
            self._module.get_submodule(path).register_forward_pre_hook(
                functools.partial(note, path)
            )
            for path in replaced
        ]
        images = torch.linspace(-1, 1, 2 * int(np.prod(input_shape))).view(2, *input_shape)
        try:
            with torch.no_grad():
                found = self._module.eval()(images)
        except Exception as error:
            size = " x ".join(map(str, input_shape))
            raise ValueError(
                f"networks: {self.named} can't take images of {size}: "
                f"{user_files.told(self.path, error)}"
            ) from error
        finally:
            for hook in hooks:
                hook.remove()
        if not isinstance(found, torch.Tensor) or found.dim() != 2 or len(found) != 2:
            shape = list(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
            raise ValueError(
                f"networks: {self.named} returns {shape} for 2 images, expected logits [2, classes]"
            )
        if unused := [path for path in replaced if path not in calls]:
            raise ValueError(f"networks: {self.named}: {', '.join(unused)} is never used")
        return found.shape[1], calls

    def _replace(self, others: Sequence[str]) -> None:
        """Let the layers and the other modules with parameters take those of the replicates."""
        for layer in self.weighted:
            module = self._module.get_submodule(layer.path)
            # Gone, so that a module that reads them instead of calling its layer is found out.
            module.weight = module.bias = None
            module.forward = functools.partial(self._layer, layer)
        for path in others:
            module = self._module.get_submodule(path)
            names = [name for name, inside in self.own.items() if inside.startswith(f"{path}.")]
            inner = {name: self.own[name].removeprefix(f"{path}.") for name in names}
            module.forward = functools.partial(self._other, copy.deepcopy(module), inner)

    def _layer(self, layer: ModuleLayer, values: torch.Tensor) -> torch.Tensor:
        """Run a layer with weights: values [R * B, ...] of all members."""
        run = self._run
        inputs = values.unflatten(0, (run.members, -1))
        if run.observe:
            run.observe(layer, inputs)
        found = run.affine(layer, inputs) if run.affine else None
        if found is None:
            found = layer.affine(inputs, run.parameters)
        if run.outputs:
            run.outputs(layer, found)
        return layer.folded(found)

    def _other(
        self, module: nn.Module, inner: Mapping[str, str], *values: Any, **named: Any
    ) -> Any:
        """Run another module with parameters, member by member."""
        run, found = self._run, []
        module.train(run.training)
        for member in range(run.members):
            tensors = {path: run.parameters[name][member] for name, path in inner.items()}
            given = tuple(_member(value, member, run.members) for value in values)
            options = {key: _member(value, member, run.members) for key, value in named.items()}
            found.append(torch.func.functional_call(module, tensors, given, options))
        return _joined(found)


def _member(value: Any, member: int, members: int) -> Any:
    """Return a member's part of a batch [R * B, ...]; what is no tensor is the same for all."""
    return value.chunk(members)[member] if isinstance(value, torch.Tensor) else value


def _joined(found: Sequence[Any]) -> Any:
    """Undo `_member` for what the members returned."""
    if isinstance(found[0], torch.Tensor):
        return torch.cat(list(found))
    if isinstance(found[0], tuple):
        return tuple(_joined(each) for each in zip(*found, strict=True))
    return found[0]


def _sorted_out(module: nn.Module, named: str) -> tuple[list[str], list[str]]:
    """Return the paths of the layers with weights, and of other modules with parameters.

    ValueError for parameters that aren't in a module of their own, or in two of them.
    """
    layers: list[str] = []
    others: list[str] = []
    owners: dict[int, str] = {}
    for path, each in module.named_modules():
        if any(path == other or path.startswith(f"{other}.") for other in others):
            continue  # part of a module that runs as a whole
        direct = dict(each.named_parameters(recurse=False))
        if isinstance(each, (nn.Linear, nn.Conv2d)):
            layers.append(path)
        elif direct or (dict(each.named_buffers(recurse=False)) and not list(each.children())):
            inside = [m for m in each.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
            if inside and not type(each).__module__.startswith("torch.nn"):
                raise ValueError(
                    f"networks: {named}: {', '.join(direct)} of {path or 'the module'} is beside "
                    "layers; put it into a module of its own, which the layers' module calls"
                )
            others.append(path)
            direct = dict(each.named_parameters())
        for name, parameter in direct.items():
            other = owners.setdefault(id(parameter), f"{path}.{name}")
            if other != f"{path}.{name}":
                raise ValueError(
                    f"networks: {named}: {path}.{name} and {other} are one parameter; call one "
                    "layer twice instead"
                )
    if not layers:
        raise ValueError(f"networks: {named} has no nn.Linear and no nn.Conv2d to prune")
    return layers, others
