"""Run a command, Snakemake, as soon as nobody else runs in the folder; go on after a killed run."""

import os
import sys
from pathlib import Path

import _command
from prunescape.running import future_files, run_lock

WORKFLOW = Path(__file__).resolve().parents[1]


def main() -> None:
    """Parse the arguments, wait, become the command."""
    parser = _command.parser(__doc__)
    parser.add_argument("folder", type=Path, help="where Snakemake will work")
    parser.add_argument("command", nargs="+", help="after --")
    arguments = parser.parse_args()

    try:
        run_lock.wait(arguments.folder)
    except KeyboardInterrupt:
        sys.exit(130)  # as shells say it
    if found := future_files.redate(arguments.folder.resolve(), WORKFLOW):
        print(f"{found} files are from the future: looking into all that depends on them")
    os.execvp(arguments.command[0], arguments.command)


if __name__ == "__main__":
    _command.run(main)
