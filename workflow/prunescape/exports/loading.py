"""Reads exported networks of both kinds (needs torch)."""

from pathlib import Path

from prunescape.exports.portable import Portable
from prunescape.exports.portable_modules import PortableModule
from prunescape.foundations import files

Exported = Portable | PortableModule
"""A network of layers of the config, or a user's module."""


def load(path: str | Path) -> Exported:
    """Read the network of `<path>.safetensors` and `<path>.json`.

    Raises:
        ValueError: as `Portable.load` and `PortableModule.load`.
    """
    described = files.read_json(f"{path}.json")
    of_module = isinstance(described, dict) and "module" in described
    return (PortableModule if of_module else Portable).load(path)
