"""Weights that torchvision publishes: how they are named, where they lie, how they are got.

    torchvision:resnet18                   a model's newest
    torchvision:resnet18/IMAGENET1K_V1     those of a name

The workflow imports this module when it is parsed, so its top needs the standard library only.
"""

import http.client
import re
from pathlib import Path
from typing import NamedTuple

from prunescape.data import web
from prunescape.foundations import torchvision_hook
from prunescape.foundations.messages import one_line

PREFIX = "torchvision:"
NAMED = re.compile(r"torchvision:(?P<model>[a-z]\w*)(/(?P<weights>[A-Za-z]\w*))?", re.ASCII)
FOLDER = "data/torchvision-weights"
"""Where they lie as safetensors. No data set is called so: names of these have no hyphen."""
CLASSES = 1000
"""How many classes they tell apart, those of ImageNet."""
TURNED = ("googlenet", "inception_v3")
"""Models whose weights want colours scaled as where they were first trained: `transform_input`."""
CHECKSUM = re.compile(r"-([0-9a-f]{8,})\.pth$")
"""The first digits of a file's SHA-256, in its name."""


class Named(NamedTuple):
    """A model of torchvision and the name of its weights, "" for the newest."""

    model: str
    weights: str


def split(named: str) -> Named | None:
    """Return what a name of published weights says; None for anything else, such as a path."""
    found = NAMED.fullmatch(named)
    return Named(found["model"], found["weights"] or "") if found else None


def path(named: Named) -> str:
    """Return the safetensors file of published weights, relative to where the workflow runs."""
    return f"{FOLDER}/{'-'.join(filter(None, named))}.safetensors"


def name(stem: str) -> str:
    """Return how the weights are named whose safetensors file is called `stem`, as by `path`."""
    return f"{PREFIX}{stem.replace('-', '/')}"


def download(named: str, folder: Path) -> Path:
    """Download the file of a model's published weights into a folder, and return its path.

    What an earlier attempt left in the folder is gone on with.

    Args:
        named: in one of the forms above.
        folder: is made if it isn't there.

    Raises:
        ValueError: if torchvision has no such model or weights, they can't be had, or the first
            digits of their SHA-256 aren't those in the name of the file.
    """
    address = _address(named)
    file = address.rpartition("/")[2]
    checksum = CHECKSUM.search(file)
    if checksum is None:
        raise ValueError(f"{address}: its name has no checksum")
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{file}.part"
    try:
        web.download(address, part, checksum[1], "sha256")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ValueError(
            f"{address}: {one_line(error)}; where it can be reached, `python tools/convert.py "
            f"{named} NEW.safetensors` makes a file that `weights` of a fit can name"
        ) from None
    return part


def _address(named: str) -> str:
    """Return where published weights are; ValueError if torchvision has none of this name."""
    torchvision_hook.install()
    from torchvision.models import get_model_weights  # not at the top: it takes 3 s

    model, _, name = named.removeprefix(PREFIX).partition("/")
    try:
        of_model = get_model_weights(model)
    except ValueError:
        raise ValueError(f"{named}: torchvision has no model {model!r}") from None
    there = [each.name for each in of_model]
    if name and name not in there:
        raise ValueError(f"{named}: found weights {name!r}; allowed: {', '.join(there)}")
    if not there:
        raise ValueError(f"{named}: torchvision publishes no weights of this model")
    return str((of_model[name] if name else of_model.DEFAULT).url)
