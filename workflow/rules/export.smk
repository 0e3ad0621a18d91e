"""Export pruned networks, and measure what their sparsity buys.

Needs   a checkpoint (fit.smk, retrain.smk), masks and moments (prune.smk); config key exports;
        the training images, where an effect measures normalisation anew
Makes   exports/<export>/{dense,masked,compact}.{safetensors,json,onnx}   of networks of layers
        exports/<export>/{dense,masked}.{safetensors,json}                of modules of the user; and
                                                                          .onnx, where torch can;
                                                                          and compact, where whole
                                                                          units are removed
        sizes.csv: bytes, multiply-adds, latency
"""


rule export:
    input:
        checkpoint=export_job(jobs.export.exported_checkpoint),
        retrained=export_job(jobs.export.exported_retrained),
        masks=export_job(jobs.export.exported_masks),
        moments=export_job(jobs.export.exported_moments),
        code=code("export"),
    output:
        results(paths.EXPORT),
        expand(
            results(paths.EXPORTED),
            form=paths.FORMS,
            extension=("safetensors", "json", "onnx"),
            allow_missing=True,
        ),
    log:
        log_of(paths.EXPORT),
    benchmark:
        benchmark_of(paths.EXPORT)
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        origin=export_job(jobs.export.exported_origin),
        folder=lambda wildcards, output: os.path.dirname(output[0]),
    conda:
        "../../envs/export.yaml"
    wildcard_constraints:
        export=one_of(jobs.export.of_layers(config)),
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q}"
        " --retrained {input.retrained:q} --masks {input.masks:q} --moments {input.moments:q}"
        " --origin {params.origin:q} --output {params.folder:q} > {log:q} 2>&1"


rule export_module:
    input:
        checkpoint=export_job(jobs.export.exported_checkpoint),
        retrained=export_job(jobs.export.exported_retrained),
        masks=export_job(jobs.export.exported_masks),
        moments=export_job(jobs.export.exported_moments),
        training=export_job(jobs.export.exported_training),
        network=export_job(jobs.export.exported_network_files),
        code=code("export_module"),
    output:
        results(paths.EXPORT),
        expand(
            results(paths.EXPORTED),
            form=paths.MODULE_FORMS,
            extension=("safetensors", "json"),
            allow_missing=True,
        ),
    log:
        log_of(paths.EXPORT),
    benchmark:
        benchmark_of(paths.EXPORT)
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        units=export_job(jobs.export.whole_units),
        origin=export_job(jobs.export.exported_origin),
        folder=lambda wildcards, output: os.path.dirname(output[0]),
    conda:
        "../../envs/export.yaml"
    wildcard_constraints:
        export=one_of(jobs.export.of_modules(config)),
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q}"
        " --retrained {input.retrained:q} --masks {input.masks:q} --moments {input.moments:q}"
        " --training-images {input.training:q} {params.units:q} --origin {params.origin:q}"
        " --output {params.folder:q} > {log:q} 2>&1"


rule sizes:
    input:
        exports=expand(results(paths.EXPORT), export=GATHERED["exports"]),
        networks=lambda wildcards: jobs.export.network_files(WHOLE, GATHERED["exports"]),
        code=code("sizes"),
    output:
        report(
            results(paths.SIZES),
            caption="../report/sizes.rst",
            category="All studies",
            labels={"result": "sizes: what sparsity buys"},
        ),
    log:
        log_of(paths.SIZES),
    benchmark:
        benchmark_of(paths.SIZES)
    # All of them, so that no other job of the run disturbs what is timed; it uses one.
    threads: workflow.cores or 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        folders=lambda wildcards, input: [os.path.dirname(path) for path in input.exports],
    conda:
        "../../envs/export.yaml"
    shell:
        "python {input.code[0]:q} --folders {params.folders:q} --output {output:q} > {log:q} 2>&1"
