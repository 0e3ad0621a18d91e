"""DVC: what it tracks, its cache and remotes, and gates where it reports no failure itself.

What its commands print becomes one line of an Error. Of DVC's formats this reads the .dvc files and
the lists of files of folders (format of DVC 3).
"""

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import yaml

from . import dvc_commands, files
from .files import Error
from .links import PART

STORE = "store"  # the name of the remote that this tool makes
USUAL = "prunescape/store"  # where it lies, in the user's folder of caches, if no other is named
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


class Remote(NamedTuple):
    """A place where DVC shares objects."""

    name: str
    location: str  # a folder or a URL


@dataclass(frozen=True)
class Store:
    """DVC and git in a folder: the root of a repository, or a folder of a larger one.

    Paths are relative to the folder, in what git is asked and in what it answers.
    """

    root: Path

    def check(self) -> None:
        """Raise an Error where DVC can't work."""
        if importlib.util.find_spec("dvc") is None:
            raise Error(f"DVC is not installed for {sys.executable}")
        if self._repository is None:
            raise Error(f"{self.root} is not in a git repository")
        if self._settings is None:
            raise Error(
                f"no .dvc here{'' if self._is_root else ' or above'}: give dvc init first"
                + ("" if self._is_root else " (--subdir in this folder, or in the root)")
            )

    @cached_property
    def _repository(self) -> Path | None:
        """The root of the git repository; None if there is none."""
        here = self.root.resolve()
        return next((p for p in (here, *here.parents) if (p / ".git").exists()), None)

    @property
    def _is_root(self) -> bool:
        return self._repository == self.root.resolve()

    @cached_property
    def _settings(self) -> Path | None:
        """The folder .dvc that counts here: the nearest one, up to the root of the repository."""
        here = self.root.resolve()
        for place in (here, *here.parents):
            if (place / ".dvc").is_dir():
                return place / ".dvc"
            if place == self._repository:
                return None
        return None

    @property
    def settings(self) -> str:
        """DVC's settings that are in git."""
        folder = self._settings or self.root / ".dvc"
        return os.path.relpath(folder / "config", self.root.resolve())

    @property
    def temporary(self) -> Path:
        """The folder where DVC keeps its locks."""
        return (self._settings or self.root / ".dvc") / "tmp"

    def changed(self, names: Iterable[str], untracked: bool) -> list[str]:
        """Return the files at or below some paths that differ from what git has.

        Args:
            names: relative to the root, which may lead out of it.
            untracked: whether to list files, too, that git doesn't know.
        """
        kind = "all" if untracked else "no"
        status = ("status", "--porcelain", "-z", f"--untracked-files={kind}", "--no-renames")
        lines = self.git(*status, "--", *names).split("\0")
        # In this form, git names files from the root of the repository whatever its settings say.
        there = self._repository or self.root
        return [os.path.relpath(there / line[3:], self.root.resolve()) for line in lines if line]

    def in_repository(self, name: str) -> bool:
        """Return whether a path lies in the repository, where git may have it."""
        return (self.root / name).resolve().is_relative_to(self._repository or self.root)

    def dvc(self, *arguments: str) -> str:
        """Run a command of DVC and return what it printed; Error says why it failed."""
        done = dvc_commands.run(arguments, self.root)
        if done.returncode:
            raise Error(f"dvc {arguments[0]} failed: {_reason(done.stderr or done.stdout)}")
        return done.stdout

    def succeeds(self, *arguments: str) -> bool:
        """Return whether a command of DVC ends with status 0."""
        return dvc_commands.run(arguments, self.root).returncode == 0

    def git(self, *arguments: str) -> str:
        """Run git and return what it printed; Error says why it failed."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Error(f"git {arguments[0]} failed: {_reason(done.stderr)}")
        return done.stdout

    def show(self, revision: str, name: str) -> str:
        """Return the text of a file in a commit."""
        return self.git("show", f"{revision}:./{name}")

    def history(self, name: str) -> Iterator[str]:
        """Yield the text of a file in each commit that changed it, on any branch, newest first."""
        log = ("log", "--all", "HEAD", "--diff-filter=AM", "--format=%H", "--", name)
        for commit in self.git(*log).split():
            yield self.show(commit, name)

    def tracked(self, names: Iterable[str] | None = None) -> list[Tracked]:
        """Return what is under DVC, or just what lies at, above or below some paths."""
        listed = self.git("ls-files", "-z", "-co", "--exclude-standard", "--", "*.dvc")
        found = []
        for pointer in sorted({name for name in listed.split("\0") if name}):
            if (self.root / pointer).is_file():
                found += pointed((self.root / pointer).read_text(encoding="utf-8"), pointer)
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
        return self.root / self.dvc("cache", "dir").strip()

    @property
    def links(self) -> bool:
        """Whether DVC's settings let it replace what it adds by a link into the cache."""
        return "link" in self._configured.get("cache.type", "").replace("reflink", "")

    def object(self, name: str) -> Path:
        """Return where the cache holds an object."""
        return _object(self.cache, name)

    def has(self, name: str) -> bool:
        """Return whether the cache has an object, and intact: it is read."""
        place = self.object(name)
        return place.is_file() and files.md5(place) == name.removesuffix(".dir")

    def listed(self, entry: Tracked) -> dict[str, str] | None:
        """Return path and MD5 of each file of `entry`; None if the cache has no such list."""
        if not entry.is_folder:
            return {entry.path: entry.object}
        if not self.has(entry.object):
            return None
        listing = files.read_json(self.object(entry.object))
        return {f"{entry.path}/{one['relpath']}": one["md5"] for one in listing}

    def versions(self, entry: Tracked) -> Iterator[dict[str, str]]:
        """Yield the list of files of each snapshot of `entry` that git and the cache know."""
        for text in self.history(entry.pointer):
            with contextlib.suppress(Error):  # what is no pointer points to nothing
                for version in pointed(text, entry.pointer):
                    yield self.listed(version) or {}

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

    def evict_corrupt(self, names: Iterable[str], place: Path | None = None) -> list[str]:
        """Remove those objects from the cache whose content isn't the one they are named by.

        DVC trusts a read-only object: it would hand it out, and push it.

        Args:
            names: of the objects to look into.
            place: a folder that is a remote, instead of the cache.
        """
        gone = []
        for name in sorted(set(names)):
            path = _object(place or self.cache, name)
            if path.is_file() and files.md5(path) != name.removesuffix(".dir"):
                path.unlink()
                gone.append(name)
        return gone

    def refill(self, listing: Mapping[str, str]) -> None:
        """Copy files into the cache whose objects it lacks: DVC doesn't look for them one by one.

        A file with other bytes than its list says is left out.
        """
        for path, name in listing.items():
            if not self.object(name).is_file() and (self.root / path).is_file():
                _copy(self.root / path, self.object(name), name, 0o444)

    def lay_out(self, listing: Mapping[str, str]) -> None:
        """Copy what the cache has of a list of files to where it belongs, and is not there yet.

        DVC's own checkout takes all or none, clears a folder of other files, hands out broken
        objects, and does not say that a disk is full.
        """
        for path, name in listing.items():
            if self.object(name).is_file() and not (self.root / path).exists():
                _copy(self.object(name), self.root / path, name, 0o644)

    def sweep(self, entries: Iterable[Tracked]) -> None:
        """Remove what a `lay_out` left that was killed."""
        for entry in entries:
            for path in (self.root / entry.path).rglob(f"{PART}*"):
                path.unlink()

    # --- remotes --------------------------------------------------------------------------------

    @cached_property
    def _configured(self) -> dict[str, str]:
        """DVC's settings, of all its files, as they were when they were first asked for."""
        # The list of `dvc remote list` breaks long lines.
        pairs = (line.partition("=") for line in self.dvc("config", "--list").splitlines())
        return {key: value for key, _, value in pairs}

    def remotes(self) -> tuple[dict[str, Remote], Remote | None]:
        """Return the remotes by name, and which of them is the default."""
        settings = self._configured
        urls = ((re.fullmatch(r"remote\.(.+)\.url", key), url) for key, url in settings.items())
        found = {match[1]: Remote(match[1], url) for match, url in urls if match}
        default = settings.get("core.remote")
        if default is not None and default not in found:
            raise Error(f"DVC's default remote {default} is not among its remotes")
        return found, found.get(default)

    def remote(self, folder: str | None) -> Remote | None:
        """Return the remote to fetch from, None if there is none, and see that a folder exists.

        Args:
            folder: a folder to be the default remote of this clone, from now on; None for the one
                that is set, or `usual_store` where none is.
        """
        remotes, default = self.remotes()
        if folder is None and default is not None and default.location != str(usual_store()):
            return self._checked(default)
        if folder is None and not usual_store().is_dir():
            return None
        return self._begun(_place(folder), remotes)

    def remote_made(self, folder: str | None) -> Remote:
        """Return the remote to push to; make its folder if it is named for the first time.

        Args:
            folder: as of `remote`.
        """
        remotes, default = self.remotes()
        if folder is None and default is not None and default.location != str(usual_store()):
            return self._checked(default)
        place = _place(folder)
        # Folders of caches may be emptied; another that is gone may be on a disk that is not there.
        if place == usual_store() or remotes.get(STORE) != Remote(STORE, str(place)):
            _make(place)
        return self._begun(place, remotes)

    def _begun(self, place: Path, remotes: Mapping[str, Remote]) -> Remote:
        """Make a folder the default remote of this clone, if it is not."""
        found = self._checked(Remote(STORE, str(place)))
        if remotes.get(STORE) != found:
            # In config.local, which is not in git: the next user's folder is another one.
            self.dvc("remote", "add", "--local", "--force", "--default", *found)
            # Otherwise DVC takes what it finds in a folder for what it is named.
            self.dvc("remote", "modify", "--local", STORE, "verify", "true")
        return found

    def folder_of(self, remote: Remote) -> Path | None:
        """Return the folder that a remote is, None if it is somewhere else."""
        # A relative one is relative to DVC's settings.
        if LOCATION.match(remote.location):
            return None
        return (self._settings or self.root / ".dvc") / remote.location

    def replenish(self, remote: Remote, names: Iterable[str]) -> None:
        """Copy objects from the cache into a remote that is a folder, which lacks them.

        Where a remote has the list of a folder, DVC believes that it has all files of the list.
        """
        folder = self.folder_of(remote)
        if folder is None:
            return
        for name in names:
            if not _object(folder, name).is_file():
                _copy(self.object(name), _object(folder, name), name.removesuffix(".dir"), 0o444)

    def borrow(self, remote: Remote, names: Iterable[str]) -> None:
        """Copy objects that the cache lacks from a remote that is a folder.

        DVC drops the list of a folder's files when one of the files can't be had.
        """
        folder = self.folder_of(remote)
        if folder is None:
            return
        for name in names:
            if not self.object(name).is_file() and _object(folder, name).is_file():
                _copy(_object(folder, name), self.object(name), name.removesuffix(".dir"), 0o444)

    def fetch_of(self, text: str, pointer: str) -> None:
        """Fetch what another version of a pointer, with some text, points to."""
        place = self.root / pointer
        # Beside it, so that its paths mean the same; DVC looks at nothing else.
        other = place.with_name(f"{place.stem}.{os.getpid()}.dvc")
        try:
            files.write(other, text)
            self.dvc("fetch", other.relative_to(self.root).as_posix())
        finally:
            other.unlink(missing_ok=True)

    def _checked(self, remote: Remote) -> Remote:
        """Return a remote, or raise an Error if it is a folder and gone: DVC would begin anew."""
        folder = self.folder_of(remote)
        if folder is not None and not folder.is_dir():
            raise Error(
                f"the remote {remote.location} is gone: bring it back (is its disk mounted?), or "
                "make that folder to begin a new one"
            )
        return remote


def _place(folder: str | None) -> Path:
    return usual_store() if folder is None else Path(folder).expanduser().absolute()


def usual_store() -> Path:
    """Return the folder to share through where none is named: all clones of a user find it."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".cache") / USUAL


def pointed(text: str, pointer: str) -> list[Tracked]:
    """Return what the .dvc file `pointer` with some text points to."""
    if not text.strip():
        raise Error(f"{pointer} is empty, as a killed DVC leaves it: delete it, add the data again")
    try:
        content = yaml.safe_load(text)
        folder = Path(pointer).parent / content.get("wdir", ".")
        return [
            Tracked(os.path.normpath(folder / out["path"]), pointer, out["md5"])
            for out in content["outs"]
        ]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        raise Error(f"{pointer}: not a pointer of DVC (a conflict of a merge?)") from None


def _related(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _object(folder: Path, name: str) -> Path:
    """Return where a cache or a remote holds an object."""
    return folder / "files" / "md5" / name[:2] / name[2:]


def _copy(source: Path, target: Path, name: str, mode: int) -> None:
    """Copy a file whole or not at all, if it is the object `name`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=PART)
    os.close(handle)
    try:
        shutil.copyfile(source, temporary)
        if files.md5(Path(temporary)) == name:
            files.change_mode(Path(temporary), mode)
            Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Error(
            f"the folder {folder} can't be made ({error.strerror}): name another with --store "
            "(STORE of make)"
        ) from None


def _reason(text: str) -> str:
    """Return the lines of an output that say why a command failed, as one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith(("ERROR:", "fatal:", "error:"))] or lines
    plain = (re.sub(r"^(ERROR|fatal|error):\s*", "", line) for line in wrong)
    return "; ".join(dict.fromkeys(plain))[:500] or "it gave no reason"


def objects(listings: Iterable[Mapping[str, str]]) -> set[str]:
    """Return the objects of several lists of files."""
    return {name for listing in listings for name in listing.values()}
