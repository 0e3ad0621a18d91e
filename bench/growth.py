"""Measure how cost grows: of dry runs with jobs, training with replicates, evaluation with noise.

Each kind of growth prints one table. Time is CPU time; memory is the largest resident set of the
process, Python and the libraries included.

jobs        a dry run of study graves with so many blocks of one replicate that there are about
            100, 1,000 and 10,000 jobs (10,000: some minutes)
replicates  an epoch of 12,800 images at R networks a job
noise       evaluation of 5 replicates on the validation set at L levels of noise
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import _bench
import yaml
from _bench import ROOT, Case
from studies import REPLICATES as MEMBERS
from studies import TRAINED, Study, operations

from prunescape.configuration import validation
from prunescape.running import log_endings
from prunescape.running.devices import device

JOBS = (100, 1_000, 10_000)
NETWORKS = {"graves": ("vi", "logistic"), "magnitude": ("adam", "mlp_250_100")}
REPLICATES = (1, 2, 5, 10, 20, 50)
LEVELS = (1, 5, 10, 20)


def jobs(config: Mapping[str, Any]) -> Iterator[dict[str, str | int]]:
    """Yield the cost of a dry run at several numbers of jobs."""
    with tempfile.TemporaryDirectory() as folder:
        plan = partial(dry_run, Path(folder))
        ends = [plan(blocks) for blocks in (1, 2)]
        first, block = ends[0]["jobs"], ends[1]["jobs"] - ends[0]["jobs"]
        for number in JOBS:
            yield plan(max(1, round((number - first) / block) + 1))


def dry_run(folder: Path, blocks: int) -> dict[str, str | int]:
    """Return the cost of planning `blocks` blocks of one replicate in an empty folder."""
    settings = folder / "growth.yaml"
    content = {"run": "growth", "studies": ["graves"], "replicates": [1] * blocks}
    settings.write_text(yaml.safe_dump(content), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--quiet", "rules"]
    where = ["--snakefile", ROOT / "Snakefile", "--workflow-profile", ROOT / "profiles" / "default"]
    begin = time.monotonic()
    with (folder / "printed").open("w+", encoding="utf-8") as printed:
        run = subprocess.Popen(
            [*command, *where, "--directory", folder, "--configfile", settings],
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        ended, peak = 0, 0.0
        while not ended:
            with contextlib.suppress(OSError):
                peak = max(peak, log_endings.peak_memory(run.pid))
            time.sleep(0.02)
            ended, status, usage = os.wait4(run.pid, os.WNOHANG)
        run.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        text = printed.read()
    total = re.search(r"^total +(\d+)$", text, re.MULTILINE)
    if run.returncode or not total:
        raise SystemExit(f"the dry run failed:\n{text[-2000:]}")
    return {
        "jobs": int(total[1]),
        "CPU s": f"{usage.ru_utime + usage.ru_stime:.1f}",
        "wall s": f"{time.monotonic() - begin:.1f}",
        "peak MB": f"{peak:.0f}",
    }


def replicates(config: Mapping[str, Any], rounds: int) -> list[dict[str, str | int]]:
    """Return the cost of training several numbers of networks in one job."""
    cases = []
    for name, (fit, network) in NETWORKS.items():
        study = Study(name, config, None)
        settings = study.fit(fit)
        train, built, image = study.epoch(settings, network)
        batch, products = settings["batch_size"], operations(built, image, training=True)
        for count in REPLICATES:
            steps = TRAINED / batch
            label = f"{name} {fit}, {count} networks"
            run = partial(train, count)
            cases.append(Case("training", label, run, count, batch, steps, products))
    return _bench.measure(cases, rounds)


def noise(config: Mapping[str, Any], rounds: int) -> list[dict[str, str | int]]:
    """Return the cost of evaluating at several numbers of noise levels."""
    cases = []
    for name, (fit, network) in NETWORKS.items():
        study = Study(name, config, None)
        for count in LEVELS:
            conditions = [("grey_raw", f"{(i + 1) / 100:.2f}") for i in range(count)]
            run, built, image, split = study.evaluator(study.fit(fit), network, conditions)
            products = operations(built, image)
            label = f"{name} {fit}, {count} levels"
            batch = len(split.images)
            cases.append(Case("evaluation", label, run, MEMBERS, batch, count, products))
    return _bench.measure(cases, rounds)


def main() -> None:
    """Parse the arguments, measure, report."""
    parser = _bench.parser(__doc__)
    parser.add_argument("growth", choices=["jobs", "replicates", "noise"])
    arguments = parser.parse_args()
    device("cpu")
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    validation.validate(config)
    if arguments.growth == "jobs":
        rows = list(jobs(config))
    else:
        measured = {"replicates": replicates, "noise": noise}[arguments.growth]
        rows = measured(config, arguments.rounds)
    _bench.show(rows)
    if arguments.output:
        _bench.save(rows, arguments.output)


if __name__ == "__main__":
    main()
