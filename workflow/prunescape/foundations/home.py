"""Paths in a user's home (standard library only)."""

from contextlib import suppress
from pathlib import Path


def expanded(path: str) -> str:
    """Return a path with the user's home for ~, where it names nothing as it stands.

    Of a user whom nobody knows the path stays as it is, so that it can be named as missing.
    """
    if path.startswith("~") and not Path(path).exists():
        with suppress(RuntimeError):
            return str(Path(path).expanduser())
    return path
