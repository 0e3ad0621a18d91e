"""Paths in a user's home (standard library only)."""

from contextlib import suppress
from pathlib import Path


def expanded(path: str) -> str:
    """Return a path with ~ replaced by the home folder, unless a file has the path as it stands.

    A path of an unknown user (~nobody/...) is returned unchanged; it is then reported as missing.
    """
    if path.startswith("~") and not Path(path).exists():
        with suppress(RuntimeError):
            return str(Path(path).expanduser())
    return path
