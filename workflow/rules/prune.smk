"""Rank the weights of a checkpoint and turn ranks into masks.

Needs   a checkpoint (fit.smk) and the images that it was fitted on; of given weights those for
        calibration, if there are some
Makes   .../measure/input_moments.safetensors   where a criterion or an effect needs them
        .../score/scores.safetensors
        .../prune/<selection>/<level>/masks.safetensors
        .../prune_step/<schedule>/s<step>/masks.safetensors   in a chain, from the step before
"""


rule measure:
    input:
        checkpoint=job(jobs.fit.checkpoint),
        images=job(jobs.data.measured_images),
        network=job(jobs.fit.network_files),
        code=code("measure"),
    output:
        results(paths.MOMENTS),
    log:
        log_of(paths.MOMENTS),
    benchmark:
        benchmark_of(paths.MOMENTS)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=gpus(),
    params:
        computing=COMPUTING,
    conda:
        "../../envs/torch.yaml"
    priority: early
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q} --images {input.images:q}"
        " {params.computing:q} --output {output:q} > {log:q} 2>&1"


rule score:
    input:
        checkpoint=job(jobs.fit.checkpoint),
        images=job(jobs.data.measured_images),
        moments=job(jobs.prune.scored_moments),
        network=job(jobs.fit.network_files),
        own=job(jobs.prune.criterion_files),
        code=code("score"),
    output:
        results(paths.SCORES),
    log:
        log_of(paths.SCORES),
    benchmark:
        benchmark_of(paths.SCORES)
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(10),
        gpu=gpus(),
    params:
        criteria=job(jobs.prune.criteria),
        units=job(jobs.prune.whole_units),
        fit=job(jobs.fit.fit_settings),
        seed=config["seed"],
        computing=COMPUTING,
    conda:
        "../../envs/torch.yaml"
    priority: early
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q} --images {input.images:q}"
        " --criteria {params.criteria:q} --moments {input.moments:q} --fit {params.fit:q}"
        " --study {wildcards.study:q} --seed {params.seed:q} {params.computing:q}"
        " {params.units:q} --output {output:q} > {log:q} 2>&1"


rule prune:
    input:
        scores=results(paths.SCORES),
        own=job(jobs.prune.scope_files),
        code=code("prune"),
    output:
        results(paths.MASKS),
    log:
        log_of(paths.MASKS),
    benchmark:
        benchmark_of(paths.MASKS)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        arms=job(jobs.prune.pruned_arms),
        rounding=lookup("catalogue/{study}/rounding", within=config),
        seed=config["seed"],
    conda:
        "../../envs/numpy.yaml"
    priority: early
    shell:
        "python {input.code[0]:q} --scores {input.scores:q} --level={wildcards.level:q}"
        " --selection {wildcards.selection:q} --arms @<(printf %s {params.arms:q})"
        " --rounding {params.rounding:q}"
        " --study {wildcards.study:q} --seed {params.seed:q} --output {output:q} > {log:q} 2>&1"


rule prune_step:
    input:
        scores=job(jobs.prune.step_scores),
        previous=job(jobs.prune.previous_masks),
        own=job(jobs.prune.scope_files),
        code=code("prune"),
    output:
        results(paths.STEP_MASKS),
    log:
        log_of(paths.STEP_MASKS),
    benchmark:
        benchmark_of(paths.STEP_MASKS)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        level=job(jobs.prune.step_level),
        arms=job(jobs.prune.chained_arms),
        rounding=lookup("catalogue/{study}/rounding", within=config),
        seed=config["seed"],
    conda:
        "../../envs/numpy.yaml"
    priority: early
    shell:
        "python {input.code[0]:q} --scores {input.scores:q} --level={params.level:q}"
        " --selection exact_k --arms @<(printf %s {params.arms:q}) --study {wildcards.study:q}"
        " --rounding {params.rounding:q}"
        " --previous {input.previous:q} --seed {params.seed:q} --output {output:q} > {log:q} 2>&1"
