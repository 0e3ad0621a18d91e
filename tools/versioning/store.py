"""DVC: what it tracks, its cache and remotes, and gates where it reports no failure itself.

Commands run as a process of their own; what they print becomes one line of an Error. Of DVC's
formats this reads the .dvc files and the lists of files of folders (format of DVC 3).
"""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import yaml

from versioning import files
from versioning.files import Error

STORE = "store"  # the name of the remote that this tool makes
LOCATION = re.compile(r"[a-z0-9+]+://")


class Tracked(NamedTuple):
    """A file or folder under DVC."""

    path: str  # relative to the root, as that of the pointer
    pointer: str  # the .dvc file
    object: str  # its MD5; of a folder that of the list of its files, with .dir

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.object.endswith(".dir")


@dataclass(frozen=True)
class Store:
    """DVC in a folder, which is the root of the git repository too."""

    root: Path

    def check(self) -> None:
        """Raise an Error where DVC can't work."""
        if importlib.util.find_spec("dvc") is None:
            raise Error(f"DVC is not installed for {sys.executable}")
        if not (self.root / ".git").exists():
            raise Error("not the root of a git repository: run this where .git is")
        if not (self.root / ".dvc").is_dir():
            raise Error("no .dvc here: give dvc init first")

    def dvc(self, *arguments: str) -> str:
        """Run a command of DVC and return what it printed; Error says why it failed."""
        done = self._run(*arguments)
        if done.returncode:
            raise Error(f"dvc {arguments[0]} failed: {_reason(done.stderr or done.stdout)}")
        return done.stdout

    def succeeds(self, *arguments: str) -> bool:
        """Return whether a command of DVC ends with status 0."""
        return self._run(*arguments).returncode == 0

    def git(self, *arguments: str) -> str:
        """Run git and return what it printed; Error says why it failed."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Error(f"git {arguments[0]} failed: {_reason(done.stderr)}")
        return done.stdout

    def tracked(self, names: Iterable[str] | None = None) -> list[Tracked]:
        """Return what is under DVC, or just what lies at, above or below some paths."""
        listed = self.git("ls-files", "-z", "-co", "--exclude-standard", "--", "*.dvc")
        found = []
        for pointer in sorted({name for name in listed.split("\0") if name}):
            if (self.root / pointer).is_file():
                found += _pointed(self.root, pointer)
        if names is None:
            return found
        wanted = [os.path.normpath(name).removesuffix(".dvc") for name in names]
        for name in wanted:
            if not any(_related(name, entry.path) for entry in found):
                raise Error(f"{name} is not under DVC")
        return [entry for entry in found if any(_related(name, entry.path) for name in wanted)]

    # --- the cache ------------------------------------------------------------------------------

    @cached_property
    def cache(self) -> Path:
        """The folder of the cache."""
        return Path(self.dvc("cache", "dir").strip())

    def object(self, name: str) -> Path:
        """Return where the cache holds an object."""
        return self.cache / "files" / "md5" / name[:2] / name[2:]

    def listed(self, entry: Tracked) -> dict[str, str] | None:
        """Return path and MD5 of each file of `entry`; None if the cache has no such list."""
        if not entry.is_folder:
            return {entry.path: entry.object}
        place = self.object(entry.object)
        if not place.is_file() or files.md5(place) != entry.object.removesuffix(".dir"):
            return None
        return {f"{entry.path}/{one['relpath']}": one["md5"] for one in files.read_json(place)}

    def absent(self, entries: Iterable[Tracked]) -> list[str]:
        """Return the objects of `entries` that the cache has not, without looking into any."""
        found = []
        for entry in entries:
            names = self.listed(entry)
            wanted = [entry.object] if names is None else names.values()
            found += [name for name in wanted if not self.object(name).is_file()]
            # A list that is there and broken is as good as absent.
            if names is None and not found:
                found.append(entry.object)
        return sorted(set(found))

    def evict_corrupt(self, names: Iterable[str]) -> list[str]:
        """Remove those objects from the cache whose content isn't the one they are named by.

        DVC trusts a read-only object in its cache: it would hand it out, and push it.
        """
        gone = []
        for name in sorted(set(names)):
            place = self.object(name)
            if place.is_file() and files.md5(place) != name.removesuffix(".dir"):
                place.unlink()
                gone.append(name)
        return gone

    # --- remotes --------------------------------------------------------------------------------

    def remotes(self) -> dict[str, str]:
        """Return name and location of each remote."""
        lines = self.dvc("remote", "list").splitlines()
        pairs = (re.split(r"\s+", line.strip(), maxsplit=1) for line in lines if line.strip())
        # DVC 3 marks the default one behind the location.
        return {name: re.sub(r"\s+\(default\)$", "", location) for name, location in pairs}

    def default(self) -> str | None:
        """Return the name of the default remote."""
        done = self._run("config", "core.remote")
        return done.stdout.strip() or None

    def remote(self, folder: str | None, create: bool) -> str | None:
        """Return the remote to use, None if there is none, and see that a local folder exists.

        Args:
            folder: a folder to be the default remote of this clone, from now on.
            create: make that folder when it is named for the first time.
        """
        remotes = self.remotes()
        if folder is not None:
            place = str(Path(folder).expanduser().absolute())
            if remotes.get(STORE) != place:
                if create:
                    _make(Path(place))
                self._check_folder(place)
                # In config.local, which is not in git: the next user's folder is another one.
                self.dvc("remote", "add", "--local", "--force", "--default", STORE, place)
                # Otherwise DVC takes what it finds in a folder for what it is named.
                self.dvc("remote", "modify", "--local", STORE, "verify", "true")
                remotes[STORE] = place
            name = STORE
        else:
            name = self.default()
            if name is None:
                return None
        if name not in remotes:
            raise Error(f"the default remote {name} is not among DVC's remotes")
        self._check_folder(remotes[name])
        return name

    def _check_folder(self, location: str) -> None:
        """Raise an Error if a remote is a local folder and gone: DVC would begin an empty one."""
        if not LOCATION.match(location) and not (self.root / location).is_dir():
            raise Error(
                f"the remote {location} is gone: bring it back (is its disk mounted?), or make "
                "that folder to begin a new one"
            )

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dvc", *arguments],
            cwd=self.root,
            env=os.environ | {"DVC_NO_ANALYTICS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def _pointed(root: Path, pointer: str) -> list[Tracked]:
    """Return what a .dvc file points to."""
    try:
        content = yaml.safe_load((root / pointer).read_text(encoding="utf-8"))
        folder = Path(pointer).parent / content.get("wdir", ".")
        return [
            Tracked(os.path.normpath(folder / out["path"]), pointer, out["md5"])
            for out in content["outs"]
        ]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        raise Error(f"{pointer}: not a pointer of DVC (a conflict of a merge?)") from None


def _related(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Error(f"the folder {folder} can't be made ({error.strerror})") from None


def _reason(text: str) -> str:
    """Return the lines of an output that say why a command failed, as one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith(("ERROR:", "fatal:", "error:"))] or lines
    plain = (re.sub(r"^(ERROR|fatal|error):\s*", "", line) for line in wrong)
    return "; ".join(dict.fromkeys(plain))[:500] or "it gave no reason"


def objects(listings: Iterable[Mapping[str, str]]) -> set[str]:
    """Return the objects of several lists of files."""
    return {name for listing in listings for name in listing.values()}
