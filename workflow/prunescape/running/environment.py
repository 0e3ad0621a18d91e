"""What a run was made with. Standard library only: it must not import what it reports on."""

import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    *("snakemake", "torch", "torchvision", "numpy", "scipy", "pandas", "pandera", "pyarrow"),
    *("matplotlib", "safetensors", "dvc"),
)


def record(config: dict[str, Any], source: Path) -> dict[str, Any]:
    """Return versions, processor, GPUs, the git state of the folder `source`, and the config."""
    return {
        "python": sys.version.split()[0],
        "packages": {name: _version(name) for name in PACKAGES},
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "mkl_cbwr": os.environ.get("MKL_CBWR"),  # it decides last bits (`prunescape/__init__.py`)
        "gpus": _lines("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"),
        "git": {
            "commit": next(iter(_lines("git", "-C", str(source), "rev-parse", "HEAD")), None),
            "changed": _lines("git", "-C", str(source), "status", "--porcelain"),
        },
        "config": config,
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    """Return the processor's name; Linux keeps it in /proc, elsewhere platform may know it."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _lines(*command: str) -> list[str]:
    """Return a command's output line by line; nothing if it is missing or fails."""
    if shutil.which(command[0]) is None:
        return []
    found = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return found.stdout.splitlines() if found.returncode == 0 else []
