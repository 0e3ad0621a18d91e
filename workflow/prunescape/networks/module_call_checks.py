"""Checks that one user's module computes an image's logits from that image alone (needs torch).

They run on made-up images, before `module_checks` compares replicates with the module, so that the
error message names the true cause.
"""

from collections.abc import Mapping

import torch

from prunescape.foundations import global_state
from prunescape.networks.module_errors import RefusedError, paths_of, telling
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.module_starts import differing, fenced
from prunescape.networks.module_watching import Decisions, Draws
from prunescape.networks.network import Shape

CALLS = 30  # calls of one module that look for a state it keeps
DECISIONS = 20  # decisions that are tried the other way round
SEED = 3  # of what a module draws in a call in training
TOLERANCE = 1e-4  # difference of logits, relative to the largest; orders of summation differ
MODES = {"training": True, "evaluation": False}


def check(network: ModuleNetwork, input_shape: Shape, modes: Mapping[str, bool] = MODES) -> None:
    """Run the module on its own.

    Args:
        network: the network.
        input_shape: shape of one image.
        modes: those of MODES in which it will run.

    Raises:
        ValueError: if it fails, returns no logits, is random, changes the images, keeps a state, or
            lets an image's logits depend on other images of the batch. In training it may draw from
            torch's global generator, and BatchNorm may look at other images; a decision in Python
            may not.
    """
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(2, 3, *input_shape, generator=generator)
    for mode in modes:
        with fenced(1), network.slowly(), torch.no_grad():
            first = _Alone(network, mode)
            expected = first(images[0])
            first.refuse_random(images[0])
            _refuse_state(network, mode, images, expected)
            _refuse_decisions(network, mode, images[0], expected)
    with fenced(1), network.slowly(), torch.no_grad():
        _refuse_mixing(network, images[0])


def check_batches(
    network: ModuleNetwork, input_shape: Shape, images: int, sizes: Mapping[str, int]
) -> None:
    """Try a batch of one image, if a training has one.

    Args:
        network: the network.
        input_shape: shape of one image.
        images: number of training images.
        sizes: key of the config -> batch size.

    Raises:
        ValueError: if a training's last batch has one image, and the module can't train on it.
    """
    single = {key: size for key, size in sizes.items() if images % size == 1 or size == 1}
    if not single:
        return
    key, size = next(iter(single.items()))
    fails = (
        f"can't be trained on one image alone, and {key}: {size} leaves one of {images} training "
        "images alone; allowed: another size"
    )
    image = torch.randn(1, *input_shape, generator=torch.Generator().manual_seed(2))
    with fenced(1), network.slowly(), torch.no_grad():
        _Alone(network, "training", fails)(image)


class _Alone:
    """A module in its initial state, run on its own and watched."""

    def __init__(self, network: ModuleNetwork, mode: str, fails: str = "") -> None:
        """`mode`: training or evaluation; `fails`: the error message if a run fails."""
        self._network, self._mode, self._fails = network, mode, fails
        self._module = network.fresh(1).train(MODES[mode])
        self._paths = paths_of(self._module)
        self._buffers = {k: v.clone() for k, v in self._module.named_buffers()}
        self._moved: list[str] = []
        self._seeded = MODES[mode] and network.random

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits of images [B, ...], with the buffers at their start."""
        for name, value in self._module.named_buffers():
            value.copy_(self._buffers[name])
        if self._seeded:
            torch.manual_seed(SEED)
        before, given = global_state.random_states(), images.clone()
        what = self._fails or f"can't be run in {self._mode}"
        with telling(self._network.named, what, self._paths):
            found = self._module(given)
        self._moved += differing(before, global_state.random_states())
        if not torch.equal(given, images):
            raise RefusedError(
                f"networks: {self._network.named} changes the images that it is given in "
                f"{self._mode}, which others are to see; allowed: operations that aren't in place"
            )
        return self._network.of_images(found, len(images), self._mode)

    def watched(
        self, images: torch.Tensor, changed: int | None = None
    ) -> tuple[torch.Tensor | None, Decisions]:
        """Return the logits, or None if the run fails, and the decisions that were met.

        `changed`: the position of the decision that is to be changed.
        """
        found = Decisions(images, self._network.named, self._paths, changed)
        with found:
            try:
                return self(images), found
            except RefusedError:
                return None, found

    def refuse_random(self, images: torch.Tensor) -> None:
        """Raise ValueError if an earlier call used random numbers, or a call with `images` does.

        Numbers that training seeds are let through: those of torch's global generator.
        """
        draws = Draws(self._network.named, self._paths)
        with draws:
            self(images)
        drawn, moved = draws.found, self._moved
        if self._seeded:
            drawn, moved = draws.own, [name for name in moved if name != "torch"]
        places = drawn or [f"random numbers of {name}" for name in moved]
        if places:
            raise RefusedError(
                f"networks: {self._network.named} is random in {self._mode} ({places[0]}): its "
                "replicates could not be computed again; allowed: in training, what torch's global "
                "generator gives, as for torch.nn.Dropout"
            )

    def numbers(self) -> dict[str, float]:
        """Return the numeric attributes of all submodules, and the lengths of their containers."""
        found = {}
        for path, module in self._module.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, (int, float)):
                    found[f"{path}.{name}".lstrip(".")] = value
                elif isinstance(value, (list, dict, set)) and not name.startswith("_"):
                    found[f"{path}.{name}".lstrip(".")] = len(value)
        return found


def _refuse_state(
    network: ModuleNetwork, mode: str, images: torch.Tensor, expected: torch.Tensor
) -> None:
    """Raise ValueError if a module's logits depend on its earlier calls."""
    other = _Alone(network, mode)(images[1])
    alone = _Alone(network, mode)
    numbers = []
    for call in range(CALLS):
        which = call % 2
        found = alone(images[which])
        if not _close(found, other if which else expected):
            raise RefusedError(
                f"networks: {network.named} gives other logits for the same images when it is "
                f"called again in {mode}: it keeps a state from call to call (a counter, a cache), "
                "or draws random numbers of its own; replicates could not be computed again"
            )
        numbers.append(alone.numbers())
    alone.refuse_random(images[0])
    changed = [name for name, value in numbers[-1].items() if value != numbers[-3].get(name)]
    if changed:
        raise RefusedError(
            f"networks: {network.named}: {changed[0]} changes with every call in {mode}; what "
            "depends on it would depend on the order of calls, and no checkpoint has it; allowed: "
            "a buffer in a module of its own, which every replicate has"
        )


def _refuse_decisions(
    network: ModuleNetwork, mode: str, images: torch.Tensor, expected: torch.Tensor
) -> None:
    """Raise ValueError if logits depend on a decision that Python takes by the images' numbers."""
    _, met = _Alone(network, mode).watched(images)
    for position, (place, is_choice) in enumerate(met.found[:DECISIONS]):
        found, _ = _Alone(network, mode).watched(images, position)
        if found is None and is_choice:
            continue  # a guard, which raises where something is wrong
        if found is None or not _close(found, expected):
            raise RefusedError(
                f"networks: {network.named} decides by the numbers of all images in {mode} "
                f"({place} looks at a tensor's value); replicates run as one batch, so the images "
                "of one would decide for others; allowed: torch.where, or shapes"
            )


def _refuse_mixing(network: ModuleNetwork, images: torch.Tensor) -> None:
    """Raise ValueError if an image's logits in evaluation depend on the rest of its batch."""
    expected = _Alone(network, "evaluation")(images)
    fails = "can't be run on a single image in evaluation"
    found = torch.cat([_Alone(network, "evaluation", fails)(image[None]) for image in images])
    if not _close(found, expected):
        raise RefusedError(
            f"networks: {network.named} mixes the images of a batch in evaluation: alone, one has "
            f"the logit {found[0, 0]:.6g} instead of {expected[0, 0]:.6g}; allowed: logits of each "
            "image by itself (BatchNorm with its running statistics)"
        )


def _close(found: torch.Tensor, expected: torch.Tensor) -> bool:
    if found.shape != expected.shape:
        return False
    most = max(1.0, float(expected.abs().max()))
    return torch.allclose(found, expected, rtol=0, atol=TOLERANCE * most)
