"""Put the library on Python's path, and share the parser and one-line errors of commands.

Every command imports this module first. Python puts a command's folder on the path, but the library
is in the folder above.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prunescape.running.command_line import parser, run

__all__ = ["parser", "run"]
