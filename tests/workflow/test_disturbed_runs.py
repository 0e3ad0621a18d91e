"""Whatever happens to a run: the same command ends it, with the table of an undisturbed one."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import killing
from tests.helpers.outcomes import keep
from tests.helpers.workplace import LIMIT, RUN, Workplace, bound, end, make

pytestmark = pytest.mark.slow

ROWS = f"{RUN}/graves/digits/logistic/point/r1-2/evaluate/none/none/none/none/b1/rows.json"
OUTCOMES = ROWS.replace("rows.json", "outcomes.safetensors")
TABLE = f"{RUN}/scores.csv"
LOG = f"{RUN}/logs{ROWS.removeprefix(RUN).removesuffix('.json')}.log"
DAY = 86400


@pytest.fixture
def unfinished(workplace: Workplace) -> Workplace:
    """A run in which one evaluation, its study's table and the run's are missing."""
    for name in (ROWS, OUTCOMES, f"{RUN}/graves/scores.parquet", TABLE):
        (workplace.root / name).unlink()
    return workplace


def assert_same(place: Workplace, finished) -> None:
    """All results are, byte for byte, those of the undisturbed run."""
    assert (place.root / TABLE).is_file()
    assert killing.differing(place, finished.place) == []


def reason(output: str) -> str:
    """Return the line that says why the only job that failed did."""
    [line] = [line for line in output.splitlines() if line.startswith("failed: ")]
    assert "Traceback" not in output
    return line


def test_two_runs_at_once(unfinished, finished):
    processes = [unfinished.start(*make("run")) for _ in range(2)]
    try:
        outputs = [process.communicate(timeout=LIMIT)[0] for process in processes]
    finally:
        for process in processes:
            end(process)

    assert [process.returncode for process in processes] == [0, 0], outputs
    [second] = [text for text in outputs if "another run is at work" in text]
    assert f"another run is at work in {unfinished.root}: waiting for its end" in second
    assert "Nothing to be done" in second
    assert_same(unfinished, finished)
    keep("two `make run` at once", 1, "the second says so, waits, and has nothing left to do")


@pytest.fixture
def small(unfinished: Workplace) -> Iterator[Path]:
    """The results on a file system of their own, which has no room left."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    place = unfinished.root / "results"
    aside = place.rename(unfinished.root / "aside")
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    shutil.copytree(aside, place, dirs_exist_ok=True)
    # A page is left: room for a log, not for what the job makes.
    resize(place, shutil.disk_usage(place).used + 4096)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def resize(place: Path, size: int) -> None:
    """Make a small file system of another size, in bytes."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)


def test_a_full_disk(unfinished, small, finished):
    done = unfinished.make("run")

    assert done.status != 0
    # On a disk without a page left, there is no room for the reason either.
    full = r"\w+\.py: \[Errno 28\] No space left on device: 'results/\S+'"
    said = rf"failed: \S+\.log: (?:{full}|ended without a word: the disk is full)"
    assert re.fullmatch(said, reason(done.output))
    assert killing.differing(unfinished, finished.place) == []

    resize(small, 100 << 20)
    done = unfinished.snakemake(TABLE)
    assert done.status == 0, done.output
    assert_same(unfinished, finished)
    keep("full disk", 1, "one line names the file; once there is room, the same bytes")


def test_a_result_that_was_made_read_only(unfinished, finished):
    path = unfinished.root / TABLE.replace(".csv", ".parquet")
    path.chmod(0o444)

    done = unfinished.run(*bound(*make("run")))

    # Snakemake takes it for an output that is protected, and begins nothing.
    assert done.status != 0
    assert re.search(
        rf"Write-protected output files .*\n.*\n.*\n +{RUN}/scores\.parquet", done.output
    )
    assert "Traceback" not in done.output
    assert not (unfinished.root / ROWS).exists()
    path.chmod(0o644)
    done = unfinished.snakemake(TABLE)
    assert done.status == 0, done.output
    assert_same(unfinished, finished)
    keep("a result made read-only", 1, "named before anything begins; then the same bytes")


def test_a_folder_that_was_made_read_only(unfinished, finished):
    folder = (unfinished.root / ROWS).parent
    mode = folder.stat().st_mode
    folder.chmod(0o555)

    done = unfinished.run(*bound(*make("run")))

    assert done.status != 0
    said = f"failed: {LOG}: evaluate.py: [Errno 13] Permission denied: '{ROWS}'"
    assert reason(done.output) == said
    if folder.exists():  # Snakemake removes it with the output of the failed job, if it is empty
        folder.chmod(mode)
    done = unfinished.snakemake(TABLE)
    assert done.status == 0, done.output
    assert_same(unfinished, finished)
    keep("a folder of results made read-only", 1, "one line names the file; then the same bytes")


def test_a_clock_that_is_set_back(unfinished, finished):
    """By a day, after half of a run: every file there is, the sources too, is from the future."""
    for name in unfinished.files("."):
        when = (unfinished.root / name).stat().st_mtime + DAY
        os.utime(unfinished.root / name, (when, when))
    unfinished.append("workflow/scripts/claims.py", "# Edited after the clock was set back.")

    done = unfinished.make("run")

    assert done.status == 0, done.output
    assert "files are from the future: looking into all that depends on them" in done.output
    assert_same(unfinished, finished)
    # The edit was noticed, and all is settled.
    claims = unfinished.root / RUN / "claims.csv"
    assert abs(claims.stat().st_mtime - time.time()) < DAY / 2
    assert unfinished.planned() == []
    keep("a clock set back by a day", 1, "all is looked into by content; an edit is noticed")
