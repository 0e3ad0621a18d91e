"""Recognise what often lies in the place of a file of data: nothing, a web page, a pointer.

Or a file of another format than its ending says, which the ending's reader would call damaged.
"""

from pathlib import Path

from prunescape.data import own_sources

LOOKED_AT = 256  # bytes

PAGES = (b"<!doctype html", b"<html", b"<?xml")
POINTERS = {
    b"version https://git-lfs.github.com/": "git lfs pull",
    b"/annex/objects/": "git annex get",
}
FORMATS = {
    b"\x93NUMPY": ("one array, as numpy.save writes it", (".npy",)),
    b"PK\x03\x04": ("a zip archive, as numpy.savez, torch.save and Excel write them", (".npz",)),
    b"\x89HDF\r\n": ("HDF5", (".h5", ".hdf5", ".mat")),
    b"PAR1": ("parquet", (".parquet", ".pq")),
    b"\x1f\x8b": ("packed by gzip", (".csv.gz",)),
    b"MATLAB 5.0": ("a file of MATLAB", (".mat",)),
}
"""First bytes -> the format, and the endings that files of it have."""


def found(start: bytes) -> str:
    """Return in words what the first LOOKED_AT bytes of a file show; "" if they may be data."""
    if not start:
        return "it is empty"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(PAGES):
        return "it is a web page, as a download that needs a login or another address leaves it"
    for beginning, command in POINTERS.items():
        if text.startswith(beginning):
            return f"it is a pointer to the file; `{command}` brings the file itself"
    return ""


def of_picture(source: Path | bytes) -> str:
    """Return what a picture's file or bytes are instead; "" if that isn't known."""
    return found(source[:LOOKED_AT] if isinstance(source, bytes) else _start(source))


def refuse(path: Path) -> None:
    """Raise ValueError if a file is empty, a web page, a pointer, or of another ending's format."""
    start = _start(path)
    if what := found(start):
        raise ValueError(f"{path}: {what}")
    for beginning, (kind, endings) in FORMATS.items():
        if start.startswith(beginning) and own_sources.ending(path.name) not in endings:
            raise ValueError(f"{path}: it is {kind}; expected there: the ending {endings[0]}")


def _start(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(LOOKED_AT)
