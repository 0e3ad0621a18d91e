"""Read a folder that has a folder of pictures for every class."""

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from prunescape.data import layouts
from prunescape.data.readers import pictures
from prunescape.data.readers.found import Found, Reading
from prunescape.data.readers.preparing import Preparation
from prunescape.foundations.messages import few


def read(path: Path, how: Preparation) -> Reading:
    """Read the pictures of all classes, which are numbered in the order of their names.

    System files and hidden ones don't count; captions and the like are left alone.

    Args:
        path: the folder; `layouts.class_folders` describes where class folders may lie in it.
        how: what is done with the pictures.

    Raises:
        ValueError: if the layout is another one, or pictures can't be read; with their names.
    """
    layout = layouts.class_folders(path)
    reading = Reading({}, list(layout.classes))
    left = list(layout.left_alone)
    for part, root in layout.roots.items():
        listed = _listed(root, layout.classes, left)
        named = [(each, each) for each, _ in listed]
        images, notes = pictures.stack(partial(iter, named), how, root)
        labels = np.array([label for _, label in listed], dtype=np.int64)
        reading.parts[part] = Found(images, labels, str(root), str(root))
        reading.notes += notes
    if left:
        kinds = Counter(each.suffix.lower() or each.name for each in left)
        counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
        reading.notes.append(f"{path}: left alone {counts} ({few(sorted(left))})")
    return reading


def _listed(root: Path, classes: list[str], left: list[Path]) -> list[tuple[Path, int]]:
    """Return (picture, class) for a part; append the descriptions beside pictures to `left`."""
    listed, empty, folders = [], [], []
    for label, name in enumerate(classes):
        folder = root / name
        if not folder.is_dir():
            continue
        entries = layouts.visible(folder)
        folders += [each for each in entries if each.is_dir()]
        found = [each for each in entries if not layouts.describes(each)]
        left += [each for each in entries if layouts.describes(each)]
        listed += [(each, label) for each in found]
        if not found:
            empty.append(folder)
    if folders:
        raise ValueError(f"{few(folders)}: folders among pictures, expected {layouts.EXPECTED}")
    if empty:
        raise ValueError(f"{few(empty)}: an empty class, expected pictures")
    return listed
