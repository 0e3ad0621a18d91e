"""Bring the raw files of the sources and divide them into data sets.

Needs   one of the mirrors that the config lists under sources.<source>
Makes   data/<source>/raw/<file>, verified by checksum
        data/<dataset>/{train,validation,test}.safetensors
"""

for source in config["sources"]:

    rule:
        name:
            f"download_{source}"
        input:
            code=code("download"),
        output:
            expand("data/{source}/raw/{name}", source=source, name=list(sources.FILES[source])),
        log:
            f"data/{source}/logs/download.log",
        benchmark:
            f"data/{source}/benchmarks/download.tsv"
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing(30),
        params:
            source=source,
            mirrors=untracked(config["sources"][source]),
        conda:
            "../../envs/torch.yaml"
        # On a cluster, where Snakemake runs: the nodes that compute often reach no network.
        localrule: True
        shell:
            "python {input.code[0]:q} --source {params.source:q} --mirrors {params.mirrors:q}"
            " --output {output:q} > {log:q} 2>&1"


rule prepare:
    input:
        raw=lambda wildcards: expand(
            "data/{source}/raw/{name}",
            source=config["datasets"][wildcards.dataset]["source"],
            name=list(sources.FILES[config["datasets"][wildcards.dataset]["source"]]),
        ),
        code=code("prepare"),
    output:
        train="data/{dataset}/train.safetensors",
        validation="data/{dataset}/validation.safetensors",
        test="data/{dataset}/test.safetensors",
    log:
        "data/{dataset}/logs/prepare.log",
    benchmark:
        "data/{dataset}/benchmarks/prepare.tsv"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        source=lookup("datasets/{dataset}/source", within=config),
        test=lookup("datasets/{dataset}/test", within=config),
        seed=lookup("datasets/{dataset}/seed", within=config),
    conda:
        "../../envs/numpy.yaml"
    shell:
        "python {input.code[0]:q} --dataset {wildcards.dataset:q} --source {params.source:q}"
        " --raw {input.raw:q} --test {params.test:q} --seed {params.seed:q}"
        " --train-output {output.train:q} --validation-output {output.validation:q}"
        " --test-output {output.test:q} > {log:q} 2>&1"
