"""What rules' scripts and make's commands share: a parser, and one clear line for bad input."""

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
from typing import NoReturn

from prunescape.foundations.messages import one_line
from prunescape.running import log_endings

WORKFLOW = Path(__file__).resolve().parents[2]


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return an argument parser that shows a script's docstring as it was written."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def run(main: Callable[[], None]) -> None:
    """Call `main`; bad input (ValueError) and unreadable files (OSError) end it with one line.

    Whatever ends it in another way, code of the user or a fault of ours, is named in a line too.
    Where stderr is a file, the log of a rule, that line is marked: `log_endings.reason` finds it.
    """
    if _logged():
        faulthandler.enable()
    try:
        with _ends_noted():
            main()
    except (ValueError, OSError) as error:
        _end(str(error))
    except SystemExit as error:
        place = _foreign(error.__traceback__)
        if not place:
            raise  # argparse, or ours: it has said why
        _end(f"{place} ended the program (SystemExit: {error.code})")
    except Exception as error:
        traceback.print_exc()
        place = _foreign(error.__traceback__)
        _end(f"{f'{place}: ' if place else ''}{type(error).__name__}: {error}")


def _end(reason: str) -> NoReturn:
    """End the script with status 1 and a reason."""
    script = Path(sys.argv[0]).name
    if not _logged():
        sys.exit(f"{script}: {reason}")
    with suppress(OSError):  # a full disk has no room for it
        sys.stdout.flush()  # else it would come after
    if "\n" in reason:
        print(f"{script}: {reason}", file=sys.stderr)
    # On a line of its own, whatever was printed before.
    print(f"\n{log_endings.failed(script, one_line(reason))}", file=sys.stderr, flush=True)
    sys.exit(1)


def _logged() -> bool:
    """Say whether stderr is a file."""
    try:
        return stat.S_ISREG(os.fstat(sys.stderr.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def _ends_noted() -> Iterator[None]:
    """Have the log say who ends this process past all handlers, with os._exit."""
    exits, process = os._exit, os.getpid()

    def noted(status: int) -> NoReturn:
        if os.getpid() == process and _logged():  # a fork may end so
            place = _place(sys._getframe(1))
            reason = f"{place} ended the program (os._exit: {status})"
            marked = log_endings.failed(Path(sys.argv[0]).name, reason)
            print(f"\n{marked}", file=sys.stderr, flush=True)
        exits(status)

    os._exit = noted
    try:
        yield
    finally:
        os._exit = exits


def _foreign(trace: TracebackType | None) -> str:
    """Return the last place on the way to an error that is neither ours nor of a package."""
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
    """Return a file as seen from here, if it is below."""
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)
