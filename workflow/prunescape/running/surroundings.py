"""What a machine's variables and folders do to a run: cleared, replaced, or told in a line.

The settings of make come here too: programs get them as PRUNESCAPE_<name>, never as text of a
command. Standard library only.
"""

import os
from collections.abc import MutableMapping
from pathlib import Path

from prunescape.foundations import home

PREFIX = "PRUNESCAPE_"
SETTINGS = (
    *("VENV", "USE_VENV", "PYTHON", "CORES", "CONFIG", "DIRECTORY", "STORE"),
    *("COMMIT", "FORCE", "REV"),
)
"""What make is told, after its name or as PRUNESCAPE_<name>."""
YES, NO = ("1", "yes", "true", "on"), ("", "0", "no", "false", "off")

# What makes Python look elsewhere for modules or packages than in the environment, skip the folder
# of a script, wait for a terminal, or end at a warning.
PYTHON = (
    *("PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONSTARTUP", "PYTHONINSPECT"),
    *("PYTHONPLATLIBDIR", "PYTHONUSERBASE", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONCASEOK"),
)
# What makes pip install elsewhere than into the environment, or something else.
PIP = (
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_DRY_RUN"),
    *("PIP_NO_DEPS", "PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_EDITABLE", "PIP_PRE"),
    *("PIP_UPGRADE", "PIP_IGNORE_INSTALLED", "PIP_REQUIRE_VIRTUALENV", "PIP_REQUIRE_HASHES"),
)


def given(name: str, otherwise: str = "") -> str:
    """Return a setting of make as it was typed, `otherwise` where it is missing or empty."""
    return os.environ.get(PREFIX + name) or otherwise


def agreed(name: str) -> bool:
    """Return a setting of make that is a yes or a no (where it is missing).

    Raises:
        ValueError: it is another word.
    """
    word = given(name).strip().lower()
    if word not in YES + NO:
        raise ValueError(f"{name}: found {given(name)!r}; allowed: {', '.join(YES + NO[1:])}")
    return word in YES


def ignored(names: tuple[str, ...]) -> list[str]:
    """Return which settings stand in the environment under their bare names, and aren't taken.

    A machine that builds sets CONFIG or COMMIT for purposes of its own.
    """
    return [name for name in names if os.environ.get(name) and PREFIX + name not in os.environ]


def not_taken(name: str) -> str:
    """Return the line that says so of a setting."""
    return f"make: {name} in the environment is not taken: give it after make, or as {PREFIX}{name}"


def clear(environment: MutableMapping[str, str] = os.environ) -> list[str]:
    """Take what would change Python or pip out of the environment of all that follows.

    Returns:
        A line for the user, if what Python imports may change by it.
    """
    gone = [name for name in PYTHON + PIP if environment.pop(name, "")]
    environment["PIP_USER"] = "0"  # whatever pip's own file of settings says
    environment["PYTHONNOUSERSITE"] = "1"
    told = [name for name in gone if name in ("PYTHONPATH", "PYTHONHOME")]
    return [f"not used, to import from the environment alone: {', '.join(told)}"] if told else []


def clear_for_jobs(environment: MutableMapping[str, str] = os.environ) -> None:
    """Take out what would keep a job's script from the modules beside it."""
    environment.pop("PYTHONSAFEPATH", None)


def check_on_path(folder: Path, setting: str) -> None:
    """Check that programs can be found in a folder.

    Raises:
        ValueError: the system's list of folders, PATH, can't hold its name.
    """
    if os.pathsep in str(folder):
        raise ValueError(
            f"{setting}: found a {os.pathsep!r} in {folder}, which PATH can't hold; allowed: a "
            f"folder without, {setting}=<folder>"
        )


def find_cache(folder: Path, environment: MutableMapping[str, str] = os.environ) -> str:
    """Let programs keep their caches below `folder`, where they can't in the user's home.

    Returns:
        A line for the user; "" where the home can be written to.
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
