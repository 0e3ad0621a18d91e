"""Record a run's software, hardware and configuration.

Standard library only: importing a package would keep a broken one from being reported.
"""

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
"""Seconds that a program has to answer; a finished run waits no longer."""


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
            # None if git is missing, or takes longer than LIMIT.
            "changed": probes.lines([*git, "status", "--porcelain"], LIMIT),
        },
        "config": config,
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except Exception:  # missing or broken; a run that has ended well must not fail here
        return None


def _processor() -> str:
    """Return the processor's name: from /proc on Linux, else from `platform`, which may lack it."""
    with suppress(OSError):
        information = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        for line in information.splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
