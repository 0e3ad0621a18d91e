"""Run a target of the Makefile; its settings are environment variables.

    python workflow/commands/make.py TARGET

The run's name is read from the config files as Snakemake reads them. No setting becomes part of a
shell command.
"""

import json
import os
import re
import shlex
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prunescape.configuration import reading, validation, words
from prunescape.foundations import files, home
from prunescape.foundations.messages import one_line
from prunescape.pipeline import paths
from prunescape.running import future_files, run_lock, surroundings

ROOT = Path(__file__).resolve().parents[2]
# Snakemake's report cuts off the top of pages that are higher than the window; this prevents it.
STYLESHEET = ROOT / "workflow" / "report" / "report.css"
LIST = "names with blanks are quoted within the list, CONFIG=\"'my study.yaml' other.yaml\""


def config_files(text: str) -> list[str]:
    """Return the files in CONFIG: one existing file, or a list with quotes as in a shell.

    Raises:
        ValueError: if a quote isn't closed.
    """
    if not text.strip():
        return []
    files = [text]
    if not Path(text).exists():
        try:
            files = shlex.split(text)
        except ValueError as error:
            raise ValueError(f"CONFIG: found {text!r} ({one_line(error)}); {LIST}") from None
    files = [home.expanded(file) for file in files]
    # Snakemake would take a name that starts with a dash for an option.
    return [f"./{file}" if file.startswith("-") else file for file in files]


def run_name(files: list[str]) -> str:
    """Return the run's name from config.yaml and `files`; the last file that has one wins.

    Raises:
        ValueError: if a file can't be read, or the name isn't allowed.
    """
    name = None
    for file in (str(ROOT / "config.yaml"), *files):
        if len(files) > 1 and not Path(file).exists():
            raise ValueError(f"{file}: no such file; {LIST}")
        name = reading.read(file).get("run", name)
    for problem in validation.problems({"run": name}):
        if problem.startswith("run: "):
            raise ValueError(problem)
    return str(name)


def picked_studies(text: str, files: list[str]) -> list[str]:
    """Return the studies that STUDIES names, separated by blanks; [] for all of config.yaml, files.

    Raises:
        ValueError: if the config runs no study of that name.
    """
    names = list(dict.fromkeys(text.split()))
    if not names:
        return []
    run: object = []
    for file in (str(ROOT / "config.yaml"), *files):
        run = reading.read(file).get("studies", run)
    known = run if isinstance(run, list) else []  # else Snakemake says what is wrong with it
    for name in names:
        if known and name not in known:
            raise ValueError(
                f"STUDIES: found {name!r}{words.nearest(name, known)}; allowed: names of studies "
                f"that are run, separated by blanks: {words.listed(known)}"
            )
    return names


class Settings:
    """Make's settings: config files, folders, cores, profile, the folder of the run's results."""

    def __init__(self) -> None:
        self.config = surroundings.given("CONFIG")
        self.files = config_files(self.config)
        self.directory = home.expanded(surroundings.given("DIRECTORY"))
        self.folder = Path(self.directory or ".")
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f"DIRECTORY: found {self.directory!r}, a file; allowed: a folder")
        self.profile = home.expanded(surroundings.given("PROFILE"))
        # A profile may say how many cores a job that it submits has.
        self.cores = surroundings.given("CORES", "" if self.profile else "all")
        if not re.fullmatch("|all|[1-9][0-9]{0,4}", self.cores):
            raise ValueError(f"CORES: found {self.cores!r}; allowed: all, or 1 .. 99999")
        self.within = f"results/{run_name(self.files)}"
        self.studies = picked_studies(surroundings.given("STUDIES"), self.files)
        self.results = self.folder / self.within

    def snakemake(self, *arguments: str) -> list[str]:
        """Return a command line of Snakemake with these settings and `arguments`."""
        command = [sys.executable, "-m", "snakemake"]
        command += [f"--profile={self.profile}"] if self.profile else []
        command += ["--cores", self.cores] if self.cores else []
        command += [f"--directory={self.directory}"] if self.directory else []
        command += ["--configfile", *self.files] if self.files else []
        command += ["--config", f"only={json.dumps(self.studies)}"] if self.studies else []
        return [*command, *arguments]


def run(settings: Settings) -> None:
    """Reproduce everything; print the verdicts, the time and where the results are."""
    begin = time.monotonic()
    status = compute(settings)
    minutes, seconds = divmod(round(time.monotonic() - begin), 60)
    spent = f"time: {minutes} min {seconds} s"
    if status:
        print(f"{spent}, not finished: what is done stays in {settings.results}, and the same")
        print("command goes on there")
        sys.exit(status)
    from prunescape.verdicts import claims, summaries  # not before: pandas takes a second to import

    judged = claims.read_verdicts(settings.results / "claims.csv")
    print(summaries.lines(judged))
    left_out = [each for each in judged["study"].unique() if each not in settings.studies]
    if settings.studies and left_out:
        print(f"as they were, since STUDIES leaves them out: {', '.join(left_out)}")
    named = f" CONFIG={shlex.quote(settings.config)}" if settings.config else ""
    print(f"details: make verdicts{named}; where claims are undecided: make decide{named}")
    print(spent)
    print(f"table: {settings.results}/scores.csv, figures: {settings.results}/<study>/figures")
    print(f"explore: {settings.results}/explorer.html")
    picked = f" STUDIES={shlex.quote(' '.join(settings.studies))}" if settings.studies else ""
    print(f"report: make report{named}{picked} writes {settings.results}/report.html")


def decide(settings: Settings) -> None:
    """Append replicates look by look, until each claim is decided or at its last look."""
    import deciding  # not before: pandas and Snakemake take a second to import

    do = partial(compute, settings)
    given = settings.files, settings.folder, settings.studies, settings.results
    status = deciding.decide(*given, do)
    if status:
        print(f"not finished: what is done stays in {settings.results}, and the same command")
        print("goes on there")
        sys.exit(status)


def label() -> None:
    """Write the config of a label, compute it, print its answers."""
    import labelling  # not before: yaml is imported by no other target

    os.environ[f"{surroundings.PREFIX}CONFIG"] = labelling.written()
    settings = Settings()
    if status := compute(settings, paths.LABEL, paths.LABEL_PAGE):
        print(f"not finished: what is done stays in {settings.results}, and the same command")
        print("goes on there")
        sys.exit(status)
    from prunescape.label import words  # not before: what it imports takes a moment

    print(*words.answers(files.read_json(settings.results / paths.LABEL)), sep="\n")
    print(f"page: {settings.results}/{paths.LABEL_PAGE}, as JSON: {paths.LABEL} beside it")
    print(f"tables and figures: make run CONFIG={shlex.quote(settings.config)}, yours to edit")


def verdicts(settings: Settings) -> None:
    """Print the verdicts of a finished run with their numbers and reasons."""
    from prunescape.verdicts import claims, summaries

    path = settings.results / "claims.csv"
    if not path.exists():
        raise ValueError(f"{path} is not there; needed: a finished run (make run)")
    print(summaries.details(claims.read_verdicts(path)))


def report(settings: Settings) -> None:
    """Reproduce everything and write the report."""
    if status := compute(settings):
        sys.exit(status)
    written = f"{settings.within}/report.html"
    style = ("--report-stylesheet", str(STYLESHEET))
    if status := wait_for(settings.snakemake("--report", written, *style)):
        sys.exit(status)
    print(f"report: {settings.results}/report.html")


def profile(settings: Settings) -> None:
    """Show where the CPU time of the run went, and what it would take on other machines."""
    from prunescape.running import cpu_time, critical_path

    print(cpu_time.report(settings.results), end="\n\n")
    try:
        print(critical_path.report(settings.folder, settings.within))
    except ValueError as error:  # results were restored, without Snakemake's records
        print(f"no critical path: {error}")


def dry_run(settings: Settings) -> None:
    """Show which jobs a run would start, and why."""
    become(settings.snakemake("--dry-run"))


def snapshot(settings: Settings) -> None:
    """Put the downloaded and prepared data, and all results of this run, under DVC."""
    in_the_clone(settings)
    data = sorted([*Path().glob("data/*/raw"), *Path().glob("data/*/*.safetensors")])
    commit = ["--commit"] if surroundings.agreed("COMMIT") else []
    become(tool("versions", "snapshot", *store(), *commit, *map(str, data), settings.within))


def restore() -> None:
    """Restore the data and results of this commit."""
    force = ["--force"] if surroundings.agreed("FORCE") else []
    become(tool("versions", "restore", *store(), *force))


def versions() -> None:
    """Compare the data and results that are here with this commit's snapshot."""
    become(tool("versions", "status"))


def diff(settings: Settings) -> None:
    """Show what changed since the snapshot of another commit."""
    in_the_clone(settings)
    become(tool("compare", f"--rev={surroundings.given('REV')}", settings.within))


def cancel(settings: Settings) -> None:
    """Cancel the jobs that a killed Snakemake left on Slurm, then unlock the folder."""
    status = wait_for(tool("cancel", str(settings.folder)))
    sys.exit(status or wait_for(settings.snakemake("--unlock")))


def in_the_clone(settings: Settings) -> None:
    """Check that the run is in the clone; ValueError if not, as snapshots belong to its commits."""
    if settings.directory:
        raise ValueError(
            f"DIRECTORY: found {settings.directory!r}; allowed here: none, since snapshots are of "
            "runs in the clone itself"
        )


def tool(name: str, *arguments: str) -> list[str]:
    """Return a command line of a program in tools/."""
    return [sys.executable, str(ROOT / "tools" / f"{name}.py"), *arguments]


def store() -> list[str]:
    """Return the argument for the folder in which snapshots are shared; [] without STORE."""
    folder = home.expanded(surroundings.given("STORE"))
    return [f"--store={folder}"] if folder else []


def compute(settings: Settings, *names: str) -> int:
    """Run Snakemake's jobs, all or those for some results; return its exit status.

    Args:
        settings: make's settings.
        names: files of the run, below its folder of results; none: everything.
    """
    # In a pipe the Snakefile prints a line a job instead of Snakemake's ten.
    live = ["--logger", "rich"] if sys.stderr.isatty() else []
    live += ["--quiet", "host", "rules"]

    def first() -> None:
        run_lock.wait(settings.folder)
        if found := future_files.redate(settings.folder.resolve(), ROOT / "workflow"):
            print(f"{found} files are from the future: looking into all that depends on them")

    targets = ["--", *(f"{settings.within}/{name}" for name in names)] if names else []
    return wait_for(settings.snakemake(*live, *targets), first)


def wait_for(command: list[str], first: Callable[[], None] = lambda: None) -> int:
    """Run a command in a new process, which calls `first` before; return its exit status.

    The command gets the signals that make gets; make waits for its end.
    """
    sys.stdout.flush()
    child = os.fork()
    if not child:
        try:
            first()
            become(command)
        except KeyboardInterrupt:
            os._exit(130)  # the status that shells use
        except (ValueError, OSError) as error:
            print(f"make: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the command too
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda number, _: os.kill(child, number))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if status < 0:
        print(f"make: ended by {signal.Signals(-status).name}: {command[2]}", file=sys.stderr)
        return 128 - status
    return status


def become(command: list[str]) -> NoReturn:
    """Replace this process by a command, without make's settings in its environment."""
    for name in surroundings.SETTINGS:
        os.environ.pop(surroundings.PREFIX + name, None)
    sys.stdout.flush()
    os.execvp(command[0], command)


LABEL = ("NETWORK", "WEIGHTS", "DATA", "RUN", "MEAN", "STD", "RESIZE", "CROP", "FINETUNE")
TARGETS: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "run": (run, ("CONFIG", "STUDIES", "DIRECTORY", "CORES", "PROFILE")),
    "decide": (decide, ("CONFIG", "STUDIES", "DIRECTORY", "CORES", "PROFILE")),
    "label": (label, (*LABEL, "DIRECTORY", "CORES", "PROFILE")),
    "verdicts": (verdicts, ("CONFIG", "DIRECTORY")),
    "report": (report, ("CONFIG", "STUDIES", "DIRECTORY", "CORES", "PROFILE")),
    "profile": (profile, ("CONFIG", "DIRECTORY")),
    "dry-run": (dry_run, ("CONFIG", "STUDIES", "DIRECTORY", "CORES", "PROFILE")),
    "snapshot": (snapshot, ("CONFIG", "STORE", "COMMIT")),
    "restore": (restore, ("STORE", "FORCE")),
    "versions": (versions, ()),
    "diff": (diff, ("CONFIG", "REV")),
    "cancel": (cancel, ("CONFIG", "DIRECTORY")),
}
"""Target -> the function that it runs, and the settings that it uses."""


def main() -> None:
    """Run the target that the command line names."""
    function, names = TARGETS[sys.argv[1]]
    if lines := surroundings.misspelled():
        raise ValueError(f"{lines[0]}; `make help` lists the settings")
    for name in surroundings.ignored(names):
        print(surroundings.not_taken(name), file=sys.stderr)
    if "CONFIG" not in names:
        function()
        return
    settings = Settings()
    if warning := surroundings.find_cache(settings.folder):
        print(f"make: {warning}", file=sys.stderr)
    function(settings)


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f"make: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
