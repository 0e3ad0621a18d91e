"""Rules that compute on a GPU ask for one, and jobs side by side get one each."""

import re
import sys

import pytest

from tests.helpers.places import WORKFLOW
from tests.helpers.workplace import Workplace

pytestmark = pytest.mark.slow

# Six jobs that claim a GPU, say so, and say when they are about to end.
SNAKEFILE = """
rule all:
    input:
        expand("{{name}}.done", name=range(6))

rule compute:
    output:
        "{{name}}.done"
    resources:
        gpu=1
    shell:
        "{python} job.py {{wildcards.name}} && touch {{output}}"
"""
JOB = """
import sys, time
sys.path.insert(0, {workflow!r})
from pathlib import Path
from prunescape.running import gpus
def say(*words):
    with open("log", "a") as log:
        print(*words, file=log, flush=True)
got = gpus.claim(gpus.visible(), Path("locks").resolve())
say("begin", sys.argv[1], got)
time.sleep(0.5)
say("end", sys.argv[1], got)
"""


def test_jobs_of_a_run_get_a_gpu_each_and_no_more_run_than_were_named(tmp_path):
    place = Workplace(tmp_path)
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(python=sys.executable))
    (tmp_path / "job.py").write_text(JOB.format(workflow=str(WORKFLOW)))
    run = [sys.executable, "-m", "snakemake", "--cores", "6", "--resources", "gpu=2"]

    done = place.run(*run, CUDA_VISIBLE_DEVICES="1,3")

    assert done.status == 0, done.output
    assert "waiting for a GPU" not in done.output  # --resources lets no third job start
    holders = {}
    most = 0
    events = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert len(events) == 12
    for what, name, gpu in events:
        if what == "begin":
            assert gpu not in holders
            holders[gpu] = name
        else:
            assert holders.pop(gpu) == name
        most = max(most, len(holders))
    assert {gpu for _, _, gpu in events} == {"1", "3"}
    assert most == 2


def asked(place: Workplace, device: str) -> dict[str, str]:
    """Return rule -> the GPUs that its jobs ask for in a dry run with a device."""
    place.configure({**place.config(), "device": device})
    done = place.snakemake("--dry-run")
    assert done.status == 0, done.output
    jobs = re.findall(r"^(?:local)?rule (\w+):\n((?:    .+\n)+)", done.output, re.MULTILINE)
    return {rule: "".join(re.findall(r"\bgpu=(\d+)", described)) for rule, described in jobs}


def test_rules_that_compute_with_torch_ask_for_a_gpu_under_cuda_alone(fresh):
    on_gpu = {"train", "fit_variational", "measure", "score", "evaluate"}

    cuda = asked(fresh, "cuda")

    assert {rule for rule, gpus in cuda.items() if gpus == "1"} == on_gpu
    assert not any(gpus == "1" for gpus in asked(fresh, "auto").values())


def test_every_rule_with_a_device_asks_for_it():
    for file in WORKFLOW.glob("rules/*.smk"):
        for rule in re.split(r"(?m)^rule ", file.read_text(encoding="utf-8"))[1:]:
            assert ("params.computing" in rule) == ("gpu=gpus()" in rule), rule.partition(":")[0]


def test_a_job_that_finds_no_gpu_says_so_in_a_line(finished):
    root = finished.place.root
    checkpoint = next(root.glob("results/tiny/**/train/checkpoint.safetensors"))

    done = finished.place.run(
        *(sys.executable, "workflow/scripts/measure.py", "--checkpoint", str(checkpoint)),
        *("--images", "data/digits/train.safetensors", "--device", "cuda", "--output", "unused"),
        CUDA_VISIBLE_DEVICES="-1",
    )

    assert done.status == 1
    [line] = done.output.splitlines()
    assert re.fullmatch(r"measure\.py: device: cuda, but torch \S+ finds no GPU .*", line)
    assert not (root / "unused").exists()
