"""A cluster for all tests, a local run to compare with, and a line for each fault at the end."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from prunescape.foundations import files
from tests.helpers import cluster
from tests.helpers.workplace import LIMIT, RUN, Workplace


def reason_not_to() -> str:
    """Return why no cluster can be started here, or nothing."""
    if os.environ.get("PRUNESCAPE_CLUSTER") != "1":
        return "installs Slurm and links /etc/slurm, so only `make test-cluster` runs it"
    if os.getuid() != 0:
        return "slurmd starts jobs for other users, so it needs root"
    if shutil.which("slurmd") is None and shutil.which("apt-get") is None:
        return "Slurm is missing, and there is no apt-get to install it"
    return ""


@pytest.fixture(scope="session", autouse=True)
def slurm(shared: Path) -> None:
    """A cluster; stopped when the session ends."""
    if reason := reason_not_to():
        pytest.skip(reason)
    record = shared / "slurm.json"
    with FileLock(shared / "slurm.lock", timeout=LIMIT):
        if not record.exists():
            files.write_json(record, cluster.start())
    if error := files.read_json(record):
        pytest.skip(f"Slurm can't be started here: {error}")


@pytest.fixture(scope="session")
def local(shared: Path, source: Workplace) -> Workplace:
    """A finished run without a cluster, once for all workers; to be looked at and copied."""
    root, record = shared / "local", shared / "local.json"
    with FileLock(shared / "local.lock", timeout=LIMIT):
        if not record.exists():
            files.write_json(record, source.copy(root).snakemake(f"{RUN}/scores.csv"))
    status, output = files.read_json(record)
    assert status == 0, output
    return Workplace(root)


@pytest.fixture
def unfinished(local: Workplace, tmp_path: Path) -> Iterator[Workplace]:
    """A copy of the local run that lacks one evaluation, and so its study's table and the run's."""
    place = local.copy(tmp_path / "unfinished")
    tables = (f"{RUN}/graves/scores.parquet", f"{RUN}/scores.csv", f"{RUN}/scores.parquet")
    for name in (cluster.VICTIM, *tables):
        (place.root / name).unlink()
    yield place
    shutil.rmtree(place.root)


@pytest.fixture
def complete(local: Workplace, record_property: Callable[[str, object], None]) -> Callable:
    """Return a function that checks how a fault ended, and notes in a line what happened."""

    def check(place: Workplace, happened: str) -> None:
        table = (place.root / cluster.TABLE).read_bytes()
        assert table == (local.root / cluster.TABLE).read_bytes()
        cluster.wait_until(lambda: not cluster.unfinished(place), "no job is left")
        cluster.wait_until(lambda: not cluster.processes(place), "no process is left")
        record_property("fault", f"{happened}; the same table, nothing left behind")

    return check


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each fault."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "fault" and report.when == "call":
                terminalreporter.write_line(f"fault: {value}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the cluster when all workers have ended."""
    if not hasattr(session.config, "workerinput") and not reason_not_to():
        cluster.stop()
