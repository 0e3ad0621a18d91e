"""Fixtures of every suite: a workplace, and a finished run of the tiny config for all workers."""

import compileall
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from prunescape.foundations import files
from tests.helpers.workplace import LIMIT, Done, Finished, Workplace


@pytest.fixture(scope="session")
def source(shared: Path) -> Workplace:
    """The workflow as it was when the tests began; what is edited meanwhile is not mixed in."""
    with FileLock(shared / "source.lock", timeout=LIMIT):
        root = shared / "source"
        if root.exists():
            return Workplace(root)
        made = Workplace.fresh(root)
        # Its copies keep the bytecode and the record of imports, which their first processes would
        # write otherwise.
        compileall.compile_dir(root / "workflow", quiet=1)
        done = made.snakemake("--dry-run")
        assert done.status == 0, done.output
        return made


@pytest.fixture(scope="session")
def attempt(shared: Path, source: Workplace) -> Finished:
    """`make run`, once for all workers, whatever became of it."""
    root, record = shared / "finished", shared / "finished.json"
    with FileLock(shared / "finished.lock", timeout=LIMIT + 60):
        if not record.exists():
            begin = time.monotonic()
            done = source.copy(root).make("run")
            files.write_json(record, [*done, time.monotonic() - begin])
    status, output, seconds = files.read_json(record)
    return Finished(Workplace(root), Done(status, output), seconds)


@pytest.fixture
def finished(attempt: Finished) -> Finished:
    """The finished run, to be looked at; tests that change something take `workplace`."""
    assert attempt.done.status == 0, attempt.done.output
    return attempt


@pytest.fixture
def workplace(finished: Finished, tmp_path: Path) -> Iterator[Workplace]:
    """A copy of the finished run, to be changed."""
    yield finished.place.copy(tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy")


@pytest.fixture
def fresh(source: Workplace, tmp_path: Path) -> Iterator[Workplace]:
    """A workplace where nothing has been run yet."""
    yield source.copy(tmp_path / "fresh")
    shutil.rmtree(tmp_path / "fresh")
