"""The profile of a run, from logs as jobs leave them."""

import pytest

from prunescape.running import cpu_time, log_endings


def job(results, place, text):
    log = results / "logs" / f"{place}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text)


def test_overhead_is_all_but_the_work_of_the_scripts(tmp_path):
    job(tmp_path, "a/train/x", f"50 %\n{log_endings.Ending('train', 2, 60, 310)}\n")
    # A job that failed and was run again counts once, as it ended.
    job(tmp_path, "b/train/x", f"train.py: bad\n{log_endings.Ending('train', 2, 30, 100)}\n")
    job(tmp_path, "scores", f"{log_endings.Ending('aggregate', 1, 1, 90)}\n")
    job(tmp_path, "claims", "claims.py: no table\n")
    (tmp_path / "logs/snakemake.tsv").write_text("cpu_seconds\n3.0\n1.0\n")

    found = cpu_time.jobs(tmp_path)
    assert found["study"].tolist() == ["a", "b", ""]
    assert found["memory"].tolist() == [310, 100, 90]
    text = cpu_time.report(tmp_path)
    assert "train                      2     94.0       4.0     60.0      310" in text
    assert "Snakemake itself: 4 CPU s" in text
    # 5 s to start and 4 of Snakemake in 100.
    assert "all: 100 CPU s in 3 jobs" in text
    assert text.endswith("9.0 %")


def test_a_folder_without_logs_is_named(tmp_path):
    with pytest.raises(ValueError, match=f"^{tmp_path}/logs: no log of a finished job$"):
        cpu_time.report(tmp_path)
