"""The profile of a run, from logs and records as jobs leave them."""

import subprocess
import sys
from pathlib import Path

from prunescape import spending

ROOT = Path(__file__).resolve().parents[2]
HEAD = "s\th:m:s\tmax_rss\tcpu_time\n"


def job(results, place, text, memory=None):
    log = results / "logs" / f"{place}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text)
    if memory:
        record = results / "benchmarks" / f"{place}.tsv"
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(f"{HEAD}1\t0:00:01\t{memory}\t1\n")


def test_overhead_is_all_but_the_work_of_the_scripts(tmp_path):
    job(tmp_path, "a/train/x", "50 %\rtrain.py: 2.00 CPU s to start, 60.00 at work\n", 310)
    # A job that failed and was run again counts once, as it ended.
    again = "train.py: bad\ntrain.py: 2.00 CPU s to start, 30.00 at work\n"
    job(tmp_path, "b/train/x", again, 100)
    job(tmp_path, "scores", "aggregate.py: 1.00 CPU s to start, 1.00 at work\n")
    job(tmp_path, "claims", "claims.py: no table\n")
    (tmp_path / "logs/snakemake.tsv").write_text("cpu_seconds\n3.0\n1.0\n")

    found = spending.jobs(tmp_path)
    assert found["study"].tolist() == ["a", "b", ""]
    assert found["memory"].tolist()[:2] == [310, 100]
    text = spending.report(tmp_path)
    assert "train                  2     94.0       4.0     60.0      310" in text
    assert "Snakemake itself: 4 CPU s" in text
    # 5 s to start and 4 of Snakemake in 100.
    assert "all: 100 CPU s in 3 jobs" in text
    assert text.endswith("9.0 %")


def test_a_folder_without_logs_is_named(tmp_path):
    script = ROOT / "workflow/scripts/spending.py"
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"spending.py: {tmp_path}/logs: no log of a finished job\n"
