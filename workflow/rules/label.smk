"""Label a network: how far it can be pruned, what breaks, what noise does.

Needs   the table, outcomes, checkpoints and masks of the study that config key label names
Makes   label/choice.json: every way of pruning, and which one was chosen
        label/measured.json: the chosen network under noise, its bytes and times
        label.json, label.html
"""

if jobs.label.targets(config):

    rule choose:
        input:
            table=jobs.label.table(config),
            outcomes=jobs.label.outcomes(config),
            images=jobs.label.images(config),
            code=code("choose"),
        output:
            results(paths.CHOICE),
        log:
            log_of(paths.CHOICE),
        benchmark:
            benchmark_of(paths.CHOICE)
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing(10),
        params:
            outcomes=lambda wildcards, input: jobs.common.compact(input.outcomes),
            limits=jobs.label.limits(config),
            seed=config["seed"],
        conda:
            "../../envs/table.yaml"
        shell:
            "python {input.code[0]:q} --table {input.table:q}"
            " --outcomes @<(printf %s {params.outcomes:q}) --images {input.images:q}"
            " --limits {params.limits:q} --seed {params.seed:q} --output {output:q} > {log:q} 2>&1"

    rule measure_chosen:
        input:
            choice=results(paths.CHOICE),
            images=jobs.label.images(config),
            training=jobs.label.measured_on(config),
            networks=jobs.label.files(config),
            network=jobs.label.network_files(config),
            own=jobs.label.own_files(config),
            code=code("measure_chosen"),
        output:
            results(paths.MEASURED),
        log:
            log_of(paths.MEASURED),
        benchmark:
            benchmark_of(paths.MEASURED)
        # All of them share the noise; no other job of the run disturbs what is timed then.
        threads: workflow.cores or 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(30),
        params:
            blocks=jobs.label.blocks(config),
            conditions=jobs.common.compact(jobs.label.conditions(config)),
            noises=jobs.label.noises(config),
            effects=jobs.label.effects(config),
            dataset=jobs.label.dataset(config),
            seed=config["seed"],
            computing=COMPUTING,
        conda:
            "../../envs/export.yaml"
        shell:
            "python {input.code[0]:q} --choice {input.choice:q} --images {input.images:q}"
            " --training-images {input.training:q} --blocks @<(printf %s {params.blocks:q})"
            " --conditions @<(printf %s {params.conditions:q}) --noises {params.noises:q}"
            " --effects {params.effects:q}"
            " --dataset {params.dataset:q} --seed {params.seed:q} {params.computing:q}"
            " --processes {threads:q} --output {output:q} > {log:q} 2>&1"

    rule label:
        input:
            choice=results(paths.CHOICE),
            measured=results(paths.MEASURED),
            training=jobs.label.training(config),
            images=jobs.label.images(config),
            files=jobs.label.made_from(config),
            template=resource("label/page.html"),
            styles=resource("label/page.css"),
            code=code("label"),
        output:
            json=results(paths.LABEL),
            page=results(paths.LABEL_PAGE),
        log:
            log_of(paths.LABEL),
        benchmark:
            benchmark_of(paths.LABEL)
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing(10),
        params:
            said=jobs.label.said(config, f"{CHECKOUT}/CITATION.cff"),
        conda:
            "../../envs/table.yaml"
        shell:
            "python {input.code[0]:q} --choice {input.choice:q} --measured {input.measured:q}"
            " --said {params.said:q} --training {input.training:q} --images {input.images:q}"
            " --files {input.files:q} --template {input.template:q} --styles {input.styles:q}"
            " --json-output {output.json:q} --page-output {output.page:q} > {log:q} 2>&1"
