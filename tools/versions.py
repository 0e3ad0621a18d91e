"""Keep finished Snakemake runs under DVC, and bring them back without computing anything again.

    snapshot   put outputs under DVC, save Snakemake's records of them in git, push
    restore    pull, confirm each output by its SHA-256, give Snakemake its records and times back
    status     say which outputs are as in the snapshot, which are not, which lack a restore

Why DVC alone is not enough beside Snakemake is told in docs/versioning.md. Run it where Snakemake
runs: in the root of a git repository, or in a folder of a larger one. It knows nothing of what the
workflow computes.
"""

import argparse
import sys
from pathlib import Path

from versioning import restore, snapshot, status
from versioning.files import Error
from versioning.store import usual_store


def main() -> int:
    """Parse the arguments and call the command; return the exit status."""
    arguments = parser().parse_args()
    root = Path.cwd()
    if arguments.command == "snapshot":
        snapshot.snapshot(
            root,
            arguments.targets,
            arguments.provenance,
            arguments.store or None,
            arguments.commit,
            say,
        )
        return 0
    if arguments.command == "restore":
        outcome = restore.restore(
            root,
            arguments.targets or None,
            arguments.provenance,
            arguments.store or None,
            arguments.force,
            say,
        )
        return restore.report(outcome, say)
    return status.report(status.status(root, arguments.targets or None, arguments.provenance), say)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    found = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = found.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--provenance",
        default="provenance.json",
        metavar="FILE",
        help="records of the outputs, in git (default: %(default)s)",
    )
    remote = argparse.ArgumentParser(add_help=False)
    remote.add_argument(
        "--store",
        metavar="FOLDER",
        help="make this folder the default remote of this clone; without it, DVC's default remote, "
        f"else {usual_store()}",
    )
    added = commands.add_parser(
        "snapshot", parents=[common, remote], help="put outputs under DVC and save their records"
    )
    added.add_argument("targets", nargs="+", metavar="TARGET", help="file or folder to version")
    added.add_argument("--commit", action="store_true", help="commit what points to the snapshot")
    back = commands.add_parser(
        "restore", parents=[common, remote], help="pull outputs and give Snakemake its records"
    )
    back.add_argument("targets", nargs="*", metavar="TARGET", help="what to restore; default: all")
    back.add_argument(
        "--force", action="store_true", help="replace files and records that are in no snapshot"
    )
    seen = commands.add_parser("status", parents=[common], help="compare outputs with the snapshot")
    seen.add_argument("targets", nargs="*", metavar="TARGET", help="what to look at; default: all")
    return found


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Error, OSError) as error:
        sys.exit(f"versions.py: {error}")
