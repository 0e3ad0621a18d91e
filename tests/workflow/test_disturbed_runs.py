"""Whatever happens to a run: the same command ends it, with the table of an undisturbed one."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import killing
import pytest
from killing import Pass
from outcomes import keep
from workplace import LIMIT, RUN, Workplace, bound, counts, end, make

ROWS = f"{RUN}/graves/digits/logistic/point/r1-2/evaluate/none/none/none/none/b1/rows.json"
TABLE = f"{RUN}/scores.csv"
LOG = f"{RUN}/logs{ROWS.removeprefix(RUN).removesuffix('.json')}.log"
DAY = 86400
CLOCKS = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
"""Debian's libfaketime."""


@pytest.fixture
def unfinished(workplace: Workplace) -> Workplace:
    """A run in which one evaluation and the table are missing."""
    for name in (ROWS, TABLE):
        (workplace.root / name).unlink()
    return workplace


def same(place: Workplace, finished) -> bool:
    """Return whether all results are, byte for byte, those of the undisturbed run."""
    assert (place.root / TABLE).is_file()
    return killing.differing(place, finished.place) == []


def reason(output: str) -> str:
    """Return the line that says why the only job that failed did."""
    [line] = [line for line in output.splitlines() if line.startswith("failed: ")]
    assert "Traceback" not in output
    return line


def test_a_run_that_is_killed_in_every_rule(fresh, finished):
    planned = fresh.planned()
    disturbed = Pass(fresh, finished.place, 0, "CORES=1", "run")

    disturbed.run(planned)

    assert {kill.rule for kill in disturbed.kills} == set(counts(planned))
    assert same(fresh, finished)
    assert killing.leftovers(fresh) == []
    assert fresh.files(RUN) == finished.place.files(RUN)
    keep(
        "`kill -9` at a random moment, once in every rule of the tiny config",
        len(disturbed.kills),
        f"{disturbed.starts} starts of `make run`; the same bytes in every result",
        disturbed.kills,
    )


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
    assert same(unfinished, finished)
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
    # A page, in which there is room for a log.
    (unfinished.root / "results" / "tiny" / "ballast").touch()
    resize(place, shutil.disk_usage(place).used + 4096)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def resize(place: Path, size: int) -> None:
    """Make a small file system of another size, in bytes."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)


def test_a_full_disk(unfinished, small, finished):
    done = unfinished.make("run")

    assert done.status != 0
    said = f"failed: {LOG}: evaluate.py: [Errno 28] No space left on device: '{ROWS}'"
    assert reason(done.output) == said
    assert not (unfinished.root / ROWS).exists()
    assert killing.differing(unfinished, finished.place) == ["results/tiny/ballast"]

    (unfinished.root / "results" / "tiny" / "ballast").unlink()
    resize(small, 100 << 20)
    done = unfinished.snakemake(TABLE)
    assert done.status == 0, done.output
    assert same(unfinished, finished)
    keep("full disk", 1, "one line names the file; once there is room, the same bytes")


@pytest.mark.parametrize("what", ["a file", "its folder"])
def test_results_that_may_not_be_written(unfinished, finished, what):
    barred = unfinished.root / LOG if what == "a file" else (unfinished.root / ROWS).parent
    mode = barred.stat().st_mode
    barred.chmod(mode & ~0o222)

    done = unfinished.run(*bound(*make("run")))

    assert done.status != 0
    assert "Permission denied" in done.output
    assert "Traceback" not in done.output
    barred.chmod(mode)
    done = unfinished.snakemake(TABLE)
    assert done.status == 0, done.output
    assert same(unfinished, finished)


def test_results_from_the_future(unfinished, finished):
    """As a clock leaves them that is set back by a day after half of a run."""
    for name in unfinished.files("data") | unfinished.files(RUN):
        when = (unfinished.root / name).stat().st_mtime + DAY
        os.utime(unfinished.root / name, (when, when))
    unfinished.append("workflow/scripts/claims.py", "# Edited after the clock was set back.")

    done = unfinished.make("run")

    assert done.status == 0, done.output
    assert "results are from the future: looking into all that they depend on" in done.output
    assert same(unfinished, finished)
    # The edit was noticed, and all is settled.
    claims = unfinished.root / RUN / "claims.csv"
    assert abs(claims.stat().st_mtime - time.time()) < DAY / 2
    assert unfinished.planned() == []
    keep("results and data from the future", 1, "looked into by content; an edit is noticed")


@pytest.mark.skipif(not CLOCKS, reason="libfaketime is not installed (make test-servers)")
def test_a_clock_that_is_set_back(unfinished, finished):
    # Programs read a clock that is a day behind, the files' times are those of the system.
    clock = {"LD_PRELOAD": str(CLOCKS[0]), "FAKETIME": "-1d", "NO_FAKE_STAT": "1"}

    done = unfinished.run(*make("run"), **clock)

    assert done.status == 0, done.output
    assert same(unfinished, finished)
    record = json.loads((unfinished.root / RUN / "environment.json").read_text())
    assert record["config"]["run"] == "tiny"
    assert unfinished.planned() == []
    keep("clock set back by a day between two halves of a run", 1, "the same bytes")
