"""The user's sources: the forms of an entry of `sources` in the config, and the files behind it.

    file:PATH           a file of images and labels, or a folder of such files
    classes:FOLDER      a folder that has a folder of pictures for each class
    torchvision:NAME    one of COLLECTIONS, downloaded

`own_images` reads the files. The workflow imports this module when it is parsed, so it needs the
standard library only.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from prunescape.data import array_names, layouts
from prunescape.foundations import home

# torchvision's collections whose files can be read without unpickling.
COLLECTIONS = ("KMNIST", "SVHN", "CIFAR10", "CIFAR100")
DOWNLOADED = "images.safetensors"

PLACE = re.compile(rf"file:.+|classes:.+|torchvision:({'|'.join(COLLECTIONS)})")

# Endings of the files that can be read; case doesn't matter.
ENDINGS = (
    *(".npz", ".npy", ".safetensors", ".csv", ".csv.gz", ".parquet", ".pq"),
    *(".mat", ".h5", ".hdf5"),
)
# Advice for files with other endings.
WAYS_OUT = {
    (".zip", ".tar", ".tgz", ".tar.gz", ".rar", ".7z"): "unpack it and name the file or, as "
    "classes:FOLDER, the folder that comes out",
    (".pt", ".pth", ".pkl", ".pickle", ".p", ".joblib"): "opening it would run code that it "
    'holds; where you trust it, open it in Python and numpy.savez("own.npz", images=..., '
    "labels=...)",
    (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"): "one picture; name the "
    "folder of the class folders, as classes:FOLDER",
    ("-ubyte", "-ubyte.gz"): "four such files are read as directory:FOLDER of the source mnist or "
    "fashion_mnist",
}


def collection(place: str) -> str | None:
    """Return the name of the collection that `place` downloads; None for another kind of place."""
    kind, _, name = place.partition(":")
    return name if kind == "torchvision" else None


def path(source: str, place: str) -> str:
    """Return the file or folder with the images of `place`, an entry of `sources.<source>`."""
    if collection(place):
        return f"data/{source}/raw/{DOWNLOADED}"
    return str(Path(home.expanded(place.partition(":")[2])))


def ending(name: str) -> str | None:
    """Return the one of ENDINGS that a file's name has, or None."""
    return next((each for each in ENDINGS if name.lower().endswith(each)), None)


def files(source: str, place: str) -> list[str]:
    """Return all files that are read for a place, sorted; for a folder, those below it.

    They are inputs of the workflow, so it notices when a picture is changed, added or removed.
    """
    root = Path(path(source, place))
    if place.startswith("file:") and root.suffix.lower() == ".npy":
        return [str(each) for each in npy_files(root)]
    if collection(place) or not root.is_dir():
        return [str(root)]
    return sorted(str(each) for each in layouts.walk(root))


def npy_files(place: Path) -> list[Path]:
    """Return `place` and the .npy files beside it whose names mean images or labels, sorted.

    If `place` is a folder, return the files in it with such names.
    """
    folder = place if place.is_dir() else place.parent
    there = layouts.visible(folder) if folder.is_dir() else []
    named = [each for each in there if each.suffix.lower() == ".npy"]
    found = {each for each in named if array_names.meaning(each.stem)}
    return sorted(found if place.is_dir() else found | {place})


def problem(place: str, configs: Sequence[str] = ()) -> str | None:
    """Return in words why this machine can't read a user's place; None if it can.

    Args:
        place: an entry of a source.
        configs: the config files; if the data lie beside one, the text says so.
    """
    if collection(place):
        return None
    try:
        return _problem(place, configs)
    except OSError as error:
        return f"{error.filename} can't be read ({error.strerror})"


def _problem(place: str, configs: Sequence[str]) -> str | None:
    kind, _, named = place.partition(":")
    where = Path(path("", place))
    if where.is_dir():
        return None if files("", place) else "the folder has no file"
    if kind == "classes" and where.is_file():
        return f"that is a file, which is named as file:{named}"
    if not where.is_file():
        return _missing(where, "folder" if kind == "classes" else "file", kind, configs)
    if ending(where.name):
        return None
    ways = [way for names, way in WAYS_OUT.items() if where.name.lower().endswith(names)]
    return f"its ending is none of {', '.join(ENDINGS)}{''.join(f' ({way})' for way in ways)}"


def _missing(where: Path, what: str, kind: str, configs: Sequence[str]) -> str:
    """Return the message about a missing file or folder: the path, and where else the data lie."""
    if str(where).startswith("~"):
        return f"{where.parts[0][1:]} is no user of this machine"
    text = f"there is no such {what}: looked for {Path.cwd() / where}"
    if not where.is_absolute():
        for config in configs:
            beside = Path(config).parent / where
            if beside.exists():
                shown = os.path.relpath(beside)
                return f"{text}; beside {Path(config).name} there is one: {kind}:{shown}"
    return text
