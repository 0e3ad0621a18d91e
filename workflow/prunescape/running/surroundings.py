"""Keep a machine's variables and folders from disturbing a run; read the settings of make.

Make passes its settings to programs as variables PRUNESCAPE_<name>, never in the text of a command.
Standard library only.
"""

import difflib
import os
import re
from collections.abc import MutableMapping
from pathlib import Path

from prunescape.foundations import home

PREFIX = "PRUNESCAPE_"
SETTINGS = (
    *("VENV", "USE_VENV", "PYTHON", "CORES", "CONFIG", "STUDIES", "DIRECTORY", "STORE"),
    *("PROFILE", "COMMIT", "FORCE", "REV"),
    *("NETWORK", "WEIGHTS", "DATA", "RUN", "MEAN", "STD", "RESIZE", "CROP", "FINETUNE"),
)
"""Make's settings: given as `make NAME=...` or as the variable PRUNESCAPE_<name>."""
YES, NO = ("1", "yes", "true", "on"), ("", "0", "no", "false", "off")

# Variables that make Python look for modules outside the environment, skip a script's folder, wait
# for a terminal, fail at a warning, or not start if their value is wrong.
PYTHON = (
    *("PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONSTARTUP", "PYTHONINSPECT"),
    *("PYTHONPLATLIBDIR", "PYTHONUSERBASE", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONCASEOK"),
    *("PYTHONMALLOC", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONTRACEMALLOC", "PYTHONDEVMODE"),
    *("PYTHONINTMAXSTRDIGITS", "PYTHONHASHSEED"),
)
# Variables that make pip install outside the environment, or install something else.
PIP = (
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_DRY_RUN"),
    *("PIP_NO_DEPS", "PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_EDITABLE", "PIP_PRE"),
    *("PIP_UPGRADE", "PIP_IGNORE_INSTALLED", "PIP_REQUIRE_VIRTUALENV", "PIP_REQUIRE_HASHES"),
)
# Variables that make git work in another repository; git sets them for its hooks.
GIT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")

# A profile of Snakemake's own; make has PROFILE for it.
PROFILE = "SNAKEMAKE_PROFILE"


def given(name: str, otherwise: str = "") -> str:
    """Return a setting of make as it was typed; `otherwise` if it is missing or empty."""
    return os.environ.get(PREFIX + name) or otherwise


def agreed(name: str) -> bool:
    """Return a yes-or-no setting of make as a bool; a missing one is no.

    Raises:
        ValueError: if it is neither.
    """
    word = given(name).strip().lower()
    if word not in YES + NO:
        raise ValueError(f"{name}: found {given(name)!r}; allowed: {', '.join(YES + NO[1:])}")
    return word in YES


def ignored(names: tuple[str, ...]) -> list[str]:
    """Return the settings that are in the environment under their bare names, which make ignores.

    Build machines, for example, set CONFIG or COMMIT for other purposes.
    """
    return [name for name in names if os.environ.get(name) and PREFIX + name not in os.environ]


def not_taken(name: str) -> str:
    """Return the message that an ignored setting is not taken."""
    return f"make: {name} in the environment is not taken: give it after make, or as {PREFIX}{name}"


def misspelled(environment: MutableMapping[str, str] = os.environ) -> list[str]:
    """Return a line for each variable that make was given and that is nearly a setting.

    Make itself passes over `CONFGI=mine.yaml`, and the default run would begin. Other variables may
    be for the programs that make starts, such as CUDA_VISIBLE_DEVICES=0.
    """
    # Blanks inside of values have a backslash before them.
    typed = re.findall(r"(?<!\\)\s([A-Za-z_]\w*)[:+?]*=", f" {environment.get('MAKEFLAGS', '')}")
    typed += [name for name in environment if name.startswith(PREFIX) and name not in typed]
    found = []
    for name in typed:
        bare = name.removeprefix(PREFIX)
        if bare in SETTINGS or bare in PYTHON + PIP:
            continue
        if close := difflib.get_close_matches(bare.upper(), SETTINGS, n=1, cutoff=0.65):
            found.append(f"found {name}, which is no setting; perhaps {close[0]} is meant")
    return found


def clear(environment: MutableMapping[str, str] = os.environ) -> list[str]:
    """Remove variables that change Python, pip, git or where jobs run, also for child processes.

    Returns:
        A line for the user if one of them has changed where Python finds modules or jobs run.
    """
    gone = [name for name in (*PYTHON, *PIP, *GIT, PROFILE) if environment.pop(name, "")]
    environment["PIP_USER"] = "0"  # overrides pip's configuration file
    environment["PYTHONNOUSERSITE"] = "1"
    lost = [name for name in gone if name in ("PYTHONPATH", "PYTHONHOME")]
    lines = [f"not used, to import from the environment alone: {', '.join(lost)}"] if lost else []
    return [*lines, f"not used: {PROFILE}; make has PROFILE=<folder>"] if PROFILE in gone else lines


def clear_for_jobs(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let scripts import the modules beside them; order sets of text alike in all jobs.

    The record of the run asks git for this checkout's commit, not for that of another repository.
    A user's network may choose its layers from a set: by default the order differs from one
    process to the next, so the network trained would not be the one scored.
    """
    for name in ("PYTHONSAFEPATH", *GIT):
        environment.pop(name, None)
    environment["PYTHONHASHSEED"] = "0"


def check_on_path(folder: Path, setting: str) -> None:
    """Check that a folder can be on PATH.

    Raises:
        ValueError: if its name has PATH's separator.
    """
    if os.pathsep in str(folder):
        raise ValueError(
            f"{setting}: found a {os.pathsep!r} in {folder}, which PATH can't hold; allowed: a "
            f"folder without, {setting}=<folder>"
        )


def find_cache(folder: Path, environment: MutableMapping[str, str] = os.environ) -> str:
    """Move programs' caches below `folder` if the cache in the user's home can't be written to.

    Returns:
        A line for the user; "" if the home's cache can be written to.
    """
    try:
        cache = Path(environment.get("XDG_CACHE_HOME") or home.expanded("~/.cache"))
        cache.mkdir(parents=True, exist_ok=True)
        if os.access(cache, os.W_OK | os.X_OK):
            return ""
    except OSError:
        pass
    other = folder.resolve() / ".snakemake" / "cache"
    environment["XDG_CACHE_HOME"] = str(other)
    return f"the home's cache can't be written to: caches go to {other}"
