"""What every script shares: the library on the path, and one clear line for bad input.

Imported first by each script. Running a script puts this folder on Python's path; the library is
the folder beside it.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return an argument parser that shows a script's docstring as it was written."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def structure(text: str) -> object:
    """Read an argument that is JSON; argparse reports what is not."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from None


def run(main: Callable[[], None]) -> None:
    """Call `main`; bad input (ValueError) and unreadable files (OSError) end it with one line."""
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")
