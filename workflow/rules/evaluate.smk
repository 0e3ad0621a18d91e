"""Evaluate arms, a batch of levels a job; the only rules that open the evaluated split.

Needs   a checkpoint (fit.smk), masks and moments (prune.smk), data/<dataset>/test.safetensors
        the rows of the unpruned networks, where an arm ends at a loss
        the fit's training or calibration images, where an effect measures something on them
        <study>/appended.json, where `make decide` has appended replicates of some rows
Makes   .../evaluate/<criterion>/<scope>/<selection>/<schedule>/b<batch>/rows.json
        and outcomes.safetensors beside it: which images each row's network got right, and how
        confident it was
        <study>/scores.parquet: the study's table, once all of its rows passed the gates
        <study>/gradient_noise.csv: how well preconditioned SGD knows its noise
        <study>/diverged.csv: replicates that are missing, and why
        <study>/costs.csv: time and memory of the study's jobs, from their records and logs
        <study>/training.csv: epochs and multiply-adds in which its networks were trained
        <study>/history.csv: loss, and validation accuracy if asked for, by epoch of training
        <study>/reliability.parquet: accuracy by confidence, of every row
"""


rule evaluate:
    input:
        checkpoint=job(jobs.fit.checkpoint),
        retrained=job(jobs.evaluate.evaluated_checkpoints),
        moments=job(jobs.evaluate.evaluated_moments),
        training=job(jobs.evaluate.measured_images),
        masks=job(jobs.evaluate.evaluated_masks),
        unpruned=job(jobs.evaluate.unpruned_rows),
        images=job(jobs.data.evaluated_images),
        network=job(jobs.fit.network_files),
        own=job(jobs.evaluate.own_files),
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
        effects=job(jobs.evaluate.evaluated_effects),
        samples=job(jobs.evaluate.evaluated_samples),
        seed=config["seed"],
        computing=COMPUTING,
    conda:
        "../../envs/torch.yaml"
    priority: in_turn
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q}"
        " --retrained {input.retrained:q} --masks {input.masks:q} --moments {input.moments:q}"
        " --unpruned {input.unpruned:q}"
        " --training-images {input.training:q} --images {input.images:q} --model {params.model:q} --arm {params.arm:q}"
        " --conditions @<(printf %s {params.conditions:q}) --noises {params.noises:q}"
        " --effects {params.effects:q}"
        " --samples {params.samples:q}"
        " --seed {params.seed:q} {params.computing:q} --output {output.rows:q}"
        " --outcomes-output {output.outcomes:q} > {log:q} 2>&1"


rule aggregate:
    input:
        rows=study_job(jobs.targets.rows),
        outcomes=study_job(jobs.targets.outcomes),
        noise=study_job(jobs.targets.noise_checks),
        appended=study_job(jobs.evaluate.appended),
        images=study_job(jobs.evaluate.counted_images),
        checkpoints=study_job(jobs.evaluate.checkpoints),
        # Not the jobs' records and logs, from which costs are read: they change with every machine,
        # and may be missing where results were restored.
        code=code("aggregate"),
    output:
        table=results(paths.of_study(paths.TABLE)),
        noise=results(paths.of_study(paths.NOISE_TABLE)),
        diverged=results(paths.of_study(paths.DIVERGED)),
        costs=results(paths.of_study(paths.COSTS)),
        training=results(paths.of_study(paths.TRAINING)),
        history=results(paths.of_study(paths.HISTORY)),
        reliability=results(paths.of_study(paths.RELIABILITY)),
    log:
        log_of(paths.of_study(paths.TABLE)),
    benchmark:
        benchmark_of(paths.of_study(paths.TABLE))
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        folder=run_folder,
        outline=study_job(lambda alone: jobs.common.compact(plan.outline(alone))),
        noise=study_job(lambda alone: jobs.common.compact(jobs.targets.noise_checks(alone))),
        lengths=study_job(jobs.evaluate.training_lengths),
        courses=study_job(lambda alone: jobs.common.compact(jobs.evaluate.courses(alone))),
    conda:
        "../../envs/table.yaml"
    wildcard_constraints:
        study=one_of(config["studies"]),
    priority: early
    shell:
        "python {input.code[0]:q} --folder {params.folder:q}"
        " --plan @<(printf %s {params.outline:q}) --appended {input.appended:q}"
        " --noise-checks @<(printf %s {params.noise:q}) --images {input.images:q}"
        " --lengths @<(printf %s {params.lengths:q})"
        " --table-output {output.table:q} --noise-output {output.noise:q}"
        " --diverged-output {output.diverged:q} --costs-output {output.costs:q}"
        " --courses @<(printf %s {params.courses:q})"
        " --training-output {output.training:q} --history-output {output.history:q}"
        " --reliability-output {output.reliability:q}"
        " --study {wildcards.study:q} > {log:q} 2>&1"
