"""Make, complete or remove the environment that make works in.

A file MARK in the folder shows that make made it; folders without it are never changed.
USE_VENV=<folder> uses an environment as it is. Standard library only: this runs before anything is
installed.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prunescape.foundations import file_locks, home
from prunescape.foundations.messages import few
from prunescape.running import surroundings

ROOT = Path(__file__).resolve().parents[2]
MARK = "made-by-make"
"""The name of the file in every folder that make may change or remove."""
NEEDS = {
    "run": ("run",),
    "versions": ("run", "versions"),
    "docs": ("docs",),
    "test": ("run", "versions", "docs", "test"),
    "audit": (),
}
"""A need -> its lists of requirements; <name>.done in the environment marks an installed list."""
LISTS = {
    "run": "requirements.txt",
    "versions": "requirements-versions.txt",
    "docs": "requirements-docs.txt",
    "test": "requirements-test.txt",
}
ESSENTIAL = {
    "run": {"snakemake", "pyyaml", "jsonschema"},
    "versions": {"dvc"},
    "docs": {"mkdocs"},
    "test": {"pytest"},
    "audit": {"pip-audit"},
}
"""The packages without which a target can't start."""
LISTING = """
import importlib.metadata as m, json
print(json.dumps([(d.name, d.version) for d in m.distributions() if d.name]))
"""


class Lacks(NamedTuple):
    """Packages that an environment lacks, and packages that it has in another version."""

    missing: list[str]
    differing: list[str]


def main(arguments: list[str]) -> NoReturn:
    """Prepare the environment for the first argument; become the command that follows it."""
    try:
        need, *command = arguments
        if need == "clean":
            clean()
            sys.exit()
        become(entered(need), command)
    except (ValueError, OSError) as error:
        sys.exit(f"make: {error}")
    except KeyboardInterrupt:
        sys.exit(130)  # the status that shells use


def clean() -> None:
    """Remove the environment, if make made it."""
    if used := surroundings.given("USE_VENV"):
        raise ValueError(f"USE_VENV={used}: make has not made it and won't remove it")
    folder = place()
    if not os.path.lexists(folder):
        print(f"{folder} is not there: nothing to remove")
    elif not made_by_make(folder):
        raise ValueError(f"VENV={folder}: make has not made it, so it stays")
    elif folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder)


def entered(need: str) -> Path:
    """Return the folder of the environment, in which the packages for `need` are installed."""
    for line in surroundings.clear():
        print(f"make: {line}", file=sys.stderr)
    for name in surroundings.ignored(("VENV", "USE_VENV")):
        print(surroundings.not_taken(name), file=sys.stderr)
    if used := surroundings.given("USE_VENV"):
        folder = Path.cwd() / home.expanded(used)
        surroundings.check_on_path(folder / "bin", "USE_VENV")
        look_at(folder, need)
        return folder
    folder = place()
    surroundings.check_on_path(folder / "bin", "VENV")
    if need == "audit":
        return audited(folder)
    if not complete(folder, need):
        make(folder, need)
    return folder


def place() -> Path:
    """Return the folder VENV as an absolute path; links are kept, since VENV may be one."""
    return Path.cwd() / home.expanded(surroundings.given("VENV", ".venv"))


def made_by_make(folder: Path) -> bool:
    """Return whether make made an environment; before there was MARK, run.done showed it."""
    before = (folder / "run.done").is_file() and (folder / "pyvenv.cfg").is_file()
    return (folder / MARK).is_file() or before


def complete(folder: Path, need: str) -> bool:
    """Return whether the environment was made for `need` and has the required versions.

    Raises:
        ValueError: if it was made, but its Python is gone.
    """
    if not made_by_make(folder) or not (folder / "pyvenv.cfg").is_file():
        return False
    if not os.access(folder / "bin" / "python", os.X_OK):
        raise ValueError(f"VENV={folder}: its Python is gone; `make clean` removes it")
    done = {name: folder / f"{name}.done" for name in NEEDS[need]}
    if not all(file.is_file() for file in done.values()):
        return False
    # The quick check: it was installed from the current lists.
    if all(file.read_text("utf-8") == digest(name) for name, file in done.items()):
        return True
    return lacks(folder, need) == Lacks([], [])


def digest(name: str) -> str:
    """Return a checksum of a list of requirements and the constraints."""
    lists = ((ROOT / file).read_bytes() for file in (LISTS[name], "constraints.txt"))
    return hashlib.sha256(b"\0".join(lists)).hexdigest()


def make(folder: Path, need: str) -> None:
    """Make the environment, or install the packages for `need` that it lacks."""
    begin(folder)
    with (folder / MARK).open("a") as lock:
        file_locks.wait(lock)  # another make may be installing
        if not (folder / "pyvenv.cfg").is_file():
            if surroundings.ignored(("PYTHON",)):
                print(surroundings.not_taken("PYTHON"), file=sys.stderr)
            print(f"creating the environment in {folder} (some minutes, once)", flush=True)
            subprocess_or_line([sys.executable, "-m", "venv", str(folder)])
        for name in NEEDS[need]:
            if complete(folder, name):
                continue
            print(f"installing {LISTS[name]}", flush=True)
            pip(folder, "-r", str(ROOT / LISTS[name]), "-c", str(ROOT / "constraints.txt"))
            quiet = [str(folder / "bin" / "python"), "-m", "compileall", "-q", str(folder / "lib")]
            subprocess.run(quiet, stdout=subprocess.DEVNULL, check=False)
            (folder / f"{name}.done").write_text(digest(name), "utf-8")


def begin(folder: Path) -> None:
    """Make the folder and mark it; refuse a folder that has files and no mark."""
    if folder.exists() and not made_by_make(folder) and any(folder.iterdir()):
        raise ValueError(
            f"VENV={folder}: make has not made it and won't install into it; USE_VENV={folder} "
            "takes it as it is"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("By make of prunescape; `make clean` removes this folder.\n")


def audited(folder: Path) -> Path:
    """Return a separate environment, inside the folder, that has pip-audit."""
    begin(folder)
    if not (folder / "audit" / "pyvenv.cfg").is_file():
        subprocess_or_line([sys.executable, "-m", "venv", str(folder / "audit")])
    pip(folder / "audit", "pip-audit")
    return folder / "audit"


def pip(folder: Path, *arguments: str) -> None:
    """Install packages into an environment."""
    python = str(folder / "bin" / "python")
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess_or_line([python, "-m", "pip", "install", *quiet, *arguments])


def subprocess_or_line(command: list[str]) -> None:
    """Run a command; ValueError if it fails."""
    if status := subprocess.run(command, check=False).returncode:
        raise ValueError(f"`{' '.join(command)}` failed (status {status}); its words are above")


def look_at(folder: Path, need: str) -> None:
    """Print what the environment in USE_VENV lacks.

    Raises:
        ValueError: if it has no Python, or lacks packages without which the target can't start.
    """
    python = folder / "bin" / "python"
    if not os.access(python, os.X_OK):
        raise ValueError(f"USE_VENV={folder}: found no bin/python there")
    missing, differing = lacks(folder, need)
    faults = [f"lacks {few(missing)}"] if missing else []
    if differing:
        faults.append(f"differs from constraints.txt in {few(differing)}")
    if ESSENTIAL[need] & set(missing):
        raise ValueError(f"USE_VENV={folder} {'; '.join(faults)}")
    if faults:
        print(f"make: USE_VENV={folder} {'; '.join(faults)}; nothing is installed", file=sys.stderr)


def lacks(folder: Path, need: str) -> Lacks:
    """Compare an environment with the requirements for `need`, and with constraints.txt."""
    found = installed(folder / "bin" / "python")
    required = [name for each in NEEDS[need] for name in names(ROOT / LISTS[each])]
    missing = [name for name in required if name not in found]
    differing = [
        f"{name} {found[name]} (named: {version})"
        for name, version in pins(ROOT / "constraints.txt").items()
        if name in found and version not in (found[name], found[name].partition("+")[0])
    ]
    return Lacks(missing, differing)


def installed(python: Path) -> dict[str, str]:
    """Return package -> version for an environment; ValueError if its Python doesn't work."""
    listed = subprocess.run([str(python), "-c", LISTING], capture_output=True, check=False)
    if listed.returncode:
        said = listed.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        raise ValueError(f"{python} doesn't start: {said[0]}")
    return {normal(name): version for name, version in reversed(json.loads(listed.stdout))}


def names(file: Path) -> list[str]:
    """Return the names of the packages that a list requires."""
    lines = (line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines())
    return [normal(re.split(r"[\[ <>=!~;]", line, maxsplit=1)[0]) for line in lines if line]


def pins(file: Path) -> dict[str, str]:
    """Return package -> version from a list of constraints."""
    lines = (line.partition("#")[0] for line in file.read_text("utf-8").splitlines())
    found = (line.split("==", 1) for line in lines if "==" in line)
    return {normal(name.strip()): version.strip() for name, version in found}


def normal(name: str) -> str:
    """Return a package's name as package indexes normalise it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def become(folder: Path, command: list[str]) -> NoReturn:
    """Replace this process by a command, with the environment's programs first on PATH."""
    os.environ["PATH"] = os.pathsep.join((str(folder / "bin"), os.environ.get("PATH", os.defpath)))
    os.environ["VIRTUAL_ENV"] = str(folder)
    program = shutil.which(command[0])
    if program is None:
        raise ValueError(f"{folder} has no {command[0]}")
    sys.stdout.flush()
    os.execv(program, [program, *command[1:]])
