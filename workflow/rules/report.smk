"""Verdicts, figures and the explorer's page, from tables (overlaps: from masks; histograms: from scores).

A study's figures read its own tables alone. What is of the whole run comes after all studies.

Needs   <study>/scores.parquet, gradient_noise.csv, diverged.csv, outcomes (evaluate.smk), masks and
        scores (prune.smk)
Makes   scores.parquet, scores.csv, gradient_noise.csv, diverged.csv, costs.csv, training.csv,
        history.csv, claims.csv, claim_parts.csv: the studies' tables one after the other
        forest.svg and .png: all claims in one figure
        published.csv
        <study>/claims.csv, and declarations.json: what was declared before claims were first judged
        <study>/overlaps.csv
        <study>/flips.csv, broken_images.safetensors
        explorer.html
        verdicts.rst, included by the front page of Snakemake's report
        <study>/figures/<figure>.svg and .png
        <study>/main_table.csv and .tex, for papers
"""


rule gather:
    input:
        tables=jobs.targets.parts(GATHERED, paths.TABLE),
        noise=jobs.targets.parts(GATHERED, paths.NOISE_TABLE),
        diverged=jobs.targets.parts(GATHERED, paths.DIVERGED),
        costs=jobs.targets.parts(GATHERED, paths.COSTS),
        training=jobs.targets.parts(GATHERED, paths.TRAINING),
        history=jobs.targets.parts(GATHERED, paths.HISTORY),
        code=code("gather"),
    output:
        table=results(paths.TABLE),
        csv=report(
            results(paths.TABLE_CSV),
            caption="../report/scores.rst",
            category="All studies",
            labels={"result": "scores: every measurement"},
        ),
        noise=results(paths.NOISE_TABLE),
        diverged=results(paths.DIVERGED),
        costs=report(
            results(paths.COSTS),
            caption="../report/costs.rst",
            category="All studies",
            labels={"result": "costs: time and memory of every job"},
        ),
        training=report(
            results(paths.TRAINING),
            caption="../report/training.rst",
            category="All studies",
            labels={"result": "training: epochs and multiply-adds of every arm"},
        ),
        history=results(paths.HISTORY),
    log:
        log_of(paths.TABLE),
    benchmark:
        benchmark_of(paths.TABLE)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --tables {input.tables:q} --noise {input.noise:q}"
        " --diverged {input.diverged:q} --costs {input.costs:q}"
        " --table-output {output.table:q} --csv-output {output.csv:q}"
        " --noise-output {output.noise:q} --diverged-output {output.diverged:q}"
        " --training {input.training:q} --training-output {output.training:q}"
        " --history {input.history:q} --history-output {output.history:q}"
        " --costs-output {output.costs:q} > {log:q} 2>&1"


rule claims:
    input:
        table=results(paths.of_study(paths.TABLE)),
        noise=results(paths.of_study(paths.NOISE_TABLE)),
        diverged=results(paths.of_study(paths.DIVERGED)),
        outcomes=study_job(jobs.report.claim_outcomes),
        claims=[resource("claims.yaml"), *config["claims"]],
        code=code("claims"),
    output:
        table=results(paths.of_study(paths.CLAIMS)),
        parts=results(paths.of_study(paths.CLAIM_PARTS)),
    log:
        log_of(paths.of_study(paths.CLAIMS)),
    benchmark:
        benchmark_of(paths.of_study(paths.CLAIMS))
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        not_tested=jobs.report.not_tested(config),
        looks=jobs.common.compact(config["verdicts"]),
        designs=study_job(jobs.report.designs),
        outcomes=lambda wildcards, input: jobs.common.compact(input.outcomes),
        # Runs of before studies were judged alone have one record, which still counts.
        records=[results(paths.DECLARATIONS), results(paths.of_study(paths.DECLARATIONS))],
    conda:
        "../../envs/table.yaml"
    wildcard_constraints:
        study=one_of(config["studies"]),
    priority: early
    shell:
        "python {input.code[0]:q} --table {input.table:q} --noise-table {input.noise:q}"
        " --diverged {input.diverged:q} --outcomes @<(printf %s {params.outcomes:q})"
        " --claims {input.claims:q} --studies {wildcards.study:q}"
        " --not-tested @<(printf %s {params.not_tested:q}) --looks {params.looks:q}"
        " --designs @<(printf %s {params.designs:q}) --record {params.records:q}"
        " --output {output.table:q} --parts-output {output.parts:q} > {log:q} 2>&1"


rule gather_claims:
    input:
        claims=jobs.targets.parts(GATHERED, paths.CLAIMS),
        parts=jobs.targets.parts(GATHERED, paths.CLAIM_PARTS),
        code=code("gather_claims"),
    output:
        table=report(
            results(paths.CLAIMS),
            caption="../report/claims.rst",
            category="All studies",
            labels={"result": "claims: verdicts with their numbers"},
        ),
        parts=results(paths.CLAIM_PARTS),
    log:
        log_of(paths.CLAIMS),
    benchmark:
        benchmark_of(paths.CLAIMS)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --claims {input.claims:q} --parts {input.parts:q}"
        " --output {output.table:q} --parts-output {output.parts:q} > {log:q} 2>&1"


rule forest:
    input:
        claims=results(paths.CLAIMS),
        parts=results(paths.CLAIM_PARTS),
        code=code("forest"),
    output:
        svg=report(
            results(paths.FOREST) + ".svg",
            caption="../report/forest.rst",
            category="All studies",
            labels={"result": "all claims at a glance"},
        ),
        png=results(paths.FOREST) + ".png",
    log:
        log_of(paths.FOREST),
    benchmark:
        benchmark_of(paths.FOREST)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=jobs.common.compact(config["figures"]),
    conda:
        "../../envs/table.yaml"
    shell:
        "python {input.code[0]:q} --claims {input.claims:q} --parts {input.parts:q}"
        " --settings {params.settings:q} --outputs {output.svg:q} {output.png:q} > {log:q} 2>&1"


rule front_page:
    input:
        table=results(paths.TABLE),
        claims=results(paths.CLAIMS),
        diverged=results(paths.DIVERGED),
        sizes=jobs.targets.sizes(GATHERED),
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


rule compare_published:
    input:
        table=results(paths.TABLE),
        published=resource("public_figures.csv"),
        code=code("compare_published"),
    output:
        report(
            results(paths.PUBLISHED),
            caption="../report/published.rst",
            category="All studies",
            labels={"result": "published: results of others beside ours"},
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
    priority: in_turn
    shell:
        "python {input.code[0]:q} --cuts @<(printf %s {params.cuts:q})"
        " --output {output:q} > {log:q} 2>&1"


rule flips:
    input:
        table=results(paths.of_study(paths.TABLE)),
        outcomes=study_job(jobs.targets.outcomes),
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
    params:
        folder=run_folder,
    conda:
        "../../envs/table.yaml"
    priority: in_turn
    shell:
        "python {input.code[0]:q} --folder {params.folder:q} --study {wildcards.study:q}"
        " --data data --table-output {output.table:q} --images-output {output.images:q}"
        " > {log:q} 2>&1"


rule tabulate:
    input:
        table=results(paths.of_study(paths.TABLE)),
        code=code("tabulate"),
    output:
        csv=results(paths.MAIN_TABLE) + ".csv",
        latex=results(paths.MAIN_TABLE) + ".tex",
    log:
        log_of(paths.MAIN_TABLE),
    benchmark:
        benchmark_of(paths.MAIN_TABLE)
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    conda:
        "../../envs/table.yaml"
    priority: in_turn
    shell:
        "python {input.code[0]:q} --table {input.table:q} --study {wildcards.study:q}"
        " --csv-output {output.csv:q} --latex-output {output.latex:q} > {log:q} 2>&1"


rule figure:
    input:
        table=results(paths.of_study(paths.TABLE)),
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
    priority: in_turn
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
                "plotly-basic.min",  # plotly.js 4.1.1 with lines, bars and pies, of npm's plotly.js-basic-dist-min
                *("best", "chart", "controls", "main", "numbers"),
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
