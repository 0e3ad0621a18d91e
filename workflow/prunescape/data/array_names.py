"""Read from the names of arrays, files and folders which part they are, and images or labels.

The workflow imports this module when it is parsed, so it needs the standard library only.
"""

import re
from collections.abc import Container

# Words for the parts; case doesn't matter.
PARTS = {
    "train": ("training", "train"),
    "validation": ("validation", "valid", "val"),
    "test": ("testing", "test"),
}
IMAGES = ("images", "image", "imgs", "img", "data", "x")
LABELS = ("labels", "label", "targets", "target", "y")

_PART = {word: part for part, words in PARTS.items() for word in words}
_WORDS = "|".join(_PART)
_NAME = re.compile(
    rf"(?:(?P<before>{_WORDS})[\W_]*)?"
    rf"(?:(?P<images>{'|'.join(IMAGES)})|(?P<labels>{'|'.join(LABELS)}))"
    rf"(?:[\W_]*(?P<after>{_WORDS}))?",
    re.IGNORECASE,
)


def part_of(name: str) -> str | None:
    """Return train, validation or test if `name` is a word for it: val, Testing, ..."""
    return _PART.get(name.lower())


def first_part(parts: Container[str]) -> str:
    """Return the part of a source that decides its classes and the size of its images.

    That is train or, of a source that has only images to evaluate, validation or test.
    """
    return next(part for part in PARTS if part in parts)


def part_in(name: str) -> str | None:
    """Return the part that a word in a file's name means: "train" for mnist_train.csv.

    None if no word means a part, or words mean several parts.
    """
    found = {_PART[word] for word in re.split(r"[^a-z]+", name.lower()) if word in _PART}
    return found.pop() if len(found) == 1 else None


def meaning(name: str) -> tuple[str, str] | None:
    """Return the part and the role ("images" or "labels") that an array's name means, or None.

    `images`, `x_train`, `train_images` and `XTrain` are images of the part train; `val_labels` and
    `yVal` are labels of the part validation.
    """
    found = _NAME.fullmatch(name)
    if not found or (found["before"] and found["after"]):
        return None
    part = _PART[(found["before"] or found["after"] or "train").lower()]
    return part, "images" if found["images"] else "labels"
