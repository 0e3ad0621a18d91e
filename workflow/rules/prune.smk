"""Rank the weights of a checkpoint and turn ranks into masks.

Needs   a checkpoint (fit.smk) and the images that it was fitted on
Makes   .../score/scores.safetensors, input_means.safetensors
        .../prune/<selection>/<level>/masks.safetensors
        .../prune_step/<schedule>/s<step>/masks.safetensors   in a chain, from the step before
"""


rule score:
    input:
        checkpoint=job(jobs.checkpoint),
        images=job(jobs.training_images),
        code=code("score"),
    output:
        scores=results(paths.SCORES),
        means=results(paths.MEANS),
    log:
        log_of(paths.SCORES),
    benchmark:
        benchmark_of(paths.SCORES)
    threads: 1
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        criteria=job(jobs.criteria),
        fit=job(jobs.fit_settings),
        seed=config["seed"],
        device=config["device"],
    conda:
        "../../envs/torch.yaml"
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q} --images {input.images:q}"
        " --criteria {params.criteria} --fit {params.fit:q} --study {wildcards.study}"
        " --seed {params.seed} --device {params.device} --scores-output {output.scores:q}"
        " --means-output {output.means:q} > {log:q} 2>&1"


rule prune:
    input:
        scores=results(paths.SCORES),
        code=code("prune"),
    output:
        results(paths.MASKS),
    log:
        log_of(paths.MASKS),
    benchmark:
        benchmark_of(paths.MASKS)
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        arms=job(jobs.pruned_arms),
        seed=config["seed"],
    conda:
        "../../envs/numpy.yaml"
    shell:
        "python {input.code[0]:q} --scores {input.scores:q} --level={wildcards.level}"
        " --selection {wildcards.selection} --arms {params.arms:q} --study {wildcards.study}"
        " --seed {params.seed} --output {output:q} > {log:q} 2>&1"


rule prune_step:
    input:
        scores=job(jobs.step_scores),
        previous=job(jobs.previous_masks),
        code=code("prune"),
    output:
        results(paths.STEP_MASKS),
    log:
        log_of(paths.STEP_MASKS),
    benchmark:
        benchmark_of(paths.STEP_MASKS)
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        level=job(jobs.step_level),
        arms=job(jobs.chained_arms),
        previous=lambda w, input: f"--previous {input.previous}" if input.previous else "",
        seed=config["seed"],
    conda:
        "../../envs/numpy.yaml"
    shell:
        "python {input.code[0]:q} --scores {input.scores:q} --level={params.level}"
        " --selection exact_k --arms {params.arms:q} --study {wildcards.study}"
        " {params.previous} --seed {params.seed} --output {output:q} > {log:q} 2>&1"
