"""The tiny config through a real Slurm, on CPUs and on (fake) GPUs."""

import re
import shlex

import yaml

from tests.helpers import cluster
from tests.helpers.cluster import Run
from tests.helpers.places import ROOT
from tests.helpers.workplace import CONFIG, LIMIT, RUN, end

PAGE = ROOT / "docs" / "cluster.md"
PROFILE = "profiles/slurm/config.yaml"


def example() -> list[str]:
    """Return the command that the page on clusters shows first."""
    [first, *_] = re.findall(r"```sh\n(.+)\n```", PAGE.read_text(encoding="utf-8"))
    return shlex.split(first)


def test_the_example_of_the_page_makes_the_same_table(fresh, local, record_property):
    process = fresh.start(*example(), *cluster.SOONER)
    try:
        output, _ = process.communicate(timeout=LIMIT)
    finally:
        end(process)

    assert process.returncode == 0, output
    table = (fresh.root / cluster.TABLE).read_bytes()
    assert table == (local.root / cluster.TABLE).read_bytes()
    assert fresh.planned() == []

    submitted = cluster.jobs(fresh)
    assert {job.state for job in submitted} == {"COMPLETED"}
    # Small jobs share one: far fewer than the steps, which include the target and the download.
    [steps] = re.findall(r"(\d+) of \1 steps \(100%\) done", output)
    assert len(submitted) <= 14 < 40 < int(steps)
    names = " ".join(job.comment for job in submitted)
    assert {group for group in ("masks", "evaluation", "study", "report") if group in names} == {
        *("masks", "evaluation", "study", "report")
    }
    assert "download" not in names  # where Snakemake runs: nodes may reach no network
    assert not any(cluster.gpus(job) for job in submitted)
    # Every job left its log where a local run leaves it.
    logs = [name.removeprefix(RUN) for name in fresh.files(f"{RUN}/logs") if name.endswith(".log")]
    assert {name.removeprefix(RUN) for name in local.files(f"{RUN}/logs")} <= {
        *logs,
        "/logs/snakemake.tsv",
    }
    record_property("fault", f"none: {steps} steps in {len(submitted)} Slurm jobs; the same table")


def uncommented(text: str) -> str:
    """Return the profile after a user's edits: the lines that are prepared at its top."""
    head, rest = text.split("# 2. ", maxsplit=1)
    head = re.sub(r"^( *)# (slurm_partition:.*)$", r"\1\2", head, flags=re.MULTILINE)
    start = head.index("# set-resources:")
    block = re.sub(r"^# ", "", head[start:], flags=re.MULTILINE)
    return head[:start] + block + "# 2. " + rest


def test_on_gpus_a_job_asks_for_one_and_says_that_torch_finds_none(fresh):
    profile = fresh.root / "profiles" / "mine" / "config.yaml"
    profile.parent.mkdir()
    text = uncommented((fresh.root / PROFILE).read_text(encoding="utf-8"))
    profile.write_text(text, encoding="utf-8")
    fresh.configure({**yaml.safe_load((fresh.root / CONFIG).read_text()), "device": "cuda"})
    log = f"{RUN}/graves/digits/logistic/point/r1-2/train/checkpoint"
    run = Run(fresh, "echo $CUDA_VISIBLE_DEVICES > seen", script="train")
    process = run.start("--retries", "0", f"{log}.safetensors", profile="profiles/mine")
    try:
        process.wait(timeout=LIMIT)
    finally:
        end(process)

    assert process.returncode == 1, run.printed()
    jobs = {job.comment.split("_")[1]: job for job in cluster.jobs(fresh)}
    assert (jobs["train"].partition, jobs["train"].state) == ("gpu", "FAILED")
    assert cluster.gpus(jobs["train"]).endswith("gpu:a100:1")
    assert (jobs["prepare"].partition, jobs["prepare"].state) == ("cpu", "COMPLETED")
    assert cluster.gpus(jobs["prepare"]) == ""
    # Slurm gave it one of two; the torch of the tests is built without CUDA.
    assert (fresh.root / "seen").read_text() in ("0\n", "1\n")
    [line] = re.findall(r"^ *train\.py failed: .*$", run.printed(), re.MULTILINE)
    assert "device: cuda, but torch" in line
    assert "finds no GPU" in line
    assert "Traceback" not in run.printed()
