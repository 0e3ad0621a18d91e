"""Data of the user's own: the forms that an entry of `sources` takes in the config, and its files.

    file:PATH           an .npz or .safetensors file of images and labels
    classes:FOLDER      a folder that has a folder of pictures for each class
    torchvision:NAME    one of COLLECTIONS, downloaded

What the files hold is the matter of `own_data`. The rules read this module when the workflow is
parsed, so it imports the standard library only.
"""

import re
from pathlib import Path

# Collections of torchvision whose files are read without unpickling anything.
COLLECTIONS = ("KMNIST", "SVHN", "CIFAR10", "CIFAR100")
DOWNLOADED = "images.safetensors"

PLACE = re.compile(rf"file:.+\.(npz|safetensors)|classes:.+|torchvision:({'|'.join(COLLECTIONS)})")


def collection(place: str) -> str | None:
    """Return the name of the collection that `place` downloads, None if it is another kind."""
    kind, _, name = place.partition(":")
    return name if kind == "torchvision" else None


def path(source: str, place: str) -> str:
    """Return the file or folder that has the images of a place of `sources.<source>`."""
    if collection(place):
        return f"data/{source}/raw/{DOWNLOADED}"
    return str(Path(place.partition(":")[2]).expanduser())


def files(source: str, place: str) -> list[str]:
    """Return all files that are read, sorted; of a folder those in class folders, but hidden ones.

    They are inputs of the workflow: a picture that is changed, added or removed is noticed.
    """
    root = Path(path(source, place))
    if not place.startswith("classes:"):
        return [str(root)]
    # Patterns rather than a walk, as they follow links to folders.
    found = (each for pattern in ("*", "*/*", "*/*/*") for each in root.glob(pattern))
    return sorted(
        str(each)
        for each in found
        if each.is_file() and not any(part.startswith(".") for part in each.relative_to(root).parts)
    )


def problem(place: str) -> str | None:
    """Say what is wrong with a place of the user's own on this machine, if anything is."""
    if collection(place):
        return None
    where = Path(path("", place))
    if place.startswith("file:"):
        return None if where.is_file() else "there is no such file"
    if not where.is_dir():
        return "there is no such folder"
    return None if files("", place) else "the folder has no file"
