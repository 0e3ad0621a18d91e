"""A finished run of the tiny config under DVC, made once, and clones of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.helpers.clones import Clone
from tests.helpers.workplace import LIMIT


@pytest.fixture(autouse=True)
def caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the store that is made where none is named out of the user's folder of caches."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))


@pytest.fixture(scope="session")
def ran(shared: Path, attempt) -> Clone:
    """A git repository in which the tiny config was run, and nothing is under DVC yet."""
    assert attempt.done.status == 0, attempt.done.output
    with FileLock(shared / "ran.lock", timeout=LIMIT):
        return _once(shared / "ran", lambda place: Clone.of_run(attempt.place, place))


@pytest.fixture(scope="session")
def author(shared: Path, ran: Clone) -> Clone:
    """The repository of `ran` after a snapshot with a commit; its remote is the folder `store`."""

    def make(place: Path) -> Clone:
        clone = ran.copy(place)
        done = clone.make("snapshot", f"PRUNESCAPE_STORE={shared / 'store'}", "COMMIT=1")
        assert done.status == 0, done.output
        return clone

    with FileLock(shared / "author.lock", timeout=LIMIT):
        return _once(shared / "author", make)


@pytest.fixture(scope="session")
def colleague(shared: Path, author: Clone) -> Clone:
    """A clone of the author's repository after a restore."""

    def make(place: Path) -> Clone:
        clone = author.clone(place)
        done = clone.make("restore", f"PRUNESCAPE_STORE={shared / 'store'}")
        assert done.status == 0, done.output
        return clone

    with FileLock(shared / "colleague.lock", timeout=LIMIT):
        return _once(shared / "colleague", make)


def _once(place: Path, make) -> Clone:
    """Return what is in a folder, or make it there; half of it is made again."""
    if not place.with_suffix(".done").exists():
        shutil.rmtree(place, ignore_errors=True)
        make(place)
        place.with_suffix(".done").touch()
    return Clone(place)


@pytest.fixture
def store(tmp_path: Path, shared: Path, author: Clone) -> Path:
    """A copy of the author's remote, to be broken."""
    return Path(shutil.copytree(shared / "store", tmp_path / "store"))


@pytest.fixture
def unsaved(ran: Clone, tmp_path: Path) -> Clone:
    """A copy of the finished run, nothing of it under DVC."""
    return ran.copy(tmp_path / "unsaved")


@pytest.fixture
def owner(author: Clone, tmp_path: Path) -> Clone:
    """A copy of the author's repository, to be changed."""
    return author.copy(tmp_path / "owner")


@pytest.fixture
def fresh(author: Clone, tmp_path: Path) -> Clone:
    """A new clone of the author's repository."""
    return author.clone(tmp_path / "fresh")


@pytest.fixture
def restored(colleague: Clone, tmp_path: Path) -> Iterator[Clone]:
    """A copy of the clone that was restored, to be changed."""
    yield colleague.copy(tmp_path / "restored")
    shutil.rmtree(tmp_path / "restored")
