"""Evaluate arms, a batch of levels a job; the only rules that open the evaluated split.

Needs   a checkpoint (fit.smk), masks and mean inputs (prune.smk), data/<dataset>/test.safetensors
Makes   .../evaluate/<criterion>/<scope>/<selection>/<schedule>/b<batch>/rows.json
        scores.parquet, scores.csv: the table, once all rows passed the gates
"""


rule evaluate:
    input:
        checkpoint=job(jobs.checkpoint),
        retrained=job(jobs.evaluated_checkpoints),
        means=results(paths.MEANS),
        masks=job(jobs.evaluated_masks),
        images=job(jobs.evaluated_images),
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
        model=job(jobs.model),
        arm=job(jobs.evaluated_arm),
        conditions=job(jobs.evaluated_conditions),
        seed=config["seed"],
        device=config["device"],
    conda:
        "../../envs/torch.yaml"
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q}"
        " --retrained {input.retrained:q} --means {input.means:q} --masks {input.masks:q} --images {input.images:q} --model {params.model:q}"
        " --arm {params.arm:q} --conditions {params.conditions:q} --seed {params.seed}"
        " --device {params.device} --output {output:q} > {log:q} 2>&1"


rule aggregate:
    input:
        rows=jobs.rows(config),
        code=code("aggregate"),
    output:
        table=results(paths.TABLE),
        csv=report(
            results(paths.TABLE_CSV),
            caption="../report/scores.rst",
            category="Verdicts",
            labels={"table": "scores: every measurement"},
        ),
    log:
        log_of(paths.TABLE),
    benchmark:
        benchmark_of(paths.TABLE)
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        folder=lambda wildcards, output: os.path.dirname(output.table),
        outline=jobs.compact(plan.outline(config)),
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --folder {params.folder:q} --plan {params.outline:q}"
        " --table-output {output.table:q} --csv-output {output.csv:q} > {log:q} 2>&1"
