"""Fit ensembles of networks, a block of replicates a job, or take weights that are given.

Needs   data/<dataset>/{train,validation}.safetensors
Makes   .../check/network.json                       of networks in files of the user: that they
                                                     work, before anything is trained
        data/torchvision-weights/<weights>.safetensors    weights that torchvision publishes, if a
                                                     fit is given some; verified by checksum
        .../import_weights/checkpoint.safetensors    fits whose weights are given
        .../train/checkpoint.safetensors             fits whose objective is the likelihood
        .../train/noise.json                         how well preconditioned SGD knows its noise
        .../fit_variational/checkpoint.safetensors   fits with a posterior

Studies are finished in the order of the config. Within one, trainings and the scores and masks
between them come first: chains of them are the longest way, and evaluations fill the gaps.
"""


rule check_network:
    input:
        images=job(jobs.data.checked_images),
        network=job(jobs.fit.network_files),
        code=code("check_network"),
    output:
        results(paths.NETWORK_CHECK),
    log:
        log_of(paths.NETWORK_CHECK),
    benchmark:
        benchmark_of(paths.NETWORK_CHECK)
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(10),
    params:
        network=job(jobs.fit.layers),
        fit=job(jobs.fit.checked_settings),
        scopes=job(jobs.fit.checked_scopes),
    conda:
        "../../envs/torch.yaml"
    priority: early
    shell:
        "python {input.code[0]:q} --images {input.images:q} --network {params.network:q}"
        " --fit {params.fit:q} --study {wildcards.study:q} --scopes {params.scopes:q}"
        " --output {output:q} > {log:q} 2>&1"


rule fetch_weights:
    input:
        code=code("fetch_weights"),
        tool=sources_of("tools/convert.py"),
    output:
        f"{published_weights.FOLDER}/{{weights}}.safetensors",
    log:
        f"{published_weights.FOLDER}/logs/{{weights}}.log",
    benchmark:
        f"{published_weights.FOLDER}/benchmarks/{{weights}}.tsv"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        weights=job(jobs.fit.published),
    conda:
        "../../envs/torch.yaml"
    wildcard_constraints:
        weights="[A-Za-z0-9_]+(-[A-Za-z0-9_]+)?",
    # On a cluster, where Snakemake runs: the nodes that compute often reach no network.
    localrule: True
    shell:
        "python {input.code[0]:q} --weights {params.weights:q} --output {output:q} > {log:q} 2>&1"


rule import_weights:
    input:
        images=job(jobs.data.measured_images),
        checked=job(jobs.fit.network_check),
        network=job(jobs.fit.network_files),
        weights=job(jobs.fit.given_weights),
        code=code("import_weights"),
    output:
        results(paths.GIVEN),
    log:
        log_of(paths.GIVEN),
    benchmark:
        benchmark_of(paths.GIVEN)
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(10),
    params:
        network=job(jobs.fit.layers),
        fit=job(jobs.fit.fit_settings),
    conda:
        "../../envs/torch.yaml"
    priority: early
    shell:
        "python {input.code[0]:q} --images {input.images:q} --network {params.network:q}"
        " --fit {params.fit:q} --weights {input.weights:q}"
        " --replicates {wildcards.first:q} {wildcards.last:q} --output {output:q} > {log:q} 2>&1"


rule train:
    input:
        images=job(jobs.data.training_images),
        validation=job(jobs.data.validation_images),
        checked=job(jobs.fit.network_check),
        network=job(jobs.fit.training_files),
        code=code("train"),
    output:
        results(paths.POINT),
    log:
        log_of(paths.POINT),
    benchmark:
        benchmark_of(paths.POINT)
    threads: processes
    resources:
        mem_mb=growing(1500),
        runtime=growing(60),
        gpu=gpus(),
    params:
        network=job(jobs.fit.layers),
        fit=job(jobs.fit.fit_settings),
        seed=config["seed"],
        validate_every=config["validate_every"],
        computing=COMPUTING,
    conda:
        "../../envs/torch.yaml"
    priority: early
    shell:
        "python {input.code[0]:q} --images {input.images:q} --network {params.network:q}"
        " --network-files {input.network:q} --fit {params.fit:q} --study {wildcards.study:q}"
        " --seed {params.seed:q} --replicates {wildcards.first:q} {wildcards.last:q}"
        " --validation {input.validation:q} --validate-every {params.validate_every:q}"
        " {params.computing:q} --processes {threads:q} --output {output:q} > {log:q} 2>&1"


rule fit_variational:
    input:
        images=job(jobs.data.training_images),
        validation=job(jobs.data.validation_images),
        start=job(jobs.fit.starting_point),
        checked=job(jobs.fit.network_check),
        network=job(jobs.fit.network_files),
        code=code("fit_variational"),
    output:
        results(paths.POSTERIOR),
    log:
        log_of(paths.POSTERIOR),
    benchmark:
        benchmark_of(paths.POSTERIOR)
    threads: processes
    resources:
        mem_mb=growing(1500),
        runtime=growing(120),
        gpu=gpus(),
    params:
        network=job(jobs.fit.layers),
        fit=job(jobs.fit.fit_settings),
        seed=config["seed"],
        validate_every=config["validate_every"],
        computing=COMPUTING,
    conda:
        "../../envs/torch.yaml"
    priority: early
    shell:
        "python {input.code[0]:q} --images {input.images:q} --network {params.network:q}"
        " --network-files {input.network:q} --fit {params.fit:q} --study {wildcards.study:q}"
        " --seed {params.seed:q} --replicates {wildcards.first:q} {wildcards.last:q}"
        " --validation {input.validation:q} --validate-every {params.validate_every:q}"
        " --start {input.start:q} {params.computing:q} --processes {threads:q} --output {output:q} > {log:q} 2>&1"


rule check_gradient_noise:
    input:
        checkpoint=results(paths.POINT),
        images=job(jobs.data.training_images),
        network=job(jobs.fit.network_files),
        code=code("check_gradient_noise"),
    output:
        results(paths.NOISE_CHECK),
    log:
        log_of(paths.NOISE_CHECK),
    benchmark:
        benchmark_of(paths.NOISE_CHECK)
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(15),
        gpu=gpus(),
    params:
        model=job(jobs.common.model),
        fit=job(jobs.fit.fit_settings),
        seed=config["seed"],
        computing=COMPUTING,
    conda:
        "../../envs/torch.yaml"
    priority: in_turn
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q} --images {input.images:q}"
        " --fit {params.fit:q} --model {params.model:q} --seed {params.seed:q}"
        " {params.computing:q} --output {output:q} > {log:q} 2>&1"
