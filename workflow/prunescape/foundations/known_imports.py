"""The imports of source files, remembered between processes by the files' contents.

Every command reads the imports of some 250 files, and to parse them took a fifth of a dry run.
Standard library only.
"""

import hashlib
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from prunescape.foundations import python_source
from prunescape.foundations.python_source import Import, Imports

RECORD = Path(".snakemake/prunescape/imports.json")
"""What is remembered, with Snakemake's own records of the working folder."""
MOST = 5000
"""Files in the record; when edits have made more, it begins anew."""


def of(path: str | os.PathLike[str]) -> Imports:
    """Return the imports of a file.

    Raises:
        ValueError: if the file can't be read or is no Python, with the line.
    """
    known = _record().known
    key = _digest(python_source.content(path))
    if key not in known:
        known[key] = python_source.read(path).imports
    return known[key]


def remember() -> None:
    """Write what this process has learned; nothing where the folder can't be written to."""
    record = _record()
    if len(record.known) == record.written:
        return
    record.written = len(record.known)
    temporary = RECORD.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        RECORD.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"reader": _reader(), "imports": record.known})
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(RECORD)


@dataclass
class _Record:
    known: dict[str, Imports]
    """Digest of a file's contents -> its imports."""
    written: int
    """How many of them are on disk."""


@cache
def _record() -> _Record:
    try:
        record = json.loads(RECORD.read_text(encoding="utf-8"))
        entries = record["imports"] if record["reader"] == _reader() else {}
        known = {key: Imports(*map(_imports, kinds)) for key, kinds in entries.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # none yet, or damaged
        known = {}
    if len(known) > MOST:
        known = {}
    return _Record(known, len(known))


def _imports(entries: Any) -> tuple[Import, ...]:
    return tuple(Import(tuple(module), level, tuple(names)) for module, level, names in entries)


@cache
def _reader() -> str:
    """Return a digest of what reads imports: another parser or code may find others."""
    return _digest(sys.version.encode() + Path(python_source.__file__).read_bytes())


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
