"""Evaluate arms, a batch of levels a job; the only rules that open the evaluated split.

Needs   a checkpoint (fit.smk), masks and moments (prune.smk), data/<dataset>/test.safetensors
Makes   .../evaluate/<criterion>/<scope>/<selection>/<schedule>/b<batch>/rows.json
        and outcomes.safetensors beside it: which images each row's network got right
        scores.parquet, scores.csv: the table, once all rows passed the gates
        gradient_noise.csv: how well preconditioned SGD knows its noise
        diverged.csv: replicates that are missing, and why
"""


rule evaluate:
    input:
        checkpoint=job(jobs.fit.checkpoint),
        retrained=job(jobs.evaluate.evaluated_checkpoints),
        moments=job(jobs.evaluate.evaluated_moments),
        masks=job(jobs.evaluate.evaluated_masks),
        images=job(jobs.data.evaluated_images),
        network=job(jobs.fit.network_files),
        own=job(jobs.evaluate.noise_files),
        code=code("evaluate"),
    output:
        rows=results(paths.ROWS),
        outcomes=results(paths.OUTCOMES),
    log:
        log_of(paths.ROWS),
    benchmark:
        benchmark_of(paths.ROWS)
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        gpu=gpus(),
    params:
        model=job(jobs.common.model),
        arm=job(jobs.evaluate.evaluated_arm),
        conditions=job(jobs.evaluate.evaluated_conditions),
        noises=job(jobs.evaluate.evaluated_noises),
        samples=job(jobs.evaluate.evaluated_samples),
        seed=config["seed"],
        computing=COMPUTING,
    conda:
        "../../envs/torch.yaml"
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q}"
        " --retrained {input.retrained:q} --masks {input.masks:q} --moments {input.moments:q}"
        " --images {input.images:q} --model {params.model:q} --arm {params.arm:q}"
        " --conditions @<(printf %s {params.conditions:q}) --noises {params.noises:q}"
        " --samples {params.samples:q}"
        " --seed {params.seed:q} {params.computing:q} --output {output.rows:q}"
        " --outcomes-output {output.outcomes:q} > {log:q} 2>&1"


rule aggregate:
    input:
        rows=jobs.targets.rows(config),
        outcomes=jobs.targets.outcomes(config),
        noise=jobs.targets.noise_checks(config),
        code=code("aggregate"),
    output:
        table=results(paths.TABLE),
        csv=report(
            results(paths.TABLE_CSV),
            caption="../report/scores.rst",
            category="Verdicts",
            labels={"table": "scores: every measurement"},
        ),
        noise=results(paths.NOISE_TABLE),
        diverged=results(paths.DIVERGED),
    log:
        log_of(paths.TABLE),
    benchmark:
        benchmark_of(paths.TABLE)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        folder=lambda wildcards, output: os.path.dirname(output.table),
        outline=jobs.common.compact(plan.outline(config)),
        noise=jobs.common.compact(jobs.targets.noise_checks(config)),
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --folder {params.folder:q}"
        " --plan @<(printf %s {params.outline:q}) --noise-checks @<(printf %s {params.noise:q})"
        " --table-output {output.table:q}"
        " --csv-output {output.csv:q} --noise-output {output.noise:q}"
        " --diverged-output {output.diverged:q} > {log:q} 2>&1"
