"""A copy of the repository in a folder of its own, where tests run the workflow for real."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import yaml

from tests.helpers import dry_runs
from tests.helpers.places import ROOT

CONFIG = "tests/workflow/tiny.yaml"
EVERY_RULE = "tests/faults/every_rule.yaml"
"""On top of CONFIG: a job of every rule."""
RUN = "results/tiny"
COPIED = (
    *("Makefile", "Snakefile", "config.yaml", "constraints.txt", "CITATION.cff"),
    *("requirements.txt", "requirements-versions.txt"),
    *("envs", "profiles", "workflow", "tools", CONFIG),
)
LIMIT = 1800
"""Seconds after which anything that a test started is killed."""

JOB = re.compile(r"^(?:local)?rule (\w+):\n((?:    .+\n)+)", re.MULTILINE)
STATISTICS = re.compile(r"^Job stats:\njob +count\n[- ]+\n((?:\w+ +\d+\n)+)", re.MULTILINE)

# Root, but bound by permissions like everyone; nothing is needed to bind other users.
BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]


class Done(NamedTuple):
    """What became of a command: its exit status and all that it printed."""

    status: int
    output: str


class Job(NamedTuple):
    """A job that Snakemake would run."""

    rule: str
    outputs: tuple[str, ...]


class Workplace:
    """A folder with the workflow in it, and what it has made there so far."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def fresh(cls, root: Path) -> "Workplace":
        """Return a new workplace in the folder `root`, where nothing has been run yet."""
        for name in COPIED:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy2(ROOT / name, root / name)
        return cls(root)

    def copy(self, root: Path) -> "Workplace":
        """Return a copy in the folder `root`: the same files, times and records of Snakemake."""
        shutil.copytree(self.root, root, symlinks=True)
        return Workplace(root)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command here, as the leader of a group of processes that `end` ends."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=_inherited() | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Where the tests run in the background, a shell has made them deaf to interrupts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *command: str, **environment: str) -> Done:
        """Run a command here until it ends, or LIMIT."""
        if dry_runs.is_one(command):
            return Done(*dry_runs.run(command, self.root, _inherited() | environment, LIMIT))
        process = self.start(*command, **environment)
        try:
            output, _ = process.communicate(timeout=LIMIT)
        finally:
            end(process)
        return Done(process.returncode, output)

    def make(self, *arguments: str) -> Done:
        """Run make on the tiny config, in the environment of the tests instead of a new one."""
        return self.run(*make(*arguments))

    def snakemake(self, *arguments: str, **environment: str) -> Done:
        """Run Snakemake on the tiny config."""
        return self.run(*snakemake(*arguments), **environment)

    def planned(self, *arguments: str, **environment: str) -> list[Job]:
        """Return the jobs that Snakemake would run, but for the target rule, which does nothing."""
        done = self.snakemake("--dry-run", *arguments, **environment)
        assert done.status == 0, done.output
        return jobs(done.output)

    def config(self) -> dict[str, Any]:
        """Return the tiny config as it stands here."""
        return yaml.safe_load((self.root / CONFIG).read_text(encoding="utf-8"))

    def configure(self, config: Mapping[str, Any]) -> None:
        """Replace the tiny config that stands here."""
        (self.root / CONFIG).write_text(yaml.safe_dump(config), encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        """Append a line to a file."""
        with (self.root / name).open("a", encoding="utf-8") as opened:
            opened.write(f"{text}\n")

    def files(self, folder: str) -> set[str]:
        """Return the names of all files below a folder, relative to this workplace."""
        return {
            str(path.relative_to(self.root))
            for path in (self.root / folder).rglob("*")
            if path.is_file()
        }


def _inherited() -> dict[str, str]:
    """Return the environment without the settings of a make or Snakemake around the tests."""
    settings = "MAKE", "MFLAGS", "SNAKEMAKE", "PRUNESCAPE"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


class Finished(NamedTuple):
    """A run of the whole tiny config: where, how it ended, and how long it took."""

    place: Workplace
    done: Done
    seconds: float


def bound(*command: str) -> list[str]:
    """Return a command that permissions hold for."""
    root = subprocess.run(["id", "-u"], capture_output=True, text=True, check=True).stdout == "0\n"
    return [*BOUND, *command] if root else list(command)


def make(*arguments: str) -> list[str]:
    """Return the command that makes in the tests' environment; a second CORES= or CONFIG= wins."""
    return ["make", f"USE_VENV={sys.prefix}", "CORES=2", f"CONFIG={CONFIG}", *arguments]


def snakemake(*arguments: str) -> list[str]:
    """Return the command that runs Snakemake on the tiny config; a second --cores wins."""
    return [sys.executable, "-m", "snakemake", "--configfile", CONFIG, "--cores", "2", *arguments]


def jobs(output: str) -> list[Job]:
    """Return the jobs that a dry run printed; its own count of them must agree."""
    found = []
    for rule, described in JOB.findall(output):
        [outputs] = re.findall(r"^    output: (.+)$", described, re.MULTILINE)
        found.append(Job(rule, tuple(outputs.split(", "))))
    statistics = STATISTICS.search(output)
    if statistics is None:
        assert "Nothing to be done" in output, output
        assert not found, output
        return []
    stated = {rule: int(number) for rule, number in map(str.split, statistics[1].splitlines())}
    assert stated.pop("total") - stated.pop("all", 0) == len(found), output
    assert stated == counts(found), output
    return found


def described(job: Job, kind: str) -> str:
    """Return the log or benchmark of a job, which has its output's name, without extension."""
    output = job.outputs[0]
    if output.startswith("data/"):
        return f"data/{output.split('/')[1]}/{kind}/{job.rule.partition('_')[0]}"
    return f"{RUN}/{kind}/{output.removeprefix(f'{RUN}/').rpartition('.')[0]}"


def counts(planned: Iterable[Job]) -> dict[str, int]:
    """Return how many jobs of each rule there are."""
    return dict(Counter(job.rule for job in planned))


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process that `start` started, and all that it started; wait until all are gone."""
    started = []
    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid).children(recursive=True)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    # Some machines' process 1 buries orphans a second late; until then DVC takes them for alive.
    psutil.wait_procs(started, timeout=30)


def child(process: subprocess.Popen[str], name: str) -> psutil.Process | None:
    """Return the Python process that runs the script `name` below a process, if there is one."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for found in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if found.cmdline()[1:2] == [f"workflow/scripts/{name}.py"]:
                    return found
    return None
