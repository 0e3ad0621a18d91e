"""What the names of arrays, files and folders say: a part of the data, images or labels.

The rules read this module when the workflow is parsed, so it imports the standard library only.
"""

import re

# Names of the parts as people write them, in any case.
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


def part_in(name: str) -> str | None:
    """Return the part that a word of a file's name says: of mnist_train.csv train.

    Names with words of several parts say none.
    """
    found = {_PART[word] for word in re.split(r"[^a-z]+", name.lower()) if word in _PART}
    return found.pop() if len(found) == 1 else None


def meaning(name: str) -> tuple[str, str] | None:
    """Return the part and the role (images or labels) that an array's name says.

    `images`, `x_train`, `train_images` and `XTrain` are images of the part train, `val_labels` and
    `yVal` labels of the part validation. None is returned for any other name.
    """
    found = _NAME.fullmatch(name)
    if not found or (found["before"] and found["after"]):
        return None
    part = _PART[(found["before"] or found["after"] or "train").lower()]
    return part, "images" if found["images"] else "labels"
