"""Turns an error in a user's module into one line that says where it was raised (needs torch)."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from torch import nn

from prunescape.foundations import network_names, user_files

Paths = Mapping[int, str]
"""id of a module -> its path in the network."""


class RefusedError(ValueError):
    """A module is not supported; the text is the whole line that the user sees."""


def paths_of(module: nn.Module) -> dict[int, str]:
    """Return the path of every module inside a network."""
    return {id(each): path for path, each in module.named_modules()}


def called(path: str, module: nn.Module) -> str:
    """Return a module's name in messages: its path in the network, and its type."""
    return f"{path or 'the module'} ({type(module).__name__})"


def refused(named: str, path: str, module: nn.Module, text: str) -> RefusedError:
    """Return the error that refuses a module inside a network.

    Args:
        named: path/to/file.py:name of the network.
        path: path of the module in the network.
        module: the module.
        text: what was found, and what is allowed.
    """
    return RefusedError(f"networks: {named}: {called(path, module)} {text}")


@contextlib.contextmanager
def telling(named: str, what: str, paths: Paths) -> Iterator[None]:
    """Turn every error that a user's module raises into one line.

    Args:
        named: path/to/file.py:name of the network.
        what: what the network can't do, such as "can't be run for several replicates".
        paths: paths of the modules that may run.

    Raises:
        RefusedError: with the module's path and type, the file and line, and the error's kind.
    """
    try:
        yield
    except (RefusedError, user_files.INTERRUPTIONS):
        raise
    except user_files.FAILURES as error:
        frames, trace = [], error.__traceback__
        while trace:
            frames.append(trace.tb_frame)
            trace = trace.tb_next
        inside = _innermost(frames, paths)
        path = network_names.split(named).place
        text = user_files.message(path, error, "when it is run")
        raise RefusedError(
            f"networks: {named} {what}: {inside + ': ' if inside else ''}{text}"
        ) from error


def running(named: str, paths: Paths) -> str:
    """Return the line of a network's file that runs now, and the module that runs it."""
    frames: list[FrameType] = []
    frame: FrameType | None = sys._getframe(1)
    while frame:
        frames.insert(0, frame)
        frame = frame.f_back
    path = network_names.split(named).place
    own = [f for f in frames if Path(f.f_code.co_filename).resolve() == Path(path).resolve()]
    line = f"{path}, line {own[-1].f_lineno}" if own else path
    inside = _innermost(frames, paths)
    return f"{line}: {inside}" if inside else line


def _innermost(frames: list[FrameType], paths: Paths) -> str:
    """Return the innermost module that has a running method; `frames` start at the outermost."""
    modules = [frame.f_locals.get("self") for frame in frames]
    found = [each for each in modules if isinstance(each, nn.Module) and id(each) in paths]
    return called(paths[id(found[-1])], found[-1]) if found else ""


def random_as_one_batch(named: str) -> str:
    """Return the message for a module that draws numbers and would train replicates as a batch."""
    return (
        f"networks: {named} is random in training, by dropout for example, and under a posterior, "
        "with optimiser.kind: psgd and in estimates of gradient noise all replicates run as one "
        "batch, which would share what is drawn; allowed: objective.kind: likelihood with other "
        "optimisers"
    )
