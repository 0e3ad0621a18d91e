"""Evaluate arms, a batch of levels a job; the only rules that open the evaluated split.

Needs   a checkpoint (fit.smk), masks and mean inputs (prune.smk), data/<dataset>/test.safetensors
Makes   .../evaluate/<criterion>/<scope>/<selection>/<schedule>/b<batch>/rows.json
        scores.parquet, scores.csv: the table, once all rows passed the gates
"""


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
    return compact(
        [plan.conditions(config, wildcards.study, arm, level) for level in arm.levels]
    )


rule evaluate:
    input:
        checkpoint=checkpoint_of,
        means=results(paths.MEANS),
        masks=evaluated_masks,
        images=evaluated_images,
        code=code("evaluate"),
    output:
        results(paths.ROWS),
    log:
        log_of(paths.ROWS),
    benchmark:
        benchmark_of(paths.ROWS)
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        model=lambda wildcards: compact(model_of(wildcards)._asdict()),
        arm=lambda wildcards: compact(vars(evaluated_arm(wildcards))),
        conditions=evaluated_conditions,
        seed=config["seed"],
        device=config["device"],
    conda:
        "../../envs/torch.yaml"
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q} --means {input.means:q}"
        " --masks {input.masks:q} --images {input.images:q} --model {params.model:q}"
        " --arm {params.arm:q} --conditions {params.conditions:q} --seed {params.seed}"
        " --device {params.device} --output {output:q} > {log:q} 2>&1"


rule aggregate:
    input:
        rows=[results(path) for path in plan.row_files(config)],
        code=code("aggregate"),
    output:
        table=results(paths.TABLE),
        csv=results(paths.TABLE_CSV),
    log:
        log_of(paths.TABLE),
    benchmark:
        benchmark_of(paths.TABLE)
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        folder=results("").rstrip("/"),
        outline=compact(plan.outline(config)),
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --folder {params.folder:q} --plan {params.outline:q}"
        " --table-output {output.table:q} --csv-output {output.csv:q} > {log:q} 2>&1"
