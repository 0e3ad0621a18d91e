"""The longest chain of a run and its time on other machines, from records like Snakemake's."""

import json
from base64 import urlsafe_b64encode

import pytest

from prunescape.running import critical_path, log_endings

TRAIN = "results/a/s/d/n/f/r1-5/train/checkpoint.safetensors"


def record(folder, rule, outputs, inputs, begin, cost):
    log = folder / "logs" / f"{begin}.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text(f"{log_endings.Ending(rule, cost[0], cost[1], 100)}\n")
    told = {
        "rule": rule,
        "input": inputs,
        "log": [f"logs/{begin}.log"],
        "shellcmd": f"python {rule}.py --output {' '.join(outputs)}",
        "endtime": begin + 10.0,
    }
    for number, output in enumerate(outputs):
        told["starttime"] = begin + number / 1000  # Snakemake marks one output after the other
        name = urlsafe_b64encode(output.encode()).decode()
        path = folder / ".snakemake" / "metadata"
        if len(name) > 200:
            path, name = path / f"@{name[:200]}", name[200:]
        path.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(json.dumps(told))


@pytest.fixture
def folder(tmp_path):
    """Images; on them a training of five and one of another rule; what reads both; another run."""
    images, other = "data/d/train.safetensors", "results/a/s/x"
    record(tmp_path, "prepare", [images, "data/d/test.safetensors"], ["data/raw"], 1.0, (0, 2))
    record(tmp_path, "train", [TRAIN], [images, "code.py"], 2.0, (1, 10))
    record(tmp_path, "score", [other, "results/a/s/" + 200 * "y"], [images], 3.0, (1, 6))
    record(tmp_path, "aggregate", ["results/a/table"], [TRAIN, other], 4.0, (1, 3))
    record(tmp_path, "aggregate", ["results/b/table"], [], 5.0, (1, 300))
    return tmp_path


def test_jobs_are_those_of_one_run_with_what_they_read(folder):
    jobs = critical_path.recorded(folder, "results/a")
    assert [job.rule for job in jobs] == ["prepare", "train", "score", "aggregate"]
    assert [job.needs for job in jobs] == [(), (0,), (0,), (1, 2)]
    assert [job.members for job in jobs] == [1, 5, 1, 1]


def test_the_longest_chain_is_that_of_the_training_until_it_is_spread(folder):
    jobs = critical_path.recorded(folder, "results/a")
    assert [job.rule for job in critical_path.longest_chain(jobs, 2)] == [
        *("prepare", "train", "aggregate"),
    ]
    # Five processes: 1 to start and 2 at work.
    assert [job.rule for job in critical_path.longest_chain(jobs, 10)] == [
        *("prepare", "score", "aggregate"),
    ]


@pytest.mark.parametrize(
    ("cores", "seconds"),
    [
        (1, 2 + 11 + 7 + 4),
        (2, 2 + 11 + 4),  # the other job runs beside
        (4, 2 + 7 + 4),  # 3 and 2 replicates: 1 + 6
        (128, 2 + 7 + 4),
    ],
)
def test_the_time_on_some_cores_is_what_the_jobs_need(folder, cores, seconds):
    jobs = critical_path.recorded(folder, "results/a")
    assert critical_path.replayed(jobs, cores) == pytest.approx(seconds)


def test_a_wide_job_waits_for_its_cores_and_a_narrow_one_passes_it():
    def job(rule, work, members, needs=()):
        return critical_path.Job(rule, rule, 0.0, 0.0, 0.0, work, members, needs)

    narrow = [job("score", 4.0, 1), job("score", 3.0, 1), job("score", 2.0, 1)]
    wide = job("train", 8.0, 2)  # two processes of 4 s on four cores
    assert critical_path.replayed([*narrow, wide], 4) == pytest.approx(2.0 + 4.0)
    assert critical_path.replayed([wide, *narrow], 4) == pytest.approx(3.0 + 2.0)


def test_what_was_made_anew_after_it_was_read_was_not_waited_for(folder):
    record(folder, "train", [TRAIN], [], 9.0, (1, 10))
    jobs = critical_path.recorded(folder, "results/a")
    assert [job.needs for job in jobs] == [(), (0,), (1,), ()]


def test_the_report_has_the_chain_and_the_numbers_of_cores(folder):
    text = critical_path.report(folder, "results/a")
    assert "critical path, on 128 cores: 13 s" in text
    assert "      7.0 s  score: results/a/s/x" in text
    assert "    2 cores:     17 s" in text
    assert text.endswith("from the first job's start to the last one's end it was 13 s")


def test_missing_records_and_logs_are_named(folder):
    with pytest.raises(ValueError, match=r"\.snakemake: no record of a job of results/c$"):
        critical_path.report(folder, "results/c")
    (folder / "logs/2.0.log").write_text("killed")
    with pytest.raises(ValueError, match=r"logs/2\.0\.log: no cost of a finished job$"):
        critical_path.report(folder, "results/a")
