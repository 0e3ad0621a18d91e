"""Compute parts of an ensemble in processes side by side (standard library only).

A member's bits don't depend on its company, so the number of processes is a matter of speed alone.
A process is a fork: it shares the parent's data and modules without a copy, and has one thread, as
the parent has. It ends when the parent ends, however that ends.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple, TypeVar

from prunescape.running import command_line, log_endings

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class _Answer(NamedTuple):
    value: Any
    failure: str  # why there is no value, in one line
    memory: float  # peak, in MB
    earlier: float  # CPU seconds of a killed process whose work it took over


def divided(members: int, processes: int) -> list[range]:
    """Return the positions of an ensemble's members in parts, at most one a process.

    No part has more members than the first, and there are no more parts than that takes: a fourth
    process would not end the work on five members sooner than three (2, 2 and 1).
    """
    size = -(-members // max(1, processes))
    return [range(first, min(first + size, members)) for first in range(0, members, size)]


def spread(function: Callable[[int], T], parts: int, processes: int) -> list[T]:
    """Return [function(0), ..., function(parts - 1)], from some processes side by side.

    Args:
        function: gets the number of a part. Its value is pickled where there are several processes.
        parts: number of parts, at least 1.
        processes: the most processes at once. With 1, or where the system isn't Linux, the parts
            are computed in this process, one after the other.

    Raises:
        ValueError: if a part fails, with the line that would end the script; if a process is
            killed. The other processes are ended.
    """
    if min(parts, processes) == 1 or sys.platform != "linux":
        return [function(part) for part in range(parts)]
    found: dict[int, T] = {}
    running: dict[Connection, tuple[int, BaseProcess]] = {}
    waiting, memory = list(range(parts)), 0.0
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                part = waiting.pop(0)
                receiver, child = _begun(function, part)
                running[receiver] = part, child
            ended = connection.wait(list(running))
            for receiver in [each for each in running if each in ended]:
                part, child = running.pop(receiver)
                answer = _answer(receiver, child)
                found[part] = answer.value
                memory += answer.memory
                log_endings.count_earlier(answer.earlier)
    finally:
        for _, child in running.values():
            child.kill()
            child.join()
    log_endings.count_children(memory)
    return [found[part] for part in range(parts)]


def end_with(parent: int) -> None:
    """Have the system kill this process when its parent ends, however that ends (Linux only)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def _begun(function: Callable[[int], object], part: int) -> tuple[Connection, BaseProcess]:
    """Start a process for a part; return the end of a pipe at which its answer arrives."""
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_compute, args=(function, part, sender, os.getpid()))
    child.start()
    sender.close()  # so that the pipe ends with the child
    return receiver, child


def _compute(function: Callable[[int], object], part: int, sender: Connection, parent: int) -> None:
    """Send the value of a part, or why there is none; runs in a process of its own."""
    end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends this process
    value, failure, before = None, "", log_endings.earlier()
    try:
        value = function(part)
    except (Exception, SystemExit) as error:
        failure = command_line.explained(error)
    earlier = log_endings.earlier() - before
    sender.send(_Answer(value, failure, log_endings.peak_memory(), earlier))


def _answer(receiver: Connection, child: BaseProcess) -> _Answer:
    """Return what a process sent, once it has ended; ValueError if it failed or was killed."""
    answer: _Answer | None = None
    with suppress(EOFError, OSError), receiver:  # the pipe ended before the answer, or within it
        answer = receiver.recv()
    child.join()
    if answer is None:
        raise ValueError(f"one of the processes that share the work {_ended(child)}")
    if answer.failure:
        raise ValueError(answer.failure)
    return answer


def _ended(child: BaseProcess) -> str:
    """Return how a process ended that sent no answer."""
    status = child.exitcode or 0
    if status >= 0:
        return f"ended without an answer (exit status {status})"
    name = signal.Signals(-status).name
    likely = ", perhaps because memory ran out" if -status == signal.SIGKILL else ""
    return f"was ended by {name}{likely}"
