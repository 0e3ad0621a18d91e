"""Put the library on Python's path, and share the arguments and endings of scripts.

Every script imports this module first. Python puts a script's folder on the path, but the library
is in the folder above.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prunescape.running import forking

# Snakemake allows libraries as many threads as a job has; a job uses them for processes, each with
# one thread.
os.environ |= forking.ONE_THREAD
# A fork that has the libraries already does the work, if there is one to be had: all imports below
# and in the scripts, which import this module first, are then never come to.
forking.hand_over()

from prunescape.running import command_line, log_endings  # noqa: E402
from prunescape.running.command_line import parser  # noqa: E402

__all__ = [
    "add_computing",
    "add_network_files",
    "add_processes",
    "add_validation",
    "deciding",
    "parser",
    "run",
    "structure",
]


def add_network_files(parser: argparse.ArgumentParser) -> None:
    """Add the argument for the files of the user's code; if one is edited, training starts anew."""
    parser.add_argument(
        "--network-files",
        nargs="*",
        default=[],
        help="the user's files that define the network and the loss",
    )


def add_computing(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of scripts that compute with torch: the device and the precision."""
    parser.add_argument("--device", default="cpu", help="cpu, cuda or auto")
    parser.add_argument("--precision", default="highest", help="highest, high or medium")


def add_processes(parser: argparse.ArgumentParser) -> None:
    """Add the number of processes that share the work, which decides no bit."""
    parser.add_argument("--processes", type=int, default=1, help="at most so many share the work")


def add_validation(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of scripts that train: images that are held out, and when to look."""
    parser.add_argument(
        "--validation", nargs="*", default=[], help="split files on which accuracy is measured"
    )
    parser.add_argument(
        "--validate-every", type=int, default=0, help="epochs between two of these measurements"
    )


def deciding(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments that decide what a script makes: all but the number of processes."""
    return {name: value for name, value in vars(arguments).items() if name != "processes"}


def structure(text: str) -> object:
    """Read an argument that is JSON, or @ and the path of a JSON file; argparse reports errors.

    Rules pass values that grow with the config as files: Linux limits an argument to 131,071 bytes.
    """
    try:
        if text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:  # not JSON, or not UTF-8
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from None


def run(main: Callable[[], None]) -> None:
    """Call `main`; bad input (ValueError) and unreadable files (OSError) end it with one line.

    Otherwise stderr, which is a rule's log, ends with the script's cost: see `log_endings`.
    """
    started = time.process_time()
    # All scripts are imported by now; a user's import of the same name must not find one of them.
    here = Path(__file__).resolve().parent
    sys.path[:] = [folder for folder in sys.path if Path(folder).resolve() != here]
    command_line.run(main)
    sys.stdout.flush()
    print(log_endings.of_this_process(Path(sys.argv[0]).stem, started), file=sys.stderr)
