import os

from prunescape.running import failures, log_endings


def log(folder, name, text, age=0):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    when = path.stat().st_mtime - age
    os.utime(path, (when, when))
    return when


def test_every_job_that_failed_since_has_a_line(tmp_path):
    since = log(tmp_path, "results/tiny/logs/a/rows.log", "noise\nevaluate.py: disk full\n")
    log(
        tmp_path,
        "results/tiny/logs/b/rows.log",
        f"x\n{log_endings.Ending('evaluate', 1.5, 2, 90)}\n",
    )
    log(tmp_path, "results/tiny/logs/b/more.log", f"{log_endings.Ending('score', 1, 2, 90)}\nby\n")
    log(tmp_path, "results/tiny/logs/c/rows.log", "evaluate.py: of before\n", age=3600)
    log(tmp_path, "results/tiny/logs/d/rows.log", "")
    log(tmp_path, "results/tiny/logs/e/checkpoint.log", "  3%|#\r 50%|##### | 10 step/s")
    log(tmp_path, "data/digits/logs/download.log", "download.py: no mirror\n")
    log(tmp_path, "results/tiny/a/rows.log", "no log of a job\n")

    assert failures.reasons(tmp_path, since) == [
        "data/digits/logs/download.log: download.py: no mirror",
        "results/tiny/logs/a/rows.log: evaluate.py: disk full",
        "results/tiny/logs/d/rows.log: empty: was the job killed, or is the disk full?",
        "results/tiny/logs/e/checkpoint.log:  50%|##### | 10 step/s",
    ]
