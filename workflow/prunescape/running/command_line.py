"""The parser and the one-line errors that rules' scripts and make's commands share."""

import argparse
import faulthandler
import os
import stat
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, TextIO

from prunescape.foundations.messages import one_line
from prunescape.running import log_endings

WORKFLOW = Path(__file__).resolve().parents[2]


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return an argument parser that shows a script's docstring with its line breaks."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def run(main: Callable[[], None]) -> None:
    """Call `main`; bad input (ValueError) and unreadable files (OSError) end it with one line.

    Any other ending, by the user's code or a fault of ours, prints a line with its place too. If
    stderr is a file, as a rule's log is, the line is marked so that `log_endings.reason` finds it.
    """
    log = _log()
    if log:
        faulthandler.enable(log)
    try:
        with _ends_noted(log):
            main()
    except SystemExit as error:
        if not _foreign(error.__traceback__):
            raise  # argparse's or ours, after its message
        _end(explained(error, log), log)
    except Exception as error:
        _end(explained(error, log), log)


def explained(error: Exception | SystemExit, log: TextIO | None = None) -> str:
    """Return why an error ends a script; print the traceback of one that isn't expected.

    Args:
        error: the error.
        log: where the traceback goes; None: to stderr.
    """
    if isinstance(error, (ValueError, OSError)):
        return str(error)
    place = _foreign(error.__traceback__)
    if isinstance(error, SystemExit):
        return f"{place or 'the script'} ended the program (SystemExit: {error.code})"
    traceback.print_exc(file=log)
    return f"{f'{place}: ' if place else ''}{type(error).__name__}: {error}"


def _end(reason: str, log: TextIO | None) -> NoReturn:
    """Print a reason and end the script with status 1."""
    script = Path(sys.argv[0]).name
    if not log:
        sys.exit(f"{script}: {reason}")
    for stream in (sys.stdout, sys.stderr):
        # The disk may be full, or the user's code has closed the stream.
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()  # else its text would follow the reason
    if "\n" in reason:
        print(f"{script}: {reason}", file=log)
    # The line break first: the last line in the log may lack one.
    print(f"\n{log_endings.failed(script, one_line(reason))}", file=log, flush=True)
    sys.exit(1)


def _log() -> TextIO | None:
    """Return a stream to stderr's file, which works on if code of the user closes or replaces it.

    None if stderr is no file.
    """
    with suppress(OSError, ValueError, AttributeError):
        number = sys.stderr.fileno()
        if stat.S_ISREG(os.fstat(number).st_mode):
            return open(os.dup(number), "w", encoding="utf-8", errors="backslashreplace")
    return None


@contextmanager
def _ends_noted(log: TextIO | None) -> Iterator[None]:
    """Log the place of a call of os._exit, which ends the process past all handlers."""
    exits, process = os._exit, os.getpid()

    def noted(status: int) -> NoReturn:
        if os.getpid() == process and log:  # forks end with os._exit too
            place = _place(sys._getframe(1))
            reason = f"{place} ended the program (os._exit: {status})"
            marked = log_endings.failed(Path(sys.argv[0]).name, reason)
            print(f"\n{marked}", file=log, flush=True)
        exits(status)

    os._exit = noted
    try:
        yield
    finally:
        os._exit = exits


def _foreign(trace: TracebackType | None) -> str:
    """Return the last place in a traceback that is neither in our code nor in a package; or ""."""
    packages = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")]
    known = [WORKFLOW, *packages, *(folder.resolve() for folder in packages)]
    found = ""
    for frame, line in traceback.walk_tb(trace):
        name = frame.f_code.co_filename
        file = Path(name).resolve()
        if name[:1] != "<" and not any(file.is_relative_to(folder) for folder in known):
            found = f"{_shown(file)}, line {line}"
    return found


def _place(frame: FrameType) -> str:
    return f"{_shown(Path(frame.f_code.co_filename))}, line {frame.f_lineno}"


def _shown(file: Path) -> str:
    """Return a file's path, relative to the working folder if it is inside."""
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)
