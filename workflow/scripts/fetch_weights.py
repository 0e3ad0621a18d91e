"""Download weights that torchvision publishes, verify them, write them as safetensors."""

from pathlib import Path

import _script
from prunescape.data import published_weights
from prunescape.running import converting


def main() -> None:
    """Parse the arguments, download, have the file converted, remove it."""
    parser = _script.parser(__doc__)
    parser.add_argument("--weights", required=True, help="torchvision:MODEL or .../WEIGHTS")
    parser.add_argument("--output", required=True, type=Path, help="safetensors to write")
    arguments = parser.parse_args()

    downloaded = published_weights.download(arguments.weights, arguments.output.parent)
    print(f"{arguments.weights}: {downloaded.stem}")
    print(converting.convert(downloaded, arguments.output), end="")
    downloaded.unlink()


if __name__ == "__main__":
    _script.run(main)
