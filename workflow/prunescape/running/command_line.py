"""What rules' scripts and make's commands share: a parser, and one clear line for bad input."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return an argument parser that shows a script's docstring as it was written."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def run(main: Callable[[], None]) -> None:
    """Call `main`; bad input (ValueError) and unreadable files (OSError) end it with one line."""
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")
