"""A finished run of the tiny config, made once for all tests and all workers."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from workplace import LIMIT, Done, Finished, Workplace

from prunescape import files


@pytest.fixture(scope="session")
def attempt(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """`make run`, whatever became of it. The workers of pytest-xdist share one."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    root, record = shared / "finished", shared / "finished.json"
    with FileLock(shared / "finished.lock", timeout=LIMIT + 60):
        if not record.exists():
            begin = time.monotonic()
            done = Workplace.fresh(root).make("run")
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
def fresh(tmp_path: Path) -> Iterator[Workplace]:
    """A workplace where nothing has been run yet."""
    yield Workplace.fresh(tmp_path / "fresh")
    shutil.rmtree(tmp_path / "fresh")
