"""Global state of the process that a user's code may change, and its restoration afterwards.

numpy's and torch's state counts once they are imported; nothing imports them here. Standard library
only.
"""

import contextlib
import functools
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


class _Setting(NamedTuple):
    read: Callable[[], Any]
    write: Callable[[Any], object]


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Restore the process's global state after the block.

    It is: the states of the global random generators, torch's defaults, numpy's treatment of
    floating-point errors, warning filters, the working directory, the command line, `sys.path`, the
    limit of recursion, `sys.stdout` and `sys.stderr`.
    """
    folder, arguments, path = Path.cwd(), sys.argv, list(sys.path)
    streams, limit = (sys.stdout, sys.stderr), sys.getrecursionlimit()
    settings = [*_generators().values(), *_settings()]
    before = [setting.read() for setting in settings]
    with warnings.catch_warnings():
        try:
            yield
        finally:
            os.chdir(folder)
            sys.argv = arguments
            sys.stdout, sys.stderr = streams
            sys.setrecursionlimit(limit)
            extra = added(path)
            sys.path[:] = path + [each for each in sys.path if each not in [*path, *extra]]
            for setting, value in zip(settings, before, strict=True):
                if _comparable(setting.read()) != _comparable(value):
                    setting.write(value)


def added(path: list[str]) -> list[str]:
    """Return the folders that were added to `sys.path` since it was `path`.

    Folders inside site-packages or dist-packages don't count: installed packages add them.
    """
    installed = [each for each in path if Path(each).name in ("site-packages", "dist-packages")]
    new = [each for each in sys.path if each not in path]
    return [each for each in new if not any(Path(each).is_relative_to(root) for root in installed)]


def random_states() -> dict[str, object]:
    """Return the states of the global generators of random numbers; equal ones compare equal."""
    return {name: _comparable(setting.read()) for name, setting in _generators().items()}


def seed(value: int) -> None:
    """Seed the global generators of random numbers."""
    random.seed(value)
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy:
        numpy.random.seed(value % 2**32)  # numpy takes 32 bits
    if torch:
        torch.default_generator.manual_seed(value)


def _generators() -> dict[str, _Setting]:
    """Return library -> its global generator, for the libraries that are imported."""
    found = {"random": _Setting(random.getstate, random.setstate)}
    if numpy := sys.modules.get("numpy"):
        found["numpy.random"] = _Setting(
            lambda: numpy.random.get_state(legacy=False), numpy.random.set_state
        )
    if torch := sys.modules.get("torch"):
        found["torch"] = _Setting(
            lambda: torch.get_rng_state().numpy(),
            lambda state: torch.set_rng_state(torch.from_numpy(state)),
        )
        if torch.cuda.is_initialized():
            found["torch.cuda"] = _Setting(
                lambda: [each.numpy() for each in torch.cuda.get_rng_state_all()],
                lambda states: torch.cuda.set_rng_state_all([*map(torch.from_numpy, states)]),
            )
    return found


def _settings() -> list[_Setting]:
    """Return the other settings that are restored, for the libraries that are imported."""
    found = []
    if numpy := sys.modules.get("numpy"):
        found.append(_Setting(numpy.geterr, lambda value: numpy.seterr(**value)))
    if torch := sys.modules.get("torch"):
        cudnn = torch.backends.cudnn
        found += [
            _Setting(torch.get_default_dtype, torch.set_default_dtype),
            # The setter wraps every call of torch; None removes the wrapper.
            _Setting(torch.get_default_device, lambda _: torch.set_default_device(None)),
            _Setting(torch.get_num_threads, torch.set_num_threads),
            _Setting(torch.is_grad_enabled, torch.set_grad_enabled),
            _Setting(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
            _Setting(_flushes_denormal, torch.set_flush_denormal),
            _Setting(
                torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms
            ),
            _Setting(lambda: cudnn.benchmark, functools.partial(setattr, cudnn, "benchmark")),
            _Setting(
                lambda: cudnn.deterministic, functools.partial(setattr, cudnn, "deterministic")
            ),
        ]
    return found


def _flushes_denormal() -> bool:
    """Return whether this thread flushes subnormal numbers to 0."""
    smallest = sys.float_info.min
    return smallest * sys.float_info.epsilon == 0  # names, so that Python can't fold the product


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _comparable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_comparable(each) for each in value]
    return value.tobytes() if hasattr(value, "tobytes") else value
