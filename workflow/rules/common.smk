"""Paths, targets and config leaves: what every other rules file uses.

Reads config.yaml; validates `config` and fills in its defaults. All paths start from where this
file lies: the Snakefile that is run may be another workflow's, which takes these rules in.
"""

import contextlib
import copy
import json
import logging
import os
import resource as usage
import subprocess
import sys
import time
from pathlib import Path

from snakemake.cli import get_argument_parser
from snakemake.common.configfile import load_configfile
from snakemake.logging import logger
from snakemake.settings.enums import Quietness
from snakemake.utils import update_config
from snakemake_interface_logger_plugins.common import LogEvent

CHECKOUT = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).resolve().parents[1]
if not (CHECKOUT / "workflow/prunescape").is_dir():
    raise WorkflowError("prunescape's Snakefile must be that of a checkout on this machine")
if set("{}") & set(str(CHECKOUT)):
    raise WorkflowError(
        f"found braces in {CHECKOUT}: Snakemake takes them for wildcards; allowed: a checkout"
        " whose path has none"
    )
sys.path.insert(0, f"{CHECKOUT}/workflow")

import prunescape.jobs.data
import prunescape.jobs.evaluate
import prunescape.jobs.export
import prunescape.jobs.fit
import prunescape.jobs.label
import prunescape.jobs.prune
import prunescape.jobs.report
import prunescape.jobs.retrain
import prunescape.jobs.targets
from prunescape import jobs  # not its modules alone: `report` is Snakemake's own function here
from prunescape.configuration import reading, renamed, schema, validation
from prunescape.data import own_sources, published_weights, sources
from prunescape.fitting import divergence
from prunescape.foundations import known_imports, levels, messages
from prunescape.foundations.plain_text import literal
from prunescape.pipeline import appended_file, imported_code, paths, picking, plan
from prunescape.running import (
    failures,
    fork_server,
    linked_files,
    log_endings,
    progress,
    replaced_files,
    run_lock,
    snakemake_records,
    surroundings,
)

surroundings.clear_for_jobs()

if any(
    workflow.modifier.path_modifier.replace_prefix(path) != path for path in ("results/", "data/")
):
    # Some params name files, which Snakemake doesn't prefix.
    raise WorkflowError("prunescape takes no prefix: its results are apart by `run` in its config")
if Path(prunescape.__file__).parents[2] != CHECKOUT:
    raise WorkflowError(f"one workflow can't take in two checkouts of prunescape: {CHECKOUT}")
try:
    for path in (f"{CHECKOUT}/config.yaml", *workflow.overwrite_configfiles):
        reading.read(path)
except ValueError as error:
    raise WorkflowError(str(error)) from None

given = copy.deepcopy(config)


configfile: f"{CHECKOUT}/config.yaml"


# Snakemake skips that line in a module that is given a config, and lets the file win over what a
# workflow that includes this one has read before.
# By way of JSON: where YAML has an alias, a change of one block would change the other too.
config = json.loads(json.dumps(load_configfile(f"{CHECKOUT}/config.yaml")))
update_config(config, given)


def rules_asked_for():
    """Return the targets of the command line, and the rules that its options choose jobs by.

    Snakemake gives a workflow these after it is parsed, and ends then if there is no such rule. So
    its parser reads them here too, if a word ends like an old name; that takes half a second.
    """
    words = sys.argv[1:]
    if not any(word.endswith(tuple(renamed.RULES)) for word in words):
        return []
    asked, _ = get_argument_parser().parse_known_args(words)
    options = (asked.until, asked.omit_from, asked.forcerun, asked.allowed_rules, asked.prioritize)
    return [*asked.targets, *(name for names in options for name in names or ())]


def check_names(names):
    """End if rules have old names; another workflow's own rules may be called so."""
    if Path(workflow.main_snakefile).resolve() != CHECKOUT / "Snakefile":
        return
    try:
        renamed.check_rules(names)
    except ValueError as error:
        raise WorkflowError(str(error)) from None


check_names(
    (
        *workflow.resource_settings.overwrite_threads,
        *workflow.resource_settings.overwrite_resources,
        *rules_asked_for(),
    )
)
try:
    validation.validate(config, workflow.configfiles)
    config = appended_file.merged(config, f"results/{config['run']}")
except ValueError as error:
    raise WorkflowError(str(error)) from None

# `only` decides what is worked on now, and nothing about the run's results.
WHOLE, config = config | {"only": []}, picking.picked(config)
RUN = f"results/{config['run']}"


def has_tables(study):
    """Return whether all tables of a study are there."""
    alone = jobs.common.of_study(WHOLE, study)
    return all(map(os.path.exists, jobs.targets.tables(alone)))


def is_exported(name):
    """Return whether an export is there."""
    return os.path.exists(f"{RUN}/{paths.EXPORT.format(export=name)}")


# What the run's tables hold: with what is worked on, what was finished before.
GATHERED = WHOLE | {
    "studies": picking.gathered(WHOLE["studies"], config["studies"], has_tables),
    "exports": picking.gathered(WHOLE["exports"], config["exports"], is_exported),
}


def one_of(names):
    """Return the pattern of a wildcard with which a rule makes only what is worked on.

    What was finished before then is a file as good as it is, which nothing makes anew.
    """
    return "|".join(names) or "(?!)"


wildcard_constraints:
    study="[a-z0-9_]+",
    dataset="[a-z0-9_]+",
    network="[a-z0-9_]+",
    fit="[a-z0-9_]+",
    first="[0-9]+",
    last="[0-9]+(_[0-9]+)?",
    criterion="[a-z0-9_]+",
    scope="[a-z0-9_]+",
    selection="exact_k|threshold|none",
    schedule="[a-z0-9_]+",
    level=levels.PATTERN,
    batch="[0-9]+",
    step="[0-9]+",
    part=f"[sb][0-9]+|d({levels.PATTERN})",
    figure="[a-z_]+",
    export="[a-z0-9_]+",


BEGAN, KILLED = time.time(), failures.killed_for_memory()

# Where the scripts that need torch compute, and how exactly.
COMPUTING = ["--device", config["device"], "--precision", config["precision"]]


def results(pattern):
    """Return a path of the run."""
    return jobs.common.results(config, pattern)


def log_of(pattern):
    """Return the log of the job that writes a path of the run."""
    return results(paths.log(pattern))


def benchmark_of(pattern):
    """Return the benchmark record of the job that writes a path of the run."""
    return results(paths.benchmark(pattern))


def code(script):
    """Return a rule's script, first, and the library modules that it imports."""
    return sources_of(f"workflow/scripts/{script}.py")


def sources_of(program):
    """Return a program of the checkout, first, and the library modules that it imports."""
    files = imported_code.code(f"{CHECKOUT}/{program}")
    return [os.path.relpath(file) for file in files]


def libraries():
    """Return the libraries of all scripts, by the scripts' paths."""
    scripts = sorted(CHECKOUT.glob("workflow/scripts/[!_]*.py"))
    return {os.path.realpath(path): imported_code.libraries(path) for path in scripts}


def figure_code(kind):
    """Return the modules of one kind of figure that not every figure needs."""
    files = imported_code.code(f"{CHECKOUT}/workflow/prunescape/figures/{kind}.py")
    return [path for path in map(os.path.relpath, files) if path not in code("figure")]


def figure_sources(wildcards):
    """Return what a kind of figure draws beside the table: of this run, or results of others."""
    found = jobs.report.figure_source(config, wildcards.study, wildcards.figure)
    return found or [resource(name) for name in jobs.report.figure_resources(wildcards.figure)]


def resource(name):
    """Return a file of the workflow's resources."""
    return os.path.relpath(f"{CHECKOUT}/workflow/resources/{name}")


def job(function):
    """Return an input or params function: what a function of `jobs` says of a job.

    The function gets the config with the rows that the job's block of replicates has.
    """
    return lambda wildcards: function(jobs.common.of_block(config, wildcards), wildcards)


def study_job(function):
    """Return an input or params function: what a function of `jobs` says of a study alone."""
    return lambda wildcards: function(jobs.common.of_study(config, wildcards.study))


def run_folder(wildcards, output):
    """Return the run's folder, for a job whose first output is in the study's."""
    return os.path.dirname(os.path.dirname(output[0]))


def in_turn(wildcards):
    """Return the priority of a job: a study is finished before the next one of the config."""
    return jobs.common.priority(config, wildcards)


def early(wildcards):
    """Return the priority of a job that others of its study wait for, or whoever looks on."""
    return jobs.common.priority(config, wildcards, early=True)


def export_job(function):
    """Return an input or params function: what a function of `jobs` says of an export."""
    return lambda wildcards: function(config, wildcards.export)


def named_outputs(wildcards, output):
    """Return a job's outputs as arguments of its script: --<name>-output and a path, for each."""
    return [word for name, path in output.items() for word in (f"--{name}-output", path)]


def untracked(value):
    """Return a params function: a setting that decides nothing about what a job makes, as JSON.

    Snakemake compares params with those of the last run unless they are derived from the output.
    """
    return lambda wildcards, output: jobs.common.compact(value)


def growing(amount):
    """Return a resource function: an amount, and as much again for every attempt that failed."""
    return lambda wildcards, attempt: amount * attempt


def gpus():
    """Return how many GPUs a job asks for that computes where the config's device says.

    None under `auto`, which takes what it finds: a scheduler can't be asked for what may not be.
    """
    return int(config["device"] == "cuda")


def processes(wildcards):
    """Return the threads of a job: how many processes its replicates are spread over.

    On one machine up to half of the cores: other jobs go on beside the longest one, and two cores
    run two jobs of one process, since five networks together take less time than alone. On a
    cluster, which has no number of cores, what the profile allows a job (max-threads), or one;
    there, a job's own Snakemake must come to the same number.
    """
    allowed = workflow.resource_settings.max_threads
    if workflow.local_exec and not workflow.remote_exec:
        most = min((workflow.resource_settings.cores or 1) // 2, allowed or sys.maxsize)
    else:
        most = allowed or 1
    return jobs.common.processes(config, wildcards, most)


def check_groups():
    """End if groups have rules of old; Snakemake says which they have after parsing."""
    check_names(workflow.group_settings.overwrite_groups)


def claim_folder():
    """Hold the folder as long as Snakemake works in it; end if another run does.

    Logs and benchmarks that are links into a cache of DVC become files of the run.
    """
    try:
        run_lock.claim(Path.cwd(), run_lock.HERE if workflow.local_exec else run_lock.CLUSTER)
    except ValueError as error:
        raise WorkflowError(str(error)) from None
    linked_files.separate([results("logs"), results("benchmarks")])


def lift_job_rate():
    """Start jobs of this machine as fast as they come.

    Snakemake's limit starts a timer at every look for jobs, whose end causes another look: more and
    more of them, up to a tenth of a run's CPU time, and the last ones hold the process at its end.
    A cluster's scheduler is guarded by the limit, and keeps it.
    """
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


class Verdicts(logging.Filter):
    """Print a study's verdicts as soon as it is judged, as the log of that job has them."""

    def __init__(self):
        super().__init__()
        self.judging = {}

    def filter(self, record):
        """Take down which jobs judge; print the log of one that has finished."""
        event = getattr(record, "event", None)
        if event == LogEvent.JOB_INFO and record.rule_name == "claims":
            self.judging[record.jobid] = record.wildcards["study"], Path(record.log[0])
        elif event == LogEvent.JOB_FINISHED and record.job_id in self.judging:
            study, log = self.judging.pop(record.job_id)
            # What a run prints is not for it to fail at.
            with contextlib.suppress(OSError, ValueError):
                print(f"{study}: {log_endings.said(log)}", flush=True)
        return True


FORKING = []


def start_fork_server():
    """Start the process that imports libraries for jobs, once for all; not for a cluster's jobs."""
    if workflow.local_exec and (server := fork_server.start(libraries())):
        FORKING.append(server)


def tell_verdicts():
    """Print verdicts as they come, from now on."""
    logger.addFilter(Verdicts())


class Lines(logging.Filter):
    """Print a line for every job that has ended, in place of what Snakemake says of it."""

    REPLACED = LogEvent.JOB_STARTED, LogEvent.JOB_FINISHED, LogEvent.PROGRESS

    def __init__(self):
        super().__init__()
        planned = {
            job.jobid: progress.Kind(job.wildcards_dict.get("study", ""), job.rule.name)
            for job in workflow.dag.needrun_jobs()
            if not job.is_norun
        }
        at_once = workflow.cores if workflow.local_exec else workflow.resource_settings.nodes
        known = progress.earlier(Path(results("logs")))
        self.progress = progress.Progress(planned, at_once or 1, known)

    def filter(self, record):
        """Take down which jobs start; print a line for one that has finished or failed."""
        event, now, line = getattr(record, "event", None), time.time(), ""
        if event == LogEvent.JOB_INFO:
            self.progress.start(record.jobid, record.output[0] if record.output else "", now)
        elif event == LogEvent.JOB_FINISHED:
            line = self.progress.finish(record.job_id, now)
        elif event == LogEvent.JOB_ERROR:
            line = self.progress.fail(record.jobid, now)
        if line:
            with contextlib.suppress(OSError, ValueError):
                print(line, flush=True)
        return event not in self.REPLACED and record.msg != "Select jobs to execute..."


def tell_progress():
    """Print a line a job from now on, if Snakemake was asked not to, and no display shows them."""
    quiet = workflow.output_settings.quiet or ()
    if Quietness.RULES in quiet and not sys.stderr.isatty():
        logger.addFilter(Lines())


def explain_failures():
    """Print the reason of every job that failed, a line each, after all else."""
    for reason in failures.reasons(Path.cwd(), BEGAN, KILLED):
        print(f"failed: {literal(reason, 'terminal')}", file=sys.stderr)


def record_invocation():
    """Append to the logs what Snakemake and the fork server took, for `make profile`."""
    taken = usage.getrusage(usage.RUSAGE_SELF)
    forked = sum(map(fork_server.end, FORKING))
    path = Path(results("logs/snakemake.tsv"))
    # A disk that is full, or may not be written to, has been explained by then.
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)  # Not there if no job of the run began.
        new = not path.exists()
        with path.open("a", encoding="utf-8") as log:
            log.write("cpu_seconds\n" if new else "")
            log.write(f"{taken.ru_utime + taken.ru_stime + forked:.2f}\n")


def name_what_is_missing():
    """Print which trainings diverged, if any did: their replicates are missing in the results."""
    path = results(paths.DIVERGED)
    if os.path.exists(path):
        for row in divergence.read(path):
            print(divergence.sentence(row), file=sys.stderr)


def record_environment():
    """Write environment.json beside the table: what the run was made with."""
    if unseen_changes():
        return  # what there is was made with other settings, which that file still has
    script = f"{CHECKOUT}/workflow/commands/record_environment.py"
    command = ["python", script, "--output", results(paths.ENVIRONMENT)]
    subprocess.run(command, input=jobs.common.compact(WHOLE), text=True, check=True, timeout=60)


def unseen_changes():
    """Return a line on settings whose change Snakemake can't see; "" if there are none."""
    return snakemake_records.unseen_changes(
        Path(RUN), WHOLE, lambda stated: schema.with_defaults(schema.schema(), stated)
    )


if workflow.is_main_process:
    if warning := unseen_changes():
        print(warning, file=sys.stderr)
    replaced_files.redate(Path.cwd())


def at_the_end(*functions):
    """Call functions that only tell or record: a run's end is not for them to change."""
    for function in functions:
        try:
            function()
        except Exception as error:
            print(f"{function.__name__}: {messages.one_line(error)}", file=sys.stderr)
