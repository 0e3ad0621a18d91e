"""What every command shares: the library on the path, and one clear line for bad input.

Imported first by each command. Running one puts this folder on Python's path; the library is the
folder beside it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prunescape.running.command_line import parser, run

__all__ = ["parser", "run"]
