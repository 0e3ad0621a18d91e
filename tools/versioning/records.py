"""Snakemake's records: what it knows of how each output was made.

A record is a JSON file in .snakemake/metadata, under a name made of the output's path: rule, code,
params, inputs with their checksums, begin and end. Snakemake reruns a job whose record says
something else than the workflow does now, and never one that has no record. What is here was read
in snakemake/persistence of version 9.27 (record format 6).
"""

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

from . import files
from .files import Error

FORMAT = 6
"""Snakemake's RECORD_FORMAT_VERSION; a test compares it with the installed one."""

FOLDER = ".snakemake"
MODE = 0o660  # as Snakemake leaves its records

Record = dict[str, Any]


def check(root: Path) -> None:
    """Raise an Error unless `root` has records in files, and no run holds or left a lock."""
    if not (root / FOLDER / "metadata").is_dir():
        if (root / FOLDER / "metadata.db").exists():
            raise Error("Snakemake keeps its records in a database here; this reads only files")
        raise Error(f"no {FOLDER}/metadata here: run Snakemake first, in the workflow's folder")
    check_unlocked(root)


def check_unlocked(root: Path) -> None:
    """Raise an Error if a run is in progress, or was killed."""
    if any((root / FOLDER / "locks").glob("*.lock")):
        raise Error(
            "Snakemake has locked this folder: wait for its run, or if it was killed, give "
            "snakemake --unlock and finish it"
        )


def read(root: Path, output: str) -> Record | None:
    """Return the record of an output, None if there is none; Error if its format is another."""
    path = _place(root, "metadata", output)
    if not path.exists():
        return None
    record = files.read_json(path)
    version = record.get("record_format_version") if isinstance(record, dict) else None
    if version != FORMAT:
        raise Error(
            f"{output}: its record has format {version}, expected {FORMAT}: this tool and "
            "Snakemake are of different age"
        )
    return {key: value for key, value in record.items() if value is not None}


def write(root: Path, output: str, record: Record) -> None:
    """Write the record of an output."""
    # Without this folder, Snakemake takes the records for those of an older version.
    (root / FOLDER / "incomplete").mkdir(parents=True, exist_ok=True)
    files.write(_place(root, "metadata", output), json.dumps(record), MODE)
    # The output is whole, whatever a job that was killed on this path has left.
    _place(root, "incomplete", output).unlink(missing_ok=True)


def delete(root: Path, output: str) -> None:
    """Forget an output."""
    _place(root, "metadata", output).unlink(missing_ok=True)


def incomplete(root: Path) -> set[str]:
    """Return the outputs of jobs that began and did not end."""
    folder = root / FOLDER / "incomplete"
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {_output(path) for path in paths if path.name != "migration_underway"}


def _place(root: Path, kind: str, output: str) -> Path:
    """Return the file of an output's record, or of its mark of being incomplete."""
    folder = root / FOLDER / kind
    limit = 255
    if folder.is_dir():
        limit = os.pathconf(folder, "PC_NAME_MAX") or limit
    name = urlsafe_b64encode(output.encode()).decode()
    # What is too long for a file's name becomes folders, each of which begins with @.
    *folders, last = [name[i : i + limit - 1] for i in range(0, len(name), limit - 1)]
    return folder.joinpath(*(f"@{part}" for part in folders), last)


def _output(path: Path) -> str:
    """Return the output whose record lies at a path relative to the records' folder."""
    *folders, last = path.parts
    return urlsafe_b64decode("".join(part[1:] for part in folders) + last).decode()
