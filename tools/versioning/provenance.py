"""The provenance of versioned outputs: content and record of each, in one JSON file in git.

    format                 of this file
    record_format_version  of Snakemake's records in it
    inputs                 checksum of each file that the jobs read, as far as all records agree
    outputs                for each output: md5, sha256, and Snakemake's record

Keys are sorted and a record says of its inputs only what differs from `inputs`, so that git shows
in a few lines what changed between two snapshots.
"""

import json
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from . import files
from .files import Digests, Error
from .records import FORMAT as RECORD_FORMAT
from .records import Record

FORMAT = 1
STEP = 1.0
"""Seconds by which an output is dated before an input that changed: file systems round times."""


@dataclass(frozen=True)
class Output:
    """A versioned output: its content, and how Snakemake says it was made."""

    digests: Digests
    record: Record

    @property
    def end(self) -> float:
        """When its job ended, in seconds since 1970."""
        return float(self.record["endtime"])

    @property
    def checksums(self) -> dict[str, str]:
        """What Snakemake recorded of its inputs, as algorithm:digits."""
        found: dict[str, str] = self.record.get("input_checksums", {})
        return found


@dataclass(frozen=True)
class Provenance:
    """All versioned outputs of a workflow, by path."""

    outputs: dict[str, Output] = field(default_factory=dict)

    def below(self, names: Iterable[str]) -> "Provenance":
        """Return that part which lies at or below one of some paths."""
        names = list(names)
        return Provenance({path: o for path, o in self.outputs.items() if is_below(path, names)})

    def but(self, names: Iterable[str]) -> "Provenance":
        """Return the part that lies elsewhere."""
        names = list(names)
        return Provenance(
            {path: o for path, o in self.outputs.items() if not is_below(path, names)}
        )

    def only(self, paths: Container[str]) -> "Provenance":
        """Return the part of some outputs."""
        return Provenance({path: o for path, o in self.outputs.items() if path in paths})

    def __or__(self, other: "Provenance") -> "Provenance":
        return Provenance(self.outputs | other.outputs)


def is_below(path: str, names: Iterable[str]) -> bool:
    """Return whether a path is one of some paths, or in one of these folders."""
    return any(path == name or path.startswith(f"{name}/") for name in names)


def read(path: Path) -> Provenance:
    """Read a provenance file; Error if it is none, or of another format."""
    if not path.exists():
        raise Error(f"no {path.name} here: nothing was snapshot in this commit")
    return parse(path.read_text(encoding="utf-8"), path.name)


def parse(text: str, name: str) -> Provenance:
    """Return the provenance that a file `name` has as its text."""
    content = files.parse_json(text, name)
    if not isinstance(content, dict) or not {"format", "outputs"} <= set(content):
        raise Error(f"{name}: not a provenance file")
    for key, expected in (("format", FORMAT), ("record_format_version", RECORD_FORMAT)):
        if content.get(key) != expected:
            raise Error(
                f"{name}: {key} {content.get(key)}, expected {expected}: the snapshot was taken by "
                "another version of this tool or of Snakemake"
            )
    agreed = content["inputs"]
    return Provenance(
        {path: _unpacked(entry, agreed) for path, entry in content["outputs"].items()}
    )


def write(path: Path, provenance: Provenance) -> None:
    """Write a provenance file."""
    agreed = _agreed(output.checksums for output in provenance.outputs.values())
    content = {
        "format": FORMAT,
        "record_format_version": RECORD_FORMAT,
        "inputs": agreed,
        "outputs": {name: _packed(output, agreed) for name, output in provenance.outputs.items()},
    }
    files.write(path, json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n")


def times(
    provenance: Provenance,
    checksum: Callable[[str], str | None],
    mtime: Callable[[str], float],
) -> dict[str, float]:
    """Return the modification time of each output, in seconds since 1970.

    That is the end of its job. Snakemake looks into an input only if it is newer than the output;
    so where an input has other bytes than the record says and is older (edited before the pull, in
    a clone older than the run), the output is dated before it.

    Args:
        provenance: the outputs that are there, and intact.
        checksum: of a file as it is now, as algorithm:digits; None if it isn't there.
        mtime: of a file that isn't one of the outputs.
    """
    inputs = {path: output.record.get("input", ()) for path, output in provenance.outputs.items()}
    found: dict[str, float] = {}
    try:
        order = list(TopologicalSorter(inputs).static_order())
    except CycleError as error:
        raise Error(f"by their records, outputs were made of each other: {error.args[1]}") from None
    for path in order:
        if path not in provenance.outputs:
            continue
        output = provenance.outputs[path]
        changed = [
            found[name] if name in found else mtime(name)
            for name, recorded in output.checksums.items()
            if (actual := checksum(name)) is not None and actual != _with_algorithm(recorded)
        ]
        found[path] = min([output.end, *(time - STEP for time in changed)])
    return found


def unchecked(provenance: Provenance) -> list[str]:
    """Return the inputs of which a record holds no checksum: Snakemake judges them by time."""
    return sorted(
        {
            name
            for output in provenance.outputs.values()
            for name in output.record.get("input", ())
            if name not in output.checksums
        }
    )


def inputs(provenance: Provenance) -> list[str]:
    """Return every file that one of the outputs was made of."""
    return sorted({name for o in provenance.outputs.values() for name in o.record.get("input", ())})


def _with_algorithm(checksum: str) -> str:
    """Return a checksum as algorithm:digits; older versions of Snakemake left out sha256."""
    return checksum if ":" in checksum else f"sha256:{checksum}"


def _agreed(checksums: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the checksum of each input that most records state."""
    stated: dict[str, Counter[str]] = {}
    for found in checksums:
        for name, checksum in found.items():
            stated.setdefault(name, Counter())[checksum] += 1
    # The smaller of equally frequent ones, whatever the order of the records.
    return {name: min(c, key=lambda text: (-c[text], text)) for name, c in stated.items()}


def _packed(output: Output, agreed: Mapping[str, str]) -> dict[str, Any]:
    record = {key: value for key, value in output.record.items() if key != "input_checksums"}
    expected = {name: agreed[name] for name in record.get("input", ()) if name in agreed}
    stated = output.checksums
    differing = {
        name: stated.get(name)
        for name in {*expected, *stated}
        if stated.get(name) != expected.get(name)
    }
    if differing:
        record["input_checksums"] = differing
    return {**output.digests._asdict(), "record": record}


def _unpacked(entry: Mapping[str, Any], agreed: Mapping[str, str]) -> Output:
    record = dict(entry["record"])
    expected = {name: agreed[name] for name in record.get("input", ()) if name in agreed}
    stated = expected | record.get("input_checksums", {})
    record["input_checksums"] = {name: text for name, text in stated.items() if text is not None}
    return Output(Digests(entry["md5"], entry["sha256"]), record)
