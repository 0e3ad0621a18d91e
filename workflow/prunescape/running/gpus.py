"""Give each of the jobs that run side by side on one machine a GPU of its own.

Snakemake counts GPUs and sets none. A job takes the first visible GPU whose lock file it can lock;
the kernel releases the lock when the job ends, however it ends. Standard library only.
"""

import itertools
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from prunescape.foundations import file_locks
from prunescape.running import probes

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""What CUDA reads; Slurm and users set it to the GPUs that a job may use."""
LOCKS = Path("/tmp")
"""Where locks are: the same folder for all jobs of a machine, which $TMPDIR need not be."""
LIMIT = 60.0
"""Seconds that nvidia-smi has to answer; with many GPUs that sleep it takes some."""
WAIT = 0.5
"""Seconds between two looks for a free GPU."""

_held: list[IO[str]] = []
"""Lock files stay open, and so locked, as long as the process lives."""


def visible() -> list[str]:
    """Return the GPUs that this process may use, as CUDA or nvidia-smi name them; [] for none.

    An id that the environment names twice stands for two places on one GPU: two jobs share it.
    """
    if VISIBLE in os.environ:
        names = (name.strip() for name in os.environ[VISIBLE].split(","))
        # As CUDA reads it: what follows an invalid id is invisible. Slurm's word for no GPU is one.
        return list(itertools.takewhile(lambda name: name not in ("", "-1", "NoDevFiles"), names))
    found = probes.lines(["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], LIMIT)
    return [line.strip() for line in found or [] if line.strip()]


def claim(ids: Sequence[str], folder: Path | None = None) -> str:
    """Lock one of the GPUs `ids` (at least one) for this process; make it the only visible one.

    Returns its id; waits while all are taken. `folder` holds the lock files: by default those of
    this user, or of this Slurm job, whose GPUs nobody else has, and which may call its only one 0
    as every other does.
    """
    owner = f"{os.getuid()}-{os.environ.get('SLURM_JOB_ID', 'local')}"
    folder = folder or LOCKS / f"prunescape-gpus-{owner}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    waiting = False
    while True:
        for place, name in enumerate(ids):
            # Places on one GPU are told apart; the ids of MIG parts have slashes.
            lock = folder / f"{name.replace('/', '_')}.{ids[:place].count(name)}"
            if _lock(lock):
                os.environ[VISIBLE] = name
                print(f"GPU {name}", file=sys.stderr)
                return name
        if not waiting:
            waiting = True
            print(f"waiting for a GPU: {', '.join(ids)} taken by other jobs", file=sys.stderr)
        time.sleep(WAIT)


def _lock(path: Path) -> bool:
    """Lock a file without waiting; return whether that worked."""
    opened = path.open("w", encoding="utf-8")
    if not file_locks.take(opened):
        opened.close()
        return False
    _held.append(opened)
    return True
