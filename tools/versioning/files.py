"""Files on disk: their checksums, and writing them so that a kill leaves the old or the new."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

CHUNK = 1 << 20


class Error(Exception):
    """What keeps a command from going on, in one line for its user."""


class Digests(NamedTuple):
    """Both checksums of a file: DVC names its objects by MD5, SHA-256 confirms content."""

    md5: str
    sha256: str


def digests(path: Path) -> Digests:
    """Return both checksums of a file, which is read once."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            md5.update(chunk)
            sha256.update(chunk)
    return Digests(md5.hexdigest(), sha256.hexdigest())


def md5(path: Path) -> str:
    """Return the MD5 of a file."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def below(root: Path, name: str) -> Iterator[str]:
    """Yield the files that a name stands for, relative to `root`: itself, or all in the folder."""
    path = root / name
    if path.is_file():
        yield name
    elif path.is_dir():
        for folder, _, names in os.walk(path):
            for file in names:
                yield (Path(folder) / file).relative_to(root).as_posix()


def write(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a text file whole or not at all; `mode` is subject to the umask."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(text)
        change_mode(Path(name), permitted(mode))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def change_mode(path: Path, mode: int) -> None:
    """Change a file's mode, where files have one: on some shares and drives they don't."""
    with contextlib.suppress(PermissionError):
        path.chmod(mode)


def permitted(mode: int) -> int:
    """Return what the umask leaves of a file's permissions."""
    umask = os.umask(0)
    os.umask(umask)
    return mode & ~umask


def read_json(path: Path) -> Any:
    """Read a JSON file; what is no JSON is an Error that names the file."""
    return parse_json(path.read_text(encoding="utf-8", errors="replace"), str(path))


def parse_json(text: str, name: str) -> Any:
    """Return what the text of the JSON file `name` says."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Error(f"{name}: not a JSON file ({error})") from None


def few(names: list[str], limit: int = 5) -> str:
    """Return the first names of a list, and how many more there are, for a message."""
    shown = ", ".join(names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown
