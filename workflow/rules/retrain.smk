"""Train under masks: every level on its own, or a chain of steps.

Needs   a checkpoint (fit.smk), masks (prune.smk), data/<dataset>/{train,validation}.safetensors
Makes   .../retrain/<schedule>/b<batch>/checkpoint.safetensors   levels trained independently
        .../retrain/<schedule>/d<level>/checkpoint.safetensors   a level whose masks change, with
                                                                 the masks that it has in the end
        .../retrain/<schedule>/s<step>/checkpoint.safetensors    a step of a chain, with the scores
                                                                 from which the next is pruned
"""


rule retrain:
    input:
        checkpoint=job(jobs.fit.checkpoint),
        masks=job(jobs.retrain.retrained_masks),
        images=job(jobs.data.training_images),
        validation=job(jobs.data.validation_images),
        network=job(jobs.fit.training_files),
        code=code("retrain"),
    output:
        results(paths.RETRAINED),
    log:
        log_of(paths.RETRAINED),
    benchmark:
        benchmark_of(paths.RETRAINED)
    threads: processes
    resources:
        mem_mb=growing(3000),
        runtime=growing(120),
        gpu=gpus(),
    params:
        levels=job(jobs.retrain.retrained_levels),
        arms=job(jobs.retrain.retrained_arms),
        fit=job(jobs.retrain.retraining_settings),
        first_epoch=job(jobs.retrain.epochs_before),
        seed=config["seed"],
        validate_every=config["validate_every"],
        computing=COMPUTING,
    conda:
        "../../envs/torch.yaml"
    wildcard_constraints:
        part="b[0-9]+",
    priority: early
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q} --masks {input.masks:q}"
        " --levels {params.levels:q} --images {input.images:q}"
        " --arms @<(printf %s {params.arms:q})"
        " --network-files {input.network:q} --fit {params.fit:q} --study {wildcards.study:q}"
        " --first-epoch {params.first_epoch:q} --seed {params.seed:q}"
        " --validation {input.validation:q} --validate-every {params.validate_every:q}"
        " {params.computing:q} --processes {threads:q} --output {output:q} > {log:q} 2>&1"


rule retrain_rewired:
    input:
        checkpoint=job(jobs.fit.checkpoint),
        masks=job(jobs.retrain.retrained_masks),
        images=job(jobs.data.training_images),
        validation=job(jobs.data.validation_images),
        network=job(jobs.fit.training_files),
        code=code("retrain"),
    output:
        checkpoint=results(paths.RETRAINED),
        masks=results(paths.RETRAINED_MASKS),
    log:
        log_of(paths.RETRAINED),
    benchmark:
        benchmark_of(paths.RETRAINED)
    threads: processes
    resources:
        mem_mb=growing(3000),
        runtime=growing(120),
        gpu=gpus(),
    params:
        levels=job(jobs.retrain.retrained_levels),
        arms=job(jobs.retrain.retrained_arms),
        fit=job(jobs.retrain.retraining_settings),
        first_epoch=job(jobs.retrain.epochs_before),
        seed=config["seed"],
        validate_every=config["validate_every"],
        computing=COMPUTING,
    conda:
        "../../envs/torch.yaml"
    wildcard_constraints:
        part=f"d({levels.PATTERN})",
    priority: early
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q} --masks {input.masks:q}"
        " --levels {params.levels:q} --images {input.images:q}"
        " --arms @<(printf %s {params.arms:q})"
        " --network-files {input.network:q} --fit {params.fit:q} --study {wildcards.study:q}"
        " --first-epoch {params.first_epoch:q} --seed {params.seed:q}"
        " --validation {input.validation:q} --validate-every {params.validate_every:q}"
        " {params.computing:q} --processes {threads:q} --output {output.checkpoint:q}"
        " --masks-output {output.masks:q} > {log:q} 2>&1"


rule retrain_step:
    input:
        checkpoint=job(jobs.retrain.retraining_start),
        masks=job(jobs.retrain.retrained_masks),
        images=job(jobs.data.training_images),
        measured=job(jobs.data.measured_apart),
        validation=job(jobs.data.validation_images),
        network=job(jobs.fit.training_files),
        own=job(jobs.prune.chained_files),
        code=code("retrain"),
    output:
        checkpoint=results(paths.RETRAINED),
        scores=results(paths.RETRAINED_SCORES),
    log:
        log_of(paths.RETRAINED),
    benchmark:
        benchmark_of(paths.RETRAINED)
    threads: processes
    resources:
        mem_mb=growing(1500),
        runtime=growing(15),
        gpu=gpus(),
    params:
        levels=job(jobs.retrain.retrained_levels),
        arms=job(jobs.retrain.retrained_arms),
        fit=job(jobs.retrain.retraining_settings),
        first_epoch=job(jobs.retrain.epochs_before),
        criteria=job(jobs.prune.chained_criteria),
        units=job(jobs.prune.whole_units),
        seed=config["seed"],
        validate_every=config["validate_every"],
        computing=COMPUTING,
    conda:
        "../../envs/torch.yaml"
    wildcard_constraints:
        part="s[0-9]+",
    priority: early
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q} --masks {input.masks:q}"
        " --levels {params.levels:q} --images {input.images:q}"
        " --arms @<(printf %s {params.arms:q})"
        " --network-files {input.network:q} --fit {params.fit:q} --study {wildcards.study:q}"
        " --validation {input.validation:q} --validate-every {params.validate_every:q}"
        " --first-epoch {params.first_epoch:q} --seed {params.seed:q} {params.computing:q}"
        " --processes {threads:q} --output {output.checkpoint:q}"
        " --scores-output {output.scores:q} --criteria {params.criteria:q}"
        " --measured-images {input.measured:q}"
        " {params.units:q} > {log:q} 2>&1"
