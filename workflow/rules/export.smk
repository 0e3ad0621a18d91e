"""Export pruned networks, and measure what their sparsity buys.

Needs   a checkpoint (fit.smk, retrain.smk), masks and moments (prune.smk); config key exports
Makes   exports/<export>/{dense,masked,compact}.{safetensors,json,onnx}
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
        export=one_of(config["exports"]),
    shell:
        "python {input.code[0]:q} --checkpoint {input.checkpoint:q}"
        " --retrained {input.retrained:q} --masks {input.masks:q} --moments {input.moments:q}"
        " --origin {params.origin:q} --output {params.folder:q} > {log:q} 2>&1"


rule sizes:
    input:
        exports=expand(results(paths.EXPORT), export=GATHERED["exports"]),
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
