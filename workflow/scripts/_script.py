"""Put the library on Python's path, and share the arguments and endings of scripts.

Every script imports this module first. Python puts a script's folder on the path, but the library
is in the folder above.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prunescape.running import command_line, log_endings
from prunescape.running.command_line import parser

__all__ = ["add_computing", "add_drawing", "add_network_files", "parser", "run", "structure"]


def add_network_files(parser: argparse.ArgumentParser) -> None:
    """Add the argument for the files of the user's code; if one is edited, training starts anew."""
    parser.add_argument(
        "--network-files", nargs="*", default=[], help="the user's files that define the network"
    )


def add_computing(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of scripts that compute with torch: the device and the precision."""
    parser.add_argument("--device", default="cpu", help="cpu, cuda or auto")
    parser.add_argument("--precision", default="highest", help="highest, high or medium")


def add_drawing(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of scripts that draw: the style's settings and the files."""
    parser.add_argument(
        "--settings",
        type=structure,
        default={},
        metavar="JSON",
        help="width in inches, font_size in points, dots_per_inch",
    )
    parser.add_argument("--outputs", required=True, nargs="+", metavar="FILE", help=".svg or .png")


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
