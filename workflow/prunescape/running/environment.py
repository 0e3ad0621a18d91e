"""What a run was made with. Standard library only: it must not import what it reports on."""

import os
import platform
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from prunescape.running import probes

PACKAGES = (
    *("snakemake", "torch", "torchvision", "numpy", "scipy", "pandas", "pandera", "pyarrow"),
    *("matplotlib", "safetensors", "dvc"),
)
GPUS = ("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
LIMIT = 5.0
"""Seconds that a program has to answer; a run that is finished doesn't wait longer."""


def record(config: dict[str, Any], source: Path) -> dict[str, Any]:
    """Return versions, processor, GPUs, the git state of the folder `source`, and the config."""
    git = ["git", "--no-optional-locks", "-C", str(source)]
    return {
        "python": sys.version.split()[0],
        "packages": {name: _version(name) for name in PACKAGES},
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "mkl_cbwr": os.environ.get("MKL_CBWR"),  # it decides last bits (`prunescape/__init__.py`)
        "gpus": probes.lines(GPUS, LIMIT) or [],
        "git": {
            "commit": next(iter(probes.lines([*git, "rev-parse", "HEAD"], LIMIT) or []), None),
            # None where git isn't there, or has too much to look through.
            "changed": probes.lines([*git, "status", "--porcelain"], LIMIT),
        },
        "config": config,
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except Exception:  # not there, or broken: whatever is wrong with it, a run has ended well
        return None


def _processor() -> str:
    """Return the processor's name; Linux keeps it in /proc, elsewhere platform may know it."""
    with suppress(OSError):
        information = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        for line in information.splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
