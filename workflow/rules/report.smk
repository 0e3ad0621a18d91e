"""Verdicts, figures and the explorer's page, from tables (overlaps: from masks).

Needs   scores.parquet, gradient_noise.csv, diverged.csv (evaluate.smk), masks (prune.smk)
Makes   claims.csv, and declarations.json: what was declared before claims were first judged
        published.csv
        costs.csv
        <study>/overlaps.csv
        <study>/flips.csv, broken_images.safetensors
        explorer.html
        verdicts.rst, included by the front page of Snakemake's report
        <study>/figures/<figure>.svg and .png
"""


rule claims:
    input:
        table=results(paths.TABLE),
        noise=results(paths.NOISE_TABLE),
        diverged=results(paths.DIVERGED),
        claims=[resource("claims.yaml"), *config["claims"]],
        code=code("claims"),
    output:
        report(
            results(paths.CLAIMS),
            caption="../report/claims.rst",
            category="Verdicts",
            labels={"table": "claims: verdicts with their numbers"},
        ),
    log:
        log_of(paths.CLAIMS),
    benchmark:
        benchmark_of(paths.CLAIMS)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        studies=config["studies"],
        not_tested=jobs.report.not_tested(config),
        looks=jobs.common.compact(config["verdicts"]),
        designs=jobs.report.designs(config),
        record=lambda wildcards, output: f"{os.path.dirname(output[0])}/{paths.DECLARATIONS}",
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --table {input.table:q} --noise-table {input.noise:q}"
        " --diverged {input.diverged:q}"
        " --claims {input.claims:q} --studies {params.studies:q}"
        " --not-tested @<(printf %s {params.not_tested:q}) --looks {params.looks:q}"
        " --designs @<(printf %s {params.designs:q}) --record {params.record:q}"
        " --output {output:q} > {log:q} 2>&1"


rule front_page:
    input:
        table=results(paths.TABLE),
        claims=results(paths.CLAIMS),
        diverged=results(paths.DIVERGED),
        sizes=jobs.targets.sizes(config),
        code=code("front_page"),
    output:
        results(paths.FRONT_PAGE),
    log:
        log_of(paths.FRONT_PAGE),
    benchmark:
        benchmark_of(paths.FRONT_PAGE)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --table {input.table:q} --claims {input.claims:q}"
        " --diverged {input.diverged:q} --sizes {input.sizes:q}"
        " --output {output:q} > {log:q} 2>&1"


rule costs:
    input:
        # Not the records and logs themselves: they change with every machine, and may be missing
        # where results were restored.
        table=results(paths.TABLE),
        code=code("costs"),
    output:
        report(
            results(paths.COSTS),
            caption="../report/costs.rst",
            category="Verdicts",
            labels={"table": "costs: time and memory of every job"},
        ),
    log:
        log_of(paths.COSTS),
    benchmark:
        benchmark_of(paths.COSTS)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        folder=lambda wildcards, output: os.path.dirname(output[0]),
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --results {params.folder:q} --output {output:q} > {log:q} 2>&1"


rule compare_published:
    input:
        table=results(paths.TABLE),
        published=resource("public_figures.csv"),
        code=code("compare_published"),
    output:
        report(
            results(paths.PUBLISHED),
            caption="../report/published.rst",
            category="Verdicts",
            labels={"table": "published: results of others beside ours"},
        ),
    log:
        log_of(paths.PUBLISHED),
    benchmark:
        benchmark_of(paths.PUBLISHED)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        tolerance=config["published"]["tolerance"],
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --table {input.table:q} --published {input.published:q}"
        " --tolerance {params.tolerance:q} --output {output:q} > {log:q} 2>&1"


rule overlap:
    input:
        masks=job(jobs.report.compared_masks),
        code=code("overlap"),
    output:
        results(paths.OVERLAPS),
    log:
        log_of(paths.OVERLAPS),
    benchmark:
        benchmark_of(paths.OVERLAPS)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        cuts=job(jobs.report.cuts),
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --cuts @<(printf %s {params.cuts:q})"
        " --output {output:q} > {log:q} 2>&1"


rule flips:
    input:
        table=results(paths.TABLE),
        outcomes=job(jobs.report.study_outcomes),
        images=job(jobs.report.study_images),
        code=code("flips"),
    output:
        table=results(paths.FLIPS),
        images=results(paths.BROKEN_IMAGES),
    log:
        log_of(paths.FLIPS),
    benchmark:
        benchmark_of(paths.FLIPS)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --scores {input.table:q} --study {wildcards.study:q}"
        " --data data --table-output {output.table:q} --images-output {output.images:q}"
        " > {log:q} 2>&1"


rule figure:
    input:
        table=results(paths.TABLE),
        references=figure_sources,
        code=code("figure"),
        kind=lambda wildcards: figure_code(wildcards.figure),
    output:
        svg=report(
            results(paths.FIGURE) + ".svg",
            caption="../report/figure.rst",
            category="{study}",
            labels={"figure": "{figure}"},
        ),
        png=results(paths.FIGURE) + ".png",
    log:
        log_of(paths.FIGURE),
    benchmark:
        benchmark_of(paths.FIGURE)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=jobs.common.compact(config["figures"]),
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --kind {wildcards.figure:q} --table {input.table:q}"
        " --study {wildcards.study:q} --settings {params.settings:q}"
        " --references {input.references:q} --outputs {output.svg:q} {output.png:q}"
        " > {log:q} 2>&1"


rule explorer:
    input:
        table=results(paths.TABLE),
        claims=results(paths.CLAIMS),
        template=resource("explorer/page.html"),
        styles=resource("explorer/page.css"),
        scripts=[
            resource(f"explorer/{name}.js")
            for name in (
                *("chart", "controls", "main", "numbers"),
                *("points", "statistics", "verdicts", "words"),
            )
        ],
        code=code("explorer"),
    output:
        results(paths.EXPLORER),
    log:
        log_of(paths.EXPLORER),
    benchmark:
        benchmark_of(paths.EXPLORER)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        run=config["run"],
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --table {input.table:q} --claims {input.claims:q}"
        " --run {params.run:q} --template {input.template:q} --styles {input.styles:q}"
        " --scripts {input.scripts:q} --output {output:q} > {log:q} 2>&1"
