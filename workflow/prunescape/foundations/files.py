"""Files on disk: safetensors, JSON and text, each written to a temporary name and then renamed.

A killed job therefore leaves the old file or the new one, never half a file; its temporary file is
removed when the file is next written. Reading never unpickles.
"""

import contextlib
import glob
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from safetensors import SafetensorError, safe_open

from prunescape.foundations import abandonment, file_locks
from prunescape.foundations.messages import one_line

Arrays = dict[str, np.ndarray]


class Chunked(Protocol):
    """An array that is never in memory as a whole, such as `data.image_rows.Rows`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""

    @property
    def dtype(self) -> np.dtype:
        """The type of its numbers."""

    def chunks(self) -> Iterator[np.ndarray]:
        """Yield its rows, some at a time and in their order."""


# The format's names of numpy's types, in the order in which it has tensors in a file: those whose
# numbers are longest come first. https://github.com/huggingface/safetensors, struct Dtype
_ORDER = ("U64", "I64", "F64", "F32", "U32", "I32", "F16", "U16", "I16", "I8", "U8", "BOOL")
_DTYPES = {
    name: np.dtype(bool if name == "BOOL" else f"{name[0].lower()}{int(name[1:]) // 8}")
    for name in _ORDER
}
_NAMES = {kind: name for name, kind in _DTYPES.items()}


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` if the block succeeds.

    Temporary files left by killed writers of `path` are removed. An OSError that names no file, or
    the temporary one, is raised with the name `path` instead. SystemExit, and nothing renamed, if
    nobody waits for this process's results any more.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(final)
    with _naming(final), _reserved(final) as temporary:
        try:
            yield temporary
            # Only the owner can read temporary files; the umask decides who reads results.
            umask = os.umask(0)
            os.umask(umask)
            with contextlib.suppress(PermissionError):  # a share or a drive without modes
                temporary.chmod(0o666 & ~umask)
            abandonment.end_if_abandoned()
            temporary.replace(final)
        except OSError as error:
            if error.filename == str(temporary):
                error.filename = None
            raise
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _naming(final: Path) -> Iterator[None]:
    """Add the name `final` to system errors that name no file."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(final)) from None


@contextlib.contextmanager
def _reserved(final: Path) -> Iterator[Path]:
    """Make a temporary file beside `final`, locked for as long as its writer lives."""
    while True:
        try:
            handle, name = tempfile.mkstemp(
                dir=final.parent, prefix=f".{final.name}.", suffix=final.suffix
            )
        except OSError as error:
            raise OSError(error.errno, error.strerror) from None
        _lock(handle)
        if os.fstat(handle).st_nlink:
            break
        os.close(handle)  # Removed as a leftover before it was locked.
    try:
        yield Path(name)
    finally:
        os.close(handle)


def _remove_leftovers(final: Path) -> None:
    """Remove the temporary files of `final` whose writers have ended."""
    # mkstemp adds eight characters; .<name>.swp, say, belongs to another program.
    for left in final.parent.glob(f".{glob.escape(f'{final.name}.')}????????{final.suffix}"):
        with contextlib.suppress(OSError), left.open("r+b") as opened:
            if _lock(opened.fileno()):
                left.unlink()


def _lock(handle: int) -> bool:
    """Lock an open file; return False if it is locked already or the system has no locks."""
    try:
        return file_locks.take(handle)
    except OSError:
        return False


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write `text` as UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Write `value` as JSON; NaN and infinities, which JSON lacks, raise ValueError."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def read_json(path: str | os.PathLike) -> Any:
    """Read a JSON file; ValueError names the file if it is not JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: not a JSON file ({error})") from None


def write_tensors(
    path: str | os.PathLike,
    tensors: Mapping[str, np.ndarray | Chunked],
    metadata: dict[str, Any],
) -> None:
    """Write named arrays as safetensors, `metadata` as JSON in its header.

    The bytes are those of safetensors' own `save`, which needs all of them in memory at once.
    ValueError for an array of a type that the format doesn't have, such as Python's objects.
    """
    names = sorted(tensors, key=lambda name: (_ORDER.index(_type_name(tensors[name])), name))
    # One entry: safetensors writes several entries in an order that varies between processes.
    header: dict[str, Any] = {"__metadata__": {"prunescape": json.dumps(metadata, sort_keys=True)}}
    end = 0
    for name in names:
        values = tensors[name]
        begin, end = end, end + math.prod(values.shape) * values.dtype.itemsize
        header[name] = {"dtype": _type_name(values), "shape": list(values.shape)}
        header[name]["data_offsets"] = [begin, end]
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with replacing(path) as temporary, temporary.open("wb") as opened:
        opened.write(len(text).to_bytes(8, "little") + text)
        for name in names:
            _write(opened, tensors[name])


def _type_name(values: np.ndarray | Chunked) -> str:
    """Return the format's name of an array's type; ValueError if it has none."""
    kind = values.dtype.newbyteorder("=")
    if kind not in _NAMES:
        raise ValueError(f"an array of {kind}, expected numbers of at most 64 bits, or booleans")
    return _NAMES[kind]


def _write(opened: BinaryIO, values: np.ndarray | Chunked) -> None:
    """Write an array's numbers, little-endian and in C order."""
    for chunk in [values] if isinstance(values, np.ndarray) else values.chunks():
        opened.write(np.asarray(chunk, chunk.dtype.newbyteorder("<"), order="C").data)


def read_tensors(path: str | os.PathLike, prefix: str = "") -> tuple[Arrays, dict[str, Any]]:
    """Return the named arrays and the metadata that `write_tensors` stored.

    Only arrays whose names begin with `prefix` are read. ValueError names the file if its header is
    missing, or it is truncated or not safetensors.
    """
    with _reading(path) as opened:
        names = [name for name in opened.keys() if name.startswith(prefix)]  # noqa: SIM118
        tensors = {name: opened.get_tensor(name) for name in names}
        # numpy's built-in types; packages may have registered others.
        if any(array.dtype.kind not in "biuf" for array in tensors.values()):
            raise TypeError("a tensor of a type that numpy does not have")
        return tensors, _metadata(opened)


def map_tensors(path: str | os.PathLike) -> tuple[Arrays, dict[str, Any]]:
    """Return the named arrays and the metadata of a file as `read_tensors` does, memory mapped.

    The arrays can't be written to. What is read of them comes from the file, and the system takes
    its memory back when others need it. As files are replaced by renaming, the arrays keep what the
    file had when it was mapped.
    """
    with _reading(path) as opened:  # which refuses whatever isn't whole
        metadata = _metadata(opened)
        whole = np.memmap(path, np.uint8, "r")
        size = 8 + int.from_bytes(whole[:8].tobytes(), "little")
        header = json.loads(whole[8:size].tobytes())
        if unknown := {header[name]["dtype"] for name in opened.keys()} - _DTYPES.keys():  # noqa: SIM118
            raise TypeError(f"a tensor of a type that numpy does not have: {min(unknown)}")
        found = {}
        for name in opened.keys():  # noqa: SIM118
            begin, end = (size + place for place in header[name]["data_offsets"])
            kind = _DTYPES[header[name]["dtype"]].newbyteorder("<")
            found[name] = whole[begin:end].view(kind).reshape(header[name]["shape"])
        return found, metadata


def read_metadata(path: str | os.PathLike) -> dict[str, Any]:
    """Return the metadata that `write_tensors` stored, without reading arrays.

    ValueError names the file as `read_tensors` does.
    """
    with _reading(path) as opened:
        return _metadata(opened)


@contextlib.contextmanager
def _reading(path: str | os.PathLike) -> Iterator[Any]:
    """Open a safetensors file; errors of the block name it."""
    try:
        with safe_open(path, framework="numpy") as opened:
            yield opened
    except (SafetensorError, json.JSONDecodeError, RecursionError, TypeError) as error:
        text = one_line(error)
        raise ValueError(f"{path}: not a readable safetensors file ({text})") from None
    except OSError as error:
        named = "" if str(path) in str(error) else f"{path}: "
        raise type(error)(f"{named}{error}") from None


def _metadata(opened: Any) -> dict[str, Any]:
    metadata = json.loads((opened.metadata() or {}).get("prunescape", "{}"))
    if not isinstance(metadata, dict):
        raise TypeError("metadata that are no JSON object")
    return metadata


def read_members(path: str | os.PathLike) -> tuple[Arrays, list[int]]:
    """Return a file's named arrays [R, ...] and the R replicates that its metadata lists.

    ValueError names the file if it lists no replicates, or an array's first axis isn't R long.
    """
    tensors, metadata = read_tensors(path)
    return tensors, members_of(path, tensors, metadata)


def members_of(path: str | os.PathLike, tensors: Arrays, metadata: dict[str, Any]) -> list[int]:
    """Return the replicates of what `read_tensors` read; ValueError as in `read_members`."""
    replicates = members(path, metadata)
    for name, array in tensors.items():
        if array.shape[:1] != (len(replicates),):
            raise ValueError(
                f"{path}: {name} is {list(array.shape)}, expected {len(replicates)} replicates"
            )
    return replicates


def members(path: str | os.PathLike, metadata: dict[str, Any]) -> list[int]:
    """Return the replicates that a file's metadata lists; ValueError if it lists none."""
    found = metadata.get("replicates")
    if not isinstance(found, list) or not all(isinstance(r, int) for r in found):
        raise ValueError(f"{path}: expected a list of replicates in the metadata")
    return found


def sha256(path: str | os.PathLike) -> str:
    """Return the file's SHA-256 as hexadecimal digits."""
    with open(path, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
