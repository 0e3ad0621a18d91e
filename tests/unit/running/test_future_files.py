import os
import time

from prunescape.running import future_files


def test_results_from_the_future_are_dated_long_ago_and_sources_now(tmp_path):
    now = time.time()
    times = {
        "results/run/scores.csv": now + 86400,
        "results/run/a/rows.json": now - 100,
        "data/digits/train.safetensors": now + 100,
        "workflow/scripts/train.py": now + 100,
        "config.yaml": now - 200,
        ".git/index": now + 100,
    }
    for name, when in times.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (when, when))

    assert future_files.redate(tmp_path, tmp_path / "workflow") == 3

    found = {name: (tmp_path / name).stat().st_mtime for name in times}
    assert found["results/run/scores.csv"] == future_files.LONG_AGO
    assert found["data/digits/train.safetensors"] == future_files.LONG_AGO
    assert abs(found["results/run/a/rows.json"] - now + 100) < 1
    assert now <= found["workflow/scripts/train.py"] <= time.time()
    assert abs(found["config.yaml"] - now + 200) < 1
    assert abs(found[".git/index"] - now - 100) < 1
    assert future_files.redate(tmp_path, tmp_path / "workflow") == 0


def test_a_workflow_elsewhere_is_dated_too_and_what_is_beside_it_is_not(tmp_path):
    later = time.time() + 100
    source = tmp_path / "source"
    for name in ("workflow/Snakefile", "results/run/scores.csv", "run/results/a/rows.json"):
        (source / name).parent.mkdir(parents=True)
        (source / name).touch()
        os.utime(source / name, (later, later))

    assert future_files.redate(source / "run", source / "workflow") == 2

    assert (source / "run/results/a/rows.json").stat().st_mtime == future_files.LONG_AGO
    assert (source / "workflow/Snakefile").stat().st_mtime <= time.time()
    assert (source / "results/run/scores.csv").stat().st_mtime == later
