"""Read images and labels from a .safetensors file."""

from pathlib import Path

from prunescape.data.readers import arrays
from prunescape.data.readers.found import Reading
from prunescape.foundations import files


def read(path: Path) -> Reading:
    """Map images and labels; if that fails, ValueError has the file and the reason."""
    found, _ = files.map_tensors(path)
    dimensions = {name: array.ndim for name, array in found.items()}
    return arrays.pair(path, dimensions, found.__getitem__)
