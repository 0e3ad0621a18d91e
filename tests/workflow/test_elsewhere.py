"""Runs that write elsewhere than where the source is; paths with spaces; two at once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.workplace import CONFIG, LIMIT, RUN, Workplace, bound, end

pytestmark = pytest.mark.slow


@pytest.fixture
def read_only(source: Workplace, tmp_path: Path):
    """A source tree in which nothing can be written, in a folder with a space in its name."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv (util-linux) is not installed")
    place = source.copy(tmp_path / "the source")
    config = place.config()
    config["catalogue"]["graves"]["figures"] = ["accuracy_sparsity"]
    place.configure(config)
    subprocess.run(["chmod", "-R", "a-w", place.root], check=True)
    yield place
    subprocess.run(["chmod", "-R", "u+w", place.root], check=True)


def test_two_runs_at_once_beside_a_read_only_source(read_only, finished, tmp_path):
    before = read_only.files(".")
    refused = read_only.run(*bound("touch", "new"))
    assert "Permission denied" in refused.output
    folders = [tmp_path / "run 1", tmp_path / "run 2"]
    for folder in folders:
        folder.mkdir()
    make = ["make", f"VENV={sys.prefix}", f"--old-file={sys.prefix}/run.done", "CORES=1", "run"]

    started = [
        read_only.start(*bound(*make, f"CONFIG={CONFIG}", f"DIRECTORY={folder}"))
        for folder in folders
    ]
    try:
        outputs = [process.communicate(timeout=LIMIT)[0] for process in started]
    finally:
        for process in started:
            end(process)

    table = (finished.place.root / RUN / "scores.csv").read_bytes()
    for process, output, folder in zip(started, outputs, folders, strict=True):
        assert process.returncode == 0, output
        assert (folder / RUN / "scores.csv").read_bytes() == table
        assert (folder / "data" / "digits" / "train.safetensors").is_file()
        assert f"table: {folder}/{RUN}/scores.csv" in output
        assert "\ng1 " in output  # the verdicts of that folder

    make[-1] = "report"
    reported = read_only.run(*bound(*make, f"CONFIG={CONFIG}", f"DIRECTORY={folders[0]}"))
    assert reported.status == 0, reported.output
    assert f"report: {folders[0]}/{RUN}/report.html" in reported.output
    assert (folders[0] / RUN / "report.html").stat().st_size > 100_000
    assert read_only.files(".") == before
