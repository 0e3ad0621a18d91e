"""What clusters do to jobs and to Snakemake: each run ends complete, with the same table."""

import os
import signal
import subprocess
from pathlib import Path

from tests.helpers import cluster
from tests.helpers.cluster import TABLE, VICTIM, Run
from tests.helpers.workplace import end

# What happens in a job before it evaluates. The first attempt hangs, until the test ends it.
HANG = "rm '{0}/fault.sh'; touch '{0}/struck'; sleep 600"
# Every attempt takes 2.4 GB: more than the first asks for, less than the second does.
GREEDY = (
    "python3 -c 'import time; held = b\"1\" * (2400 * 1024**2); time.sleep(8)'"
    " || exit 1; touch '{0}/struck'"
)


def hanging(place) -> Run:
    return Run(place, HANG.format(place.root))


def states(place) -> list[str]:
    """Return the final states of the jobs that evaluated, in their order."""
    return [job.state for job in cluster.jobs(place) if "evaluat" in job.comment]


def test_a_cancelled_job_is_started_again(unfinished, complete):
    run = hanging(unfinished)
    process = run.start(TABLE)
    try:
        job = run.wait_until_struck()
        subprocess.run(["scancel", job.number], check=True)
        run.finish(process)
    finally:
        end(process)

    assert states(unfinished) == ["CANCELLED", "COMPLETED"]
    complete(unfinished, "scancel of a job: CANCELLED, then COMPLETED by a second job")


def test_a_job_whose_node_dies_is_started_again(unfinished, complete):
    run = hanging(unfinished)
    process = run.start("--default-resources", "slurm_partition=frail", "--", TABLE)
    try:
        run.wait_until_struck()
        slurmd = int((cluster.FOLDER / "run" / "slurmd.frail1.pid").read_text())
        os.kill(slurmd, signal.SIGKILL)
        cluster.wait_until(lambda: states(unfinished)[0] == "NODE_FAIL", "Slurm misses the node")
        assert cluster.start() == ""  # the node comes back
        run.finish(process)
    finally:
        end(process)

    assert states(unfinished) == ["NODE_FAIL", "COMPLETED"]
    complete(unfinished, "slurmd killed under a job: NODE_FAIL, then COMPLETED when it was back")


def test_a_job_over_its_memory_gets_more(unfinished, complete):
    run = Run(unfinished, GREEDY.format(unfinished.root))
    process = run.start(TABLE)
    try:
        run.finish(process)
    finally:
        end(process)

    assert run.struck.exists()
    first, second = (job for job in cluster.jobs(unfinished) if "evaluat" in job.comment)
    # Without cgroups, Slurm calls a job that it killed for memory FAILED.
    assert first.state in ("FAILED", "OUT_OF_MEMORY")
    assert second.state == "COMPLETED"
    assert (first.memory, second.memory) == ("2000M", "4000M")
    complete(
        unfinished,
        f"a job over its memory: {first.state} with 2000 MB asked for, COMPLETED with 4000",
    )


def test_a_job_over_its_time_gets_more(unfinished, complete):
    run = hanging(unfinished)
    # A minute is the least that Slurm knows; the function of the attempt stays.
    rules = unfinished.root / "workflow" / "rules" / "evaluate.smk"
    text = rules.read_text(encoding="utf-8")
    assert "runtime=growing(30)" in text
    rules.write_text(text.replace("runtime=growing(30)", "runtime=growing(1)"), encoding="utf-8")
    process = run.start(TABLE)
    try:
        run.finish(process)
    finally:
        end(process)

    first, second = (job for job in cluster.jobs(unfinished) if "evaluat" in job.comment)
    assert (first.state, second.state) == ("TIMEOUT", "COMPLETED")
    assert (first.minutes, second.minutes) == ("1:00", "2:00")
    complete(unfinished, "a job over its time: TIMEOUT after 1 minute, COMPLETED with 2 asked for")


def test_an_interrupted_snakemake_cancels_its_jobs(unfinished, complete):
    run = hanging(unfinished)
    process = run.start(TABLE)
    try:
        run.wait_until_struck()
        os.kill(process.pid, signal.SIGINT)
        process.wait(timeout=300)
        assert process.returncode != 0
        cluster.wait_until(lambda: not cluster.unfinished(unfinished), "its jobs are cancelled")
        cluster.wait_until(lambda: not cluster.processes(unfinished), "they have ended")
        assert not (unfinished.root / VICTIM).exists()
        process = run.start(TABLE)
        run.finish(process)
    finally:
        end(process)

    assert states(unfinished) == ["CANCELLED", "COMPLETED"]
    complete(
        unfinished, "SIGINT of Snakemake: its job CANCELLED by itself; started again, COMPLETED"
    )


def test_what_a_killed_snakemake_leaves_can_be_cancelled(unfinished, complete):
    run = hanging(unfinished)
    process = run.start(TABLE)
    try:
        job = run.wait_until_struck()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        # Its job goes on, and the folder is locked.
        assert job.number in [left.number for left in cluster.unfinished(unfinished)]
        locks = Path(unfinished.root, ".snakemake", "locks")
        assert list(locks.glob("*"))

        done = unfinished.make("cancel")

        assert done.status == 0, done.output
        assert f"cancelled 1 job: {job.number}" in done.output
        assert cluster.unfinished(unfinished) == []
        assert cluster.processes(unfinished) == []
        assert list(locks.glob("*")) == []
        process = run.start(TABLE)
        run.finish(process)
    finally:
        end(process)

    assert states(unfinished) == ["CANCELLED", "COMPLETED"]
    complete(unfinished, "kill -9 of Snakemake: its job CANCELLED by make cancel; then COMPLETED")


def test_make_cancel_leaves_the_jobs_of_other_folders_and_programs(unfinished):
    other = unfinished.root / "other"
    other.mkdir()
    sleep = ["sbatch", "--parsable", "--wrap", "sleep 600", "--output", "/dev/null", "--mem", "50"]
    ours = "prunescape_11111111-2222"
    numbers = {
        name: subprocess.run(
            [*sleep, "--chdir", folder, "--job-name", job],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for name, folder, job in (
            ("ours", unfinished.root, ours),
            ("elsewhere", other, ours),
            ("foreign", unfinished.root, "mine"),
        )
    }
    try:
        done = unfinished.make("cancel")
        listed = subprocess.run(
            ["squeue", "--noheader", "--format=%A"], capture_output=True, text=True, check=True
        ).stdout.split()
        again = unfinished.make("cancel")
    finally:
        subprocess.run(["scancel", *numbers.values()], check=True)

    assert done.status == 0, done.output
    assert f"cancelled 1 job: {numbers['ours']}" in done.output
    assert numbers["ours"] not in listed
    assert {numbers["elsewhere"], numbers["foreign"]} <= set(listed)
    assert again.status == 0
    assert "no job of this folder is left" in again.output
    # Unlocked with the config that was named.
    assert "extended by additional config specified via the command line" in done.output
