# prunescape: what a neural network can lose. This file is the index; a stage is a file of rules.
#
#   data/<source>/raw/...                         raw files of a source
#   data/<dataset>/{train,validation,test}.safetensors    or calibration, test, where nothing is learnt
#   data/torchvision-weights/<weights>.safetensors    weights that torchvision publishes
#   results/<run>/<study>/<dataset>/<network>/<fit>/check/network      that it can be run
#   results/<run>/<study>/<dataset>/<network>/<fit>/r<first>-<last>/<stage>/...
#       import_weights/checkpoint   weights that are given            [replicates, ...]
#       train/checkpoint            point estimates                  [replicates, ...]
#       train/noise                 how well preconditioned SGD knows its noise
#       fit_variational/checkpoint  posterior means and scales       [replicates, ...]
#       measure/                    mean and deviation of the layers' inputs
#       score/                      scores of all criteria
#       prune/<selection>/<level>/  masks of all criteria and scopes at a level, bit-packed
#       prune_step/<schedule>/s<step>/   masks of a step of a chain, from the step before
#       retrain/<schedule>/         weights: b<batch of levels>, s<step>, d<level> with own masks
#       evaluate/<criterion>/<scope>/<selection>/<schedule>/b<batch of levels>/  rows, outcomes
#   r6-10_1/... are replicates that were appended for some rows, of networks trained in r6-10/...
#   results/<run>/exports/<export>/, sizes.csv    pruned networks for others; what they save
#   results/<run>/label/, label.json, .html       how far a network can be pruned
#   results/<run>/<study>/scores.parquet, costs.csv, training.csv  a study's table, made when its rows are there
#   results/<run>/<study>/history.csv             its trainings, epoch by epoch
#   results/<run>/<study>/reliability.parquet     how often networks are right at which confidence
#   results/<run>/<study>/appended.json           for which rows replicates were appended
#   results/<run>/<study>/overlaps.csv, flips.csv, figures/  overlaps are of masks, flips of images
#   results/<run>/<study>/main_table.csv, .tex    accuracy of every arm, for papers
#   results/<run>/scores.parquet, scores.csv      the studies' tables as one
#   results/<run>/explorer.html, verdicts.rst     the table as a page, the report's front page
#   results/<run>/forest.svg, .png                all claims in one figure
#   results/<run>/claims.csv, claim_parts.csv, published.csv, costs.csv, training.csv, history.csv
#   results/<run>/logs/..., benchmarks/...        of every job, under its output's name
#
# The grammar is composed in workflow/prunescape/pipeline/paths.py, what there is to do in plan.py beside it.

from snakemake.utils import min_version

min_version("9.19")


if workflow.modifier.is_main_snakefile():  # the page shows this run; a module is part of another

    report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"  # reads config.yaml
include: "workflow/rules/data.smk"
include: "workflow/rules/fit.smk"
include: "workflow/rules/prune.smk"
include: "workflow/rules/retrain.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/label.smk"


known_imports.remember()  # of the code that the rules above have as inputs


rule all:
    default_target: True
    input:
        results(paths.TABLE),
        results(paths.TABLE_CSV),
        results(paths.CLAIMS),
        results(paths.PUBLISHED),
        results(paths.COSTS),
        results(paths.TRAINING),
        results(paths.HISTORY),
        jobs.targets.tables(config),
        results(paths.EXPLORER),
        results(paths.FRONT_PAGE),
        jobs.targets.exports(config),
        jobs.label.targets(config),
        jobs.targets.figures(config),
        jobs.targets.main_tables(config),
        jobs.targets.noise_checks(config),
        jobs.targets.intermediates(config),
        jobs.targets.rows(config),
    message:
        "Everything is there."


onstart:
    check_groups()
    claim_folder()
    lift_job_rate()
    start_fork_server()
    tell_verdicts()
    tell_progress()


onsuccess:
    at_the_end(name_what_is_missing, record_environment, record_invocation)


onerror:
    at_the_end(explain_failures, record_invocation)
