"""Runs elsewhere than where the source is: other folders, paths with spaces, other workflows."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from tests.helpers.workplace import CONFIG, LIMIT, RUN, Workplace, bound, end, jobs

# One worker makes the run that all these tests look at.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("elsewhere")]

SNAKEMAKE = (sys.executable, "-m", "snakemake", "--cores", "2")
ONE = "one.yaml"
MODULE = """
configfile: "mine.yaml"

module pruning:
    snakefile: "{source}/Snakefile"
    config: config["pruning"]

use rule * from pruning{renamed}

onstart:
    pruning.onstart()

onsuccess:
    pruning.onsuccess()

rule mine:
    default_target: True
    input: "results/one/scores.csv"
    output: "mine.txt"
    shell: "wc -l {{input}} > {{output}}"
"""
INCLUDED = """
configfile: "mine.yaml"

include: "{source}/Snakefile"

rule mine:
    input: results(paths.TABLE_CSV)
    output: "mine.txt"
    shell: "wc -l {{input}} > {{output}}"
"""


class Elsewhere(Workplace):
    """A folder of another workflow, and the settings of a run of a dozen jobs."""

    settings: ClassVar = {
        "run": "one",
        "studies": ["one"],
        "replicates": [1],
        "catalogue": {
            "one": {
                "dataset": "digits",
                "fits": {
                    "adam": {
                        "networks": ["logistic"],
                        "scaling": "unit",
                        "objective": {"kind": "likelihood"},
                        "initial_weights": {"distribution": "zeros"},
                        "optimiser": {"kind": "adam", "learning_rate": 0.01},
                        "batch_size": 32,
                        "epochs": 1,
                    }
                },
                "arms": [
                    {
                        "fits": ["adam"],
                        "criteria": ["magnitude"],
                        "scopes": ["global"],
                        "selection": "exact_k",
                        "effects": ["zero"],
                        "schedules": ["oneshot"],
                        "levels": ["0.50"],
                    }
                ],
                "figures": ["accuracy_sparsity"],
            }
        },
    }

    def write(self, config: dict, snakefile: str, source: Workplace, **words: str) -> None:
        """Write the other workflow's configuration and Snakefile."""
        (self.root / "mine.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        text = snakefile.format(source=source.root, **words)
        (self.root / "Snakefile").write_text(text, encoding="utf-8")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    """A folder that is no checkout."""
    (tmp_path / "else where").mkdir()
    return Elsewhere(tmp_path / "else where")


@pytest.fixture(scope="module")
def table(source: Workplace, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The table of the small run, made in the checkout."""
    place = source.copy(tmp_path_factory.mktemp("one") / "checkout")
    (place.root / ONE).write_text(yaml.safe_dump(Elsewhere.settings), encoding="utf-8")
    done = place.run(*SNAKEMAKE, "results/one/scores.csv", "--configfile", ONE)
    assert done.status == 0, done.output
    return (place.root / "results/one/scores.csv").read_bytes()


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
    make = ["make", f"USE_VENV={sys.prefix}", "CORES=1", "run"]

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


def test_from_another_folder(source, elsewhere, table):
    # By a path that is relative to where Snakemake is started, not to where it works.
    elsewhere.write(elsewhere.settings, "", source)
    config = str(elsewhere.root / "mine.yaml")
    command = (*SNAKEMAKE, "results/one/scores.csv", "-s", "Snakefile", "-d", str(elsewhere.root))
    done = source.run(*command, "--configfile", config)
    assert done.status == 0, done.output
    assert (elsewhere.root / "results/one/scores.csv").read_bytes() == table
    again = source.run(*command, "--dry-run", "--configfile", config)
    assert jobs(again.output) == []


def test_rules_in_a_module(source, elsewhere, table):
    config = {"mine": 1, "pruning": elsewhere.settings}
    elsewhere.write(config, MODULE, source, renamed="")
    planned = elsewhere.run(*SNAKEMAKE, "--dry-run")
    assert {job.rule for job in jobs(planned.output)} >= {"mine", "aggregate", "train"}
    elsewhere.write(config, MODULE, source, renamed=" as pruning_*")

    done = elsewhere.run(*SNAKEMAKE)

    assert done.status == 0, done.output
    assert (elsewhere.root / "results/one/scores.csv").read_bytes() == table
    assert (elsewhere.root / "results/one/environment.json").is_file()  # by pruning.onsuccess
    assert (elsewhere.root / "mine.txt").is_file()
    again = elsewhere.run(*SNAKEMAKE, "--dry-run")
    assert "Nothing to be done" in again.output, again.output


def test_a_module_has_the_figures_in_the_report_of_the_other_workflow(source, elsewhere):
    elsewhere.write({"pruning": elsewhere.settings}, MODULE, source, renamed=" as pruning_*")
    figure = "results/one/one/figures/accuracy_sparsity.svg"
    made = elsewhere.run(*SNAKEMAKE, figure)
    assert made.status == 0, made.output
    done = elsewhere.run(*SNAKEMAKE, figure, "--report", "mine.html")
    assert done.status == 0, done.output
    page = (elsewhere.root / "mine.html").read_text(encoding="utf-8")
    assert "Accuracy against the share of weights that are kept" in page
    assert "What can a neural network lose?" not in page  # the page of a run on its own


def test_a_module_is_checked_and_told_what_it_lacks(source, elsewhere):
    for wrong, told in (
        ({"run": []}, "run: found an empty list"),
        ({"studies": ["nowhere"]}, "studies"),
    ):
        elsewhere.write({"pruning": elsewhere.settings | wrong}, MODULE, source, renamed="")
        done = elsewhere.run(*SNAKEMAKE, "--dry-run")
        assert done.status == 1
        assert told in done.output
        assert "Traceback" not in done.output
    prefixed = MODULE.replace("    config:", '    prefix: "sub"\n    config:')
    elsewhere.write({"pruning": elsewhere.settings}, prefixed, source, renamed="")
    done = elsewhere.run(*SNAKEMAKE, "--dry-run")
    assert done.status == 1
    assert "prunescape takes no prefix" in done.output


@pytest.mark.parametrize("read", ["configfile", "command line"])
def test_an_included_snakefile(source, elsewhere, table, read):
    snakefile = (
        INCLUDED if read == "configfile" else INCLUDED.replace('configfile: "mine.yaml"', "")
    )
    elsewhere.write(elsewhere.settings, snakefile, source)
    given = () if read == "configfile" else ("--configfile", "mine.yaml")

    done = elsewhere.run(*SNAKEMAKE, *given)

    assert done.status == 0, done.output
    assert (elsewhere.root / "results/one/scores.csv").read_bytes() == table
    assert (elsewhere.root / "mine.txt").is_file()
