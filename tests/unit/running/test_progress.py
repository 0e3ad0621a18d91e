"""Lines of finished jobs, and the time that is left."""

import pytest

from prunescape.running import log_endings
from prunescape.running.progress import Kind, Progress, earlier

TRAIN, SCORE, OTHER = Kind("a", "train"), Kind("a", "score"), Kind("b", "train")
NOON = 1_800_000_000.0


def test_a_line_has_the_count_the_job_and_what_it_took():
    made = Progress({7: TRAIN}, cores=2)
    made.start(7, "results/x", NOON)
    line = made.finish(7, NOON + 3.04)
    clock, rest = line[:8], line[8:]
    assert [len(part) for part in clock.split(":")] == [2, 2, 2]
    assert rest == " 1/1 train: results/x (3.0 s)"


def test_time_left_is_that_of_jobs_of_the_kind_on_the_cores_there_are():
    made = Progress(dict.fromkeys(range(10), TRAIN), cores=2)
    made.start(0, "x", NOON)
    assert made.finish(0, NOON + 100).endswith(", about 8 min left")  # 900 s on two cores


def test_what_has_begun_counts_for_what_is_left_of_it():
    made = Progress({0: TRAIN, 1: TRAIN, 2: TRAIN}, cores=1)
    made.start(0, "x", NOON)
    made.start(1, "y", NOON)
    # 0 left of the second, which takes longer, 120 s of the third.
    assert made.finish(0, NOON + 120).endswith(", about 2 min left")


def test_one_long_job_is_not_made_shorter_by_cores():
    made = Progress({0: TRAIN, 1: TRAIN}, cores=64)
    made.start(0, "x", NOON)
    assert made.finish(0, NOON + 4000).endswith(", about 1 h 7 min left")


@pytest.mark.parametrize(
    ("kind", "known", "end"),
    [
        (SCORE, {}, ""),  # nothing like it was seen
        (OTHER, {}, ", about 2 min left"),  # the same rule
        (SCORE, {SCORE: [10.0]}, ", less than a minute left"),  # of an earlier run
        (OTHER, {OTHER: [600.0]}, ", about 2 min left"),  # this run, first
    ],
)
def test_a_kind_without_a_finished_job_takes_what_is_like_it(kind, known, end):
    made = Progress({0: TRAIN, 1: kind}, 1, known)
    made.start(0, "x", NOON)
    assert made.finish(0, NOON + 120).split(" s)")[1] == end


def test_a_failed_job_may_be_started_again():
    made = Progress({0: TRAIN}, 1)
    made.start(0, "x", NOON)
    assert made.fail(0, NOON + 5).endswith(" train failed: x (5.0 s)")
    made.start(0, "x", NOON + 6)
    assert made.finish(0, NOON + 8).endswith(" 1/1 train: x (2.0 s)")


def test_a_job_that_was_not_planned_has_no_line():
    made = Progress({}, 1)
    made.start(3, "", NOON)
    assert made.finish(3, NOON) == made.fail(3, NOON) == ""


def test_earlier_runs_are_read_from_their_logs(tmp_path):
    for place, script in (("a/x", "train"), ("a/y/z", "train"), ("scores", "gather")):
        log = tmp_path / f"{place}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"{log_endings.Ending(script, 1, 2, 100)}\n")
    (tmp_path / "failed.log").write_text("no cost\n")
    assert earlier(tmp_path) == {TRAIN: [3.0, 3.0], Kind("", "gather"): [3.0]}
    assert earlier(tmp_path / "none") == {}
