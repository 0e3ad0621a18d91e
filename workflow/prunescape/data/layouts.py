"""The layout of a user's folder: the files that count, and the class folders.

The workflow imports this module when it is parsed, so it needs the standard library only.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from prunescape.data import array_names
from prunescape.foundations.messages import few

DEEPEST = 6  # levels of folders below the named one: a wrapping folder, the part, the class, ...

# Left by operating systems and their file managers, in lower case.
SYSTEM = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir"),
    *("$recycle.bin", "system volume information"),
}
# Files beside pictures that describe them: captions, lists, licences.
DESCRIPTIONS = {
    *(".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".md", ".rst"),
    *(".html", ".htm", ".pdf", ".log", ".cff"),
}
BARE_DESCRIPTIONS = {"readme", "license", "licence", "citation", "changelog", "authors"}
EXPECTED = "a folder of pictures for each class, or folders train, val and test that have such ones"


@dataclass
class Layout:
    """The class folders in a folder of pictures.

    Attributes:
        roots: part -> the folder that has its class folders, of train, validation and test as far
            as they are there.
        classes: the names of the class folders of the first of them, sorted.
        left_alone: files that describe the pictures and aren't read.
    """

    roots: dict[str, Path]
    classes: list[str]
    left_alone: list[Path] = field(default_factory=list)


def counts(name: str) -> bool:
    """Return whether a file or folder with that name counts: not hidden, no system file."""
    return not name.startswith(".") and name.lower() not in SYSTEM


def visible(folder: Path) -> list[Path]:
    """Return the files and folders in `folder` that count, sorted."""
    return sorted(folder / entry.name for entry in os.scandir(folder) if counts(entry.name))


def describes(path: Path) -> bool:
    """Return whether a file's name is that of a caption, a list or a licence beside pictures."""
    bare = not path.suffix and path.name.lower() in BARE_DESCRIPTIONS
    return bare or path.suffix.lower() in DESCRIPTIONS


def walk(root: Path) -> Iterator[Path]:
    """Yield all files below `root` that count, following links, sorted within a folder."""
    yield from _walk(root, (os.path.realpath(root),))


def _walk(folder: Path, above: tuple[str, ...]) -> Iterator[Path]:
    for path in visible(folder):
        if not path.is_dir():
            yield path
        # Following a link to a folder above would never end.
        elif len(above) <= DEEPEST and (real := os.path.realpath(path)) not in above:
            yield from _walk(path, (*above, real))


def class_folders(root: Path) -> Layout:
    """Find the class folders in a folder of pictures.

    They are in `root` itself, or in its folders train, val and test (in any case; also training,
    valid, validation, testing). A folder that holds only one folder of folders is passed through.

    Raises:
        ValueError: if the layout is another one; the message has it, and the expected layout.
    """
    found = Layout({}, [])
    top, folders = _entered(root, found)
    if not folders:
        raise ValueError(f"{root}: no folders in it, expected {EXPECTED}")
    parts = {folder: array_names.part_of(folder.name) for folder in folders}
    deep = [folder for folder in folders if _folders(folder)]
    if not deep and not all(parts.values()):
        found.roots = {"train": top}
    else:
        _check_parts(parts, deep)
        named = {part: folder for folder, part in parts.items() if part}
        found.roots = {part: _entered(folder, found)[0] for part, folder in named.items()}
    first = found.roots[array_names.first_part(found.roots)]
    found.classes = [folder.name for folder in _folders(first)]
    for other in found.roots.values():
        unknown = [each for each in _folders(other) if each.name not in found.classes]
        if unknown:
            raise ValueError(
                f"{few(unknown)}: a class that {first} doesn't have (it has {few(found.classes)})"
            )
    return found


def _entered(folder: Path, found: Layout) -> tuple[Path, list[Path]]:
    """Pass through folders that hold only one folder; return the folder reached and its folders."""
    for _ in range(DEEPEST):
        folders = _folders(folder)
        files = [path for path in visible(folder) if not path.is_dir()]
        found.left_alone += [path for path in files if describes(path)]
        if others := [path for path in files if not describes(path)]:
            raise ValueError(f"{few(others)}: beside the class folders, expected {EXPECTED}")
        if len(folders) != 1 or not _folders(folders[0]):
            break
        [folder] = folders
    return folder, folders


def _folders(folder: Path) -> list[Path]:
    return [path for path in visible(folder) if path.is_dir()]


def _check_parts(parts: dict[Path, str | None], deep: list[Path]) -> None:
    """Raise ValueError unless all folders are parts and have class folders."""
    flat = [folder for folder in parts if folder not in deep]
    names = [each for each in parts.values() if each]
    unnamed = [folder for folder, part in parts.items() if not part]
    if len(unnamed) == len(parts) or not names:
        inside = [path for folder in deep for path in _folders(folder)]
        reason = f"{few(inside)}: folders in folders"
    elif unnamed:
        reason = f"{few(unnamed)}: beside {few([p.name for p in parts if p not in unnamed])}"
    elif flat:
        reason = f"{few(flat)}: no class folders in it"
    elif len(set(names)) < len(names):
        reason = f"{few(list(parts))}: two names of one part"
    else:
        return
    raise ValueError(f"{reason}; expected {EXPECTED}")
