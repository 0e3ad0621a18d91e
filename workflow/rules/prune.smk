"""Rank the weights of a checkpoint and turn ranks into masks.

Needs   a checkpoint (fit.smk) and the images that it was fitted on
Makes   .../score/scores.safetensors, input_means.safetensors
        .../prune/<selection>/<level>/masks.safetensors
"""


rule score:
    input:
        checkpoint=checkpoint_of,
        images=training_images,
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
        criteria=lambda w: list(dict.fromkeys(arm.criterion for arm in arms_of(w))),
        seed=config["seed"],
        device=config["device"],
    conda:
        "../../envs/torch.yaml"
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q} --images {input.images:q}"
        " --criteria {params.criteria} --study {wildcards.study} --seed {params.seed}"
        " --device {params.device} --scores-output {output.scores:q}"
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
        arms=pruned_arms,
        seed=config["seed"],
    conda:
        "../../envs/numpy.yaml"
    shell:
        "python {input.code[0]:q} --scores {input.scores:q} --level={wildcards.level}"
        " --selection {wildcards.selection} --arms {params.arms:q} --study {wildcards.study}"
        " --seed {params.seed} --output {output:q} > {log:q} 2>&1"
