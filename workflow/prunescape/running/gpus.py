"""Give every job on a machine a GPU that no other job uses.

Snakemake counts GPUs but assigns none. A job takes the first visible GPU whose lock file it can
lock; the kernel releases the lock when the job ends, however it ends. Standard library only.
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
"""The variable that CUDA reads; Slurm and users set it to the GPUs that a job may use."""
LOCKS = Path("/tmp")
"""The folder of the locks. All jobs of a machine must share it; their $TMPDIR may differ."""
LIMIT = 60.0
"""Seconds that nvidia-smi has to answer; waking many GPUs takes some."""
WAIT = 0.5
"""Seconds between two looks for a free GPU."""

_held: list[IO[str]] = []
"""Lock files stay open, and so locked, as long as the process lives."""


def visible() -> list[str]:
    """Return the ids of the GPUs that this process may use, as CUDA or nvidia-smi name them.

    If an id is in the environment twice, two jobs share the GPU.
    """
    if VISIBLE in os.environ:
        names = (name.strip() for name in os.environ[VISIBLE].split(","))
        # As in CUDA, the ids after an invalid one are invisible. NoDevFiles is Slurm's for no GPU.
        return list(itertools.takewhile(lambda name: name not in ("", "-1", "NoDevFiles"), names))
    found = probes.lines(["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], LIMIT)
    return [line.strip() for line in found or [] if line.strip()]


def claim(ids: Sequence[str], folder: Path | None = None) -> str:
    """Lock one of the GPUs `ids` (at least one) for this process; make it the only visible one.

    Waits while all are taken, and returns the id. `folder` holds the lock files. By default there
    is one for this user's jobs outside Slurm, and one for every Slurm job: nobody else has its
    GPUs, and several Slurm jobs may call theirs 0.
    """
    owner = f"{os.getuid()}-{os.environ.get('SLURM_JOB_ID', 'local')}"
    folder = folder or LOCKS / f"prunescape-gpus-{owner}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    waiting = False
    while True:
        for place, name in enumerate(ids):
            # The suffix counts how often the id came before; ids of MIG partitions have slashes.
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
