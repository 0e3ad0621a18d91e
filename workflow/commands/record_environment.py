"""Record a run's environment: versions, processor, GPU, git state, and the config (from stdin)."""

import json
import sys
from pathlib import Path

import _command
from prunescape.foundations import files
from prunescape.running import environment


def main() -> None:
    """Parse the arguments, record the environment, write it."""
    parser = _command.parser(__doc__)
    parser.add_argument("--output", required=True, help="environment to write (JSON)")
    arguments = parser.parse_args()
    record = environment.record(json.load(sys.stdin), Path(__file__).parent)
    files.write_json(arguments.output, record)


if __name__ == "__main__":
    _command.run(main)
