"""Have tools/convert.py turn a file of torch.save into safetensors, in a process of its own.

Standard library only.
"""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[3] / "tools" / "convert.py"
"""The only program of the project that unpickles."""


def convert(old: str | os.PathLike, new: str | os.PathLike) -> str:
    """Write the weights in the file `old` to the safetensors file `new`.

    Returns:
        What was done, some lines.

    Raises:
        ValueError: with the program's line, if `old` can't be read so; `new` is as it was then.
    """
    command = [sys.executable, str(PROGRAM), str(old), str(new)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.strip())
    return done.stdout
