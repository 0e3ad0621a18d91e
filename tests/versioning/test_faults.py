"""Whatever breaks, nothing is lost, the reason is said, and the same command repairs it."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.helpers.clones import Clone, content, failed
from tests.helpers.workplace import LIMIT, RUN, end

# Its bytes are no other output's, as those of scores.parquet are, which its one study has too.
TABLE = f"{RUN}/published.csv"
FULL = "No space left on device"


def break_object(folder: Path, name: str) -> None:
    """Change a byte of an object, which stays read-only, as a failing disk would."""
    path = folder / "files" / "md5" / name[:2] / name[2:]
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(text)
    path.chmod(0o444)


def object_of(clone: Clone, path: str) -> str:
    """Return the name of an output's object."""
    known = json.loads((clone.root / "provenance.json").read_text(encoding="utf-8"))
    return known["outputs"][path]["md5"]


@pytest.fixture
def saved(author: Clone, store: Path, tmp_path: Path) -> Clone:
    """A copy of the author's repository with a remote of its own."""
    clone = author.copy(tmp_path / "saved")
    clone.dvc("remote", "modify", "--local", "store", "url", str(store))
    return clone


def clone_of(saved: Clone, place: Path) -> Clone:
    """Return a clone with the same remote."""
    clone = saved.clone(place)
    (clone.root / ".dvc" / "config.local").write_bytes(
        (saved.root / ".dvc" / "config.local").read_bytes()
    )
    return clone


# Killed.


@pytest.mark.parametrize("place", ["unsaved/.dvc/cache", "store"])
def test_a_killed_snapshot(unsaved, tmp_path, place):
    store = tmp_path / "store"
    before = content(unsaved.root / "results"), content(unsaved.root / ".snakemake" / "metadata")

    process = unsaved.start(
        *(sys.executable, "tools/versions.py", "snapshot", "--store", str(store)),
        *unsaved.targets(),
    )
    try:
        wait_for_object(process, tmp_path / place)
    finally:
        end(process)

    after = content(unsaved.root / "results"), content(unsaved.root / ".snakemake" / "metadata")
    assert {n: t for n, t in after[0].items() if not n.endswith(".dvc")} == before[0]
    assert after[1] == before[1]
    done = unsaved.snapshot("--store", str(store), "--commit")
    assert done.status == 0, done.output
    check_shared(unsaved, tmp_path)


def test_what_a_killed_dvc_left_half_written(unsaved, tmp_path):
    """DVC empties pointers and its list of locks before it writes them."""
    store = tmp_path / "store"
    pointers = [unsaved.root / f"{target}.dvc" for target in unsaved.targets()]
    locks = unsaved.root / ".dvc" / "tmp" / "rwlock"
    assert unsaved.snapshot("--store", str(store)).status == 0
    whole = [pointer.read_bytes() for pointer in pointers]
    for path in (*pointers, locks):
        path.write_bytes(b"")

    done = unsaved.snapshot("--store", str(store), "--commit")

    assert done.status == 0, done.output
    assert [pointer.read_bytes() for pointer in pointers] == whole
    check_shared(unsaved, tmp_path)


def test_a_broken_list_of_locks_stops_no_restore(saved, tmp_path):
    clone = clone_of(saved, tmp_path / "clone")
    folder = clone.root / ".dvc" / "tmp"
    folder.mkdir(exist_ok=True)
    (folder / "rwlock").write_bytes(b'{"write": {')
    (folder / "rwlock.lock").touch()

    done = clone.versions("restore")

    assert done.status == 0, done.output
    assert content(clone.root / "results") == content(saved.root / "results")


@pytest.mark.parametrize("place", [".dvc/cache", "results"])
def test_a_killed_restore(saved, tmp_path, place):
    clone = clone_of(saved, tmp_path / "clone")
    process = clone.start(sys.executable, "tools/versions.py", "restore")
    try:
        wait_for_object(process, clone.root / place)
    finally:
        end(process)

    done = clone.versions("restore")

    assert done.status == 0, done.output
    assert content(clone.root / "results") == content(saved.root / "results")
    assert clone.planned() == []


def wait_for_object(process: subprocess.Popen[str], folder: Path) -> None:
    """Wait until a process has written something large to a folder, or has ended."""
    while process.poll() is None:
        if any(path.stat().st_size > 10_000 for path in there(folder)):
            return
        time.sleep(0.001)


def there(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder in which others come and go."""
    for place, _, names in os.walk(folder):
        yield from (path for name in names if (path := Path(place, name)).is_file())


@pytest.mark.parametrize("what", ["add", "push"])
def test_dvc_killed(unsaved, tmp_path, what):
    store = tmp_path / "store"
    process = unsaved.start(
        *(sys.executable, "tools/versions.py", "snapshot", "--store", str(store)),
        *unsaved.targets(),
    )
    try:
        wait_for_dvc(process.pid, what).kill()
        output, _ = process.communicate(timeout=LIMIT)
    finally:
        end(process)

    assert process.returncode == 1, output
    assert f"dvc {what} failed: " in output
    done = unsaved.snapshot("--store", str(store), "--commit")
    assert done.status == 0, done.output
    check_shared(unsaved, tmp_path)


def wait_for_dvc(pid: int, command: str):
    """Return the process that runs a command of DVC below another, once it has begun to work."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        try:
            for found in psutil.Process(pid).children(recursive=True):
                if found.cmdline()[1:4] == ["-m", "dvc", command]:
                    time.sleep(0.4)
                    return found
        except psutil.NoSuchProcess:
            pass
        time.sleep(0.01)
    raise AssertionError(f"dvc {command} did not begin")


def check_shared(owner: Clone, tmp_path: Path) -> None:
    """Check that a clone gets everything from the remote, byte for byte."""
    clone = clone_of(owner, tmp_path / "shared")
    done = clone.versions("restore")
    assert done.status == 0, done.output
    assert content(clone.root / "results") == content(owner.root / "results")


# Broken objects.


def test_a_broken_object_in_the_cache_of_the_author(saved, tmp_path):
    name = object_of(saved, TABLE)
    break_object(saved.root / ".dvc" / "cache", name)
    (tmp_path / "store" / "files" / "md5" / name[:2] / name[2:]).unlink()

    done = saved.snapshot()

    assert done.status == 0, done.output
    check_shared(saved, tmp_path)


def test_a_broken_object_in_the_cache_of_a_clone(saved, tmp_path):
    clone = clone_of(saved, tmp_path / "clone")
    assert clone.dvc("fetch").status == 0
    break_object(clone.root / ".dvc" / "cache", object_of(saved, TABLE))

    done = clone.versions("restore")

    assert done.status == 0, done.output
    assert "broken objects: fetching them anew" in done.output
    assert (clone.root / TABLE).read_bytes() == (saved.root / TABLE).read_bytes()


@pytest.mark.parametrize("how", ["broken", "gone"])
def test_an_object_in_the_remote(saved, store, tmp_path, how):
    name = object_of(saved, TABLE)
    if how == "broken":
        break_object(store, name)
    else:
        (store / "files" / "md5" / name[:2] / name[2:]).unlink()
    clone = clone_of(saved, tmp_path / "clone")

    done = clone.versions("restore")

    # All but the one are there; that is named, and computed again if nobody has it any more.
    assert done.status == 1
    assert "1 objects can't be had from the remote store" in done.output
    assert f"not confirmed, to be computed again: {TABLE}" in done.output
    assert done.output.count("not confirmed") == 1
    assert not (clone.root / TABLE).exists()
    assert clone.planned()[0].outputs[0] == TABLE

    # Who has it pushes it with the command of before, and the clone repeats its own.
    again = saved.snapshot()
    assert again.status == 0, again.output
    repaired = clone.versions("restore")
    assert repaired.status == 0, repaired.output
    assert content(clone.root / "results") == content(saved.root / "results")


def test_the_list_of_a_folder_in_the_remote(saved, store, tmp_path):
    [place] = saved.objects(str(store))
    place.chmod(0o644)
    place.write_text("[]")
    place.chmod(0o444)
    clone = clone_of(saved, tmp_path / "clone")

    failed(clone.versions("restore"), "can't be had from the remote store")
    assert not (clone.root / RUN).exists()
    assert saved.snapshot().status == 0
    assert clone.versions("restore").status == 0


# Full disks.


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of a megabyte, to be made larger."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def enlarge(place: Path, megabytes: int = 100) -> None:
    """Make room on the small file system."""
    subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(place)], check=True)


def test_a_full_disk_of_the_cache(unsaved, small, tmp_path):
    unsaved.dvc("cache", "dir", "--local", str(small))
    before = content(unsaved.root / "results")

    failed(unsaved.snapshot("--store", str(tmp_path / "store")), f"is the disk of {small} full?")

    assert content(unsaved.root / "results") == before
    assert unsaved.pointers() == {}
    enlarge(small)
    done = unsaved.snapshot("--store", str(tmp_path / "store"), "--commit")
    assert done.status == 0, done.output


def test_a_full_disk_of_the_remote(unsaved, small, tmp_path):
    store = small / "store"

    failed(unsaved.snapshot("--store", str(store)), FULL, "the snapshot is whole in this clone")

    enlarge(small)
    done = unsaved.snapshot("--store", str(store), "--commit")
    assert done.status == 0, done.output
    check_shared(unsaved, tmp_path)


# Of what is restored: it goes into the cache first, and is then laid out once more.
@pytest.mark.parametrize("share", [0.5, 1.5], ids=["fetch", "layout"])
def test_a_full_disk_of_a_clone(saved, small, share):
    enlarge(small)
    clone = clone_of(saved, small / "clone")
    files = [path for path in (saved.root / "results").rglob("*") if path.is_file()]
    room = share * sum(path.stat().st_size for path in files)
    enlarge(small, (shutil.disk_usage(small).used + int(room)) >> 20)

    failed(clone.versions("restore"), FULL)

    enlarge(small)
    done = clone.versions("restore")
    assert done.status == 0, done.output
    assert content(clone.root / "results") == content(saved.root / "results")


# Two at once, and none.


def test_two_pushes_of_one_repository(unsaved, tmp_path):
    command = sys.executable, "tools/versions.py", "snapshot", "--store", str(tmp_path / "store")
    both = [unsaved.start(*command, *unsaved.targets()) for _ in range(2)]
    outputs = [process.communicate(timeout=LIMIT)[0] for process in both]
    statuses = [process.returncode for process in both]
    for process in both:
        end(process)

    assert set(statuses) <= {0, 1}
    for status, output in zip(statuses, outputs, strict=True):
        if status:
            failed_line = output.strip().splitlines()[-1]
            assert failed_line.startswith("versions.py: "), output
    done = unsaved.snapshot("--store", str(tmp_path / "store"), "--commit")
    assert done.status == 0, done.output
    check_shared(unsaved, tmp_path)


def test_two_pushes_of_two_clones(unsaved, ran, tmp_path):
    other = ran.copy(tmp_path / "other")
    command = sys.executable, "tools/versions.py", "snapshot", "--store", str(tmp_path / "store")
    both = [clone.start(*command, *clone.targets()) for clone in (unsaved, other)]
    outputs = [process.communicate(timeout=LIMIT)[0] for process in both]
    for process, output in zip(both, outputs, strict=True):
        end(process)
        assert process.returncode == 0, output
    assert unsaved.snapshot("--commit").status == 0
    check_shared(unsaved, tmp_path)


def test_a_remote_that_is_gone(saved, store, tmp_path):
    store.rename(tmp_path / "elsewhere")
    head = saved.head()

    failed(saved.snapshot("--commit"), "is gone")
    failed(clone_of(saved, tmp_path / "clone").versions("restore"), "is gone")

    assert not store.exists()
    assert saved.head() == head
    (tmp_path / "elsewhere").rename(store)
    assert saved.snapshot("--commit").status == 0
    assert Clone(tmp_path / "clone").versions("restore").status == 0
