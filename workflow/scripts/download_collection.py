"""Download one of torchvision's collections; write its images and labels to one file."""

import logging
from pathlib import Path

import _script
from prunescape.data import own_sources, torchvision_collections


def main() -> None:
    """Parse the arguments, download, write."""
    parser = _script.parser(__doc__)
    parser.add_argument("--name", required=True, choices=own_sources.COLLECTIONS)
    parser.add_argument("--output", required=True, type=Path, help="safetensors")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torchvision_collections.fetch(arguments.name, arguments.output)


if __name__ == "__main__":
    _script.run(main)
