"""Cancel the Slurm jobs that a killed Snakemake left behind in a folder, and wait for their end.

Snakemake cancels its jobs itself when it is interrupted (Ctrl-C); killed, it can't. Only jobs that
profiles/slurm named, and that work in the folder, are cancelled.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

PREFIX = "prunescape_"
"""What the profile's slurm-jobname-prefix makes of the jobs' names; the run's id follows."""
LIMIT = 120
"""Seconds for jobs to end; Slurm kills those that don't by themselves."""


def jobs(folder: Path) -> list[str]:
    """Return the numbers of the jobs of a folder that have not ended."""
    found = subprocess.run(
        ["squeue", "--me", "--noheader", "--format=%A|%j|%Z"],
        capture_output=True,
        text=True,
        check=True,
    )
    numbers = []
    for line in found.stdout.splitlines():
        number, name, place = line.split("|", maxsplit=2)
        if name.startswith(PREFIX) and Path(place) == folder:
            numbers.append(number)
    return numbers


def main() -> None:
    """Find the jobs, cancel them, wait."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=".", help="where Snakemake ran")
    folder = Path(parser.parse_args().folder).resolve()
    found = jobs(folder)
    if not found:
        print("no job of this folder is left")
        return
    subprocess.run(["scancel", *found], check=True)
    end = time.monotonic() + LIMIT
    while left := jobs(folder):
        if time.monotonic() > end:
            sys.exit(f"cancel.py: still there after {LIMIT} s: {' '.join(left)}")
        time.sleep(1)
    print(f"cancelled {len(found)} job{'s' * (len(found) > 1)}: {' '.join(found)}")


if __name__ == "__main__":
    try:
        main()
    except FileNotFoundError as error:
        sys.exit(f"cancel.py: {error.filename} is not installed here; is this a Slurm cluster?")
    except subprocess.CalledProcessError as error:
        sys.exit(f"cancel.py: {(error.stderr or str(error)).strip()}")
