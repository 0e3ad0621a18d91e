"""Paths, targets and config leaves: what every other rules file uses.

Needs `config`; validates it and fills in its defaults.
"""

import dataclasses
import json
import os
import subprocess
import sys

sys.path.insert(0, f"{workflow.basedir}/workflow")

from prunescape import closure, configuration, levels, paths, plan, sources

try:
    configuration.validate(config)
except ValueError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    study="[a-z0-9_]+",
    dataset="[a-z0-9_]+",
    network="[a-z0-9_]+",
    fit="[a-z0-9_]+",
    first="[0-9]+",
    last="[0-9]+",
    criterion="[a-z_]+",
    scope="[a-z_]+",
    selection="exact_k|threshold|none",
    schedule="[a-z0-9_]+",
    level=levels.PATTERN,
    batch="[0-9]+",
    figure="[a-z_]+",


def results(pattern):
    """Return a path of the run."""
    return f"results/{config['run']}/{pattern}"


def log_of(pattern):
    """Return the log of the job that writes a path of the run."""
    return results(paths.log(pattern))


def benchmark_of(pattern):
    """Return the benchmark record of the job that writes a path of the run."""
    return results(paths.benchmark(pattern))


def code(script):
    """Return a rule's script, first, and the library modules that it imports."""
    files = closure.code(f"{workflow.basedir}/workflow/scripts/{script}.py")
    return [os.path.relpath(file) for file in files]


def resource(name):
    """Return a file of the workflow's resources."""
    return os.path.relpath(f"{workflow.basedir}/workflow/resources/{name}")


def compact(value):
    """Return a value as JSON, the same text for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def leaf(path):
    """Return a params function: the leaf of the config at `path`, wildcards filled in, as JSON."""
    return lambda wildcards: compact(lookup(path.format(**wildcards), within=config, default=None))


def model_of(wildcards):
    """Return the model that a job's wildcards name."""
    return plan.Model(wildcards.study, wildcards.dataset, wildcards.network, wildcards.fit)


def arms_of(wildcards):
    """Return the arms of the fit that a job's wildcards name."""
    return plan.arms(config, wildcards.study, wildcards.fit)


def fit_settings(wildcards):
    """Return the leaf of a fit without the list of its networks, which no single job reads."""
    settings = config["catalogue"][wildcards.study]["fits"][wildcards.fit]
    return compact({key: value for key, value in settings.items() if key != "networks"})


def checkpoint_of(wildcards):
    """Return the checkpoint of a job's model and block: a point estimate or a posterior."""
    objective = config["catalogue"][wildcards.study]["fits"][wildcards.fit]["objective"]
    pattern = paths.POINT if objective["kind"] == "likelihood" else paths.POSTERIOR
    return results(pattern.format(**wildcards))


def training_images(wildcards):
    """Return the split files that a fit trains on."""
    splits = ["train", "validation"] if config["split"] == "final" else ["train"]
    return [f"data/{wildcards.dataset}/{split}.safetensors" for split in splits]


def evaluated_images(wildcards):
    """Return the split file that the table is about."""
    split = "test" if config["split"] == "final" else "validation"
    return f"data/{wildcards.dataset}/{split}.safetensors"


def figures():
    """Return every figure of the run."""
    return [
        results(paths.FIGURE.format(study=study, figure=figure)) + f".{extension}"
        for study in config["studies"]
        for figure in config["catalogue"][study]["figures"]
        for extension in ("svg", "png")
    ]


def record_environment():
    """Write environment.json beside the table: what the run was made with."""
    script = f"{workflow.basedir}/workflow/scripts/environment.py"
    output = results(paths.ENVIRONMENT)
    subprocess.run(
        ["python", script, "--output", output], input=compact(config), text=True, check=True
    )


def figure_code(kind):
    """Return the modules of one kind of figure that not every figure needs."""
    file = f"{workflow.basedir}/workflow/prunescape/figures/{kind}.py"
    return [path for path in map(os.path.relpath, closure.code(file)) if path not in code("figure")]


def starting_point(wildcards):
    """Return the checkpoint that a variational fit starts from, if its settings name one."""
    start = config["catalogue"][wildcards.study]["fits"][wildcards.fit].get("warm_start")
    return results(paths.POINT.format(**{**wildcards, "fit": start})) if start else []


def pruned_arms(wildcards):
    """Return criterion, scope and floor of the arms that have a job's selection and level."""
    return compact(
        [
            [arm.criterion, arm.scope, arm.floor]
            for arm in arms_of(wildcards)
            if arm.selection == wildcards.selection and wildcards.level in arm.levels
        ]
    )


def evaluated_arm(wildcards):
    """Return the arm of a job with its batch of levels alone."""
    key = (wildcards.criterion, wildcards.scope, wildcards.selection, wildcards.schedule)
    for arm in [plan.DENSE, *arms_of(wildcards)]:
        if (arm.criterion, arm.scope, arm.selection, arm.schedule) == key:
            levels = plan.batches(arm.levels, config["levels_per_job"])
            return dataclasses.replace(arm, levels=levels[int(wildcards.batch) - 1])


def evaluated_masks(wildcards):
    """Return the masks of a job's levels; the dense network has none."""
    if wildcards.criterion == "none":
        return []
    return [
        results(paths.MASKS.format(**wildcards, level=level))
        for level in evaluated_arm(wildcards).levels
    ]


def evaluated_conditions(wildcards):
    """Return the (noise, noise level) pairs of each of a job's levels."""
    arm = evaluated_arm(wildcards)
    return compact([plan.conditions(config, wildcards.study, arm, level) for level in arm.levels])
