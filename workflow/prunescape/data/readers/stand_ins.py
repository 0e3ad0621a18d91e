"""Recognise what often lies in the place of a file of data: nothing, a web page, a pointer."""

from pathlib import Path

LOOKED_AT = 256  # bytes

PAGES = (b"<!doctype html", b"<html", b"<?xml")
POINTERS = {
    b"version https://git-lfs.github.com/": "git lfs pull",
    b"/annex/objects/": "git annex get",
}


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
    """Raise ValueError if a file is empty, a web page or a pointer."""
    if what := found(_start(path)):
        raise ValueError(f"{path}: {what}")


def _start(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(LOOKED_AT)
