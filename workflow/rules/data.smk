"""Bring the raw files of the sources and divide them into data sets.

Needs   what the config lists under sources.<source>: one of its mirrors, or a file or folder of
        the user's own
Makes   data/<source>/raw/<file>, verified by checksum
        data/<dataset>/{train,validation,test}.safetensors; calibration.safetensors with
        `calibration`, and with `train: 0` no train and validation
"""

for source in [name for name in config["sources"] if name in sources.FILES]:

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


for source, collection in jobs.data.collections(config):

    rule:
        name:
            f"download_{source}"
        input:
            code=code("download_collection"),
        output:
            own_sources.path(source, f"torchvision:{collection}"),
        log:
            f"data/{source}/logs/download.log",
        benchmark:
            f"data/{source}/benchmarks/download.tsv"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(60),
        params:
            collection=collection,
        conda:
            "../../envs/torch.yaml"
        localrule: True
        shell:
            "python {input.code[0]:q} --name {params.collection:q} --output {output:q}"
            " > {log:q} 2>&1"


rule prepare:
    input:
        raw=job(jobs.data.raw_files),
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
        images=job(jobs.data.read_images),
        source=lookup("datasets/{dataset}/source", within=config),
        test=lookup("datasets/{dataset}/test", within=config),
        train=job(jobs.data.learnt_from),
        calibration=job(jobs.data.set_apart),
        seed=lookup("datasets/{dataset}/seed", within=config),
        split=lookup("datasets/{dataset}/split", within=config),
        outputs=named_outputs,
    conda:
        "../../envs/images.yaml"
    wildcard_constraints:
        dataset=one_of(jobs.data.with_parts(config, "train", "validation", "test")),
    shell:
        "python {input.code[0]:q} --dataset {wildcards.dataset:q} --source {params.source:q}"
        " {params.images:q} --test {params.test:q} --train {params.train:q}"
        " --calibration {params.calibration:q}"
        " --seed {params.seed:q} --split {params.split:q} {params.outputs:q} > {log:q} 2>&1"


use rule prepare as prepare_calibrated with:
    output:
        train="data/{dataset}/train.safetensors",
        validation="data/{dataset}/validation.safetensors",
        calibration="data/{dataset}/calibration.safetensors",
        test="data/{dataset}/test.safetensors",
    wildcard_constraints:
        dataset=one_of(jobs.data.with_parts(config, "train", "validation", "calibration", "test")),


use rule prepare as prepare_evaluated with:
    output:
        calibration="data/{dataset}/calibration.safetensors",
        test="data/{dataset}/test.safetensors",
    wildcard_constraints:
        dataset=one_of(jobs.data.with_parts(config, "calibration", "test")),
