"""Gather the rows of a study's evaluations into one table, if they pass every integrity gate.

What the study's jobs cost is gathered, too, from Snakemake's records and the jobs' logs.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import _script
from prunescape.evaluation import (
    gates,
    outcome_bits,
    reliability,
    table,
    training_costs,
    training_history,
)
from prunescape.foundations import files
from prunescape.pipeline import appended_file, plan
from prunescape.running import job_costs


def read_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = _script.parser(__doc__)
    parser.add_argument("--folder", required=True, help="folder of the run, results/<run>")
    parser.add_argument("--study", required=True, help="the study")
    parser.add_argument(
        "--plan",
        required=True,
        type=_script.structure,
        metavar="JSON",
        help="the part of the config that decides which rows there are",
    )
    parser.add_argument(
        "--appended", nargs="?", metavar="FILE", help="that of the study, in its folder"
    )
    parser.add_argument(
        "--noise-checks",
        default=[],
        type=_script.structure,
        metavar="JSON",
        help="list of files: checks of gradient noise",
    )
    parser.add_argument("--images", required=True, nargs="*", help="split files to train on")
    parser.add_argument(
        "--lengths",
        required=True,
        type=_script.structure,
        metavar="JSON",
        help="how long the networks of every arm are trained",
    )
    parser.add_argument(
        "--courses",
        required=True,
        type=_script.structure,
        metavar="JSON",
        help="list of trainings: the checkpoint, whose it is, and the epochs before",
    )
    parser.add_argument("--table-output", required=True, metavar="FILE", help="table as parquet")
    parser.add_argument("--noise-output", required=True, metavar="FILE", help="their table as CSV")
    parser.add_argument(
        "--diverged-output", required=True, metavar="FILE", help="trainings that diverged, as CSV"
    )
    parser.add_argument("--costs-output", required=True, metavar="FILE", help="costs as CSV")
    parser.add_argument(
        "--training-output", required=True, metavar="FILE", help="what training costs, as CSV"
    )
    parser.add_argument(
        "--history-output", required=True, metavar="FILE", help="courses of trainings, as CSV"
    )
    parser.add_argument(
        "--reliability-output", required=True, metavar="FILE", help="bins of confidence, as parquet"
    )
    return parser.parse_args()


def main() -> None:
    """Parse the arguments, gather and check the rows, write the tables."""
    arguments = read_arguments()
    planned = arguments.plan
    if arguments.appended:
        planned = appended_file.merged(planned, arguments.folder)
    names = [f"{arguments.folder}/{path}" for path in plan.row_files(planned)]
    records = [files.read_json(name) for name in names]
    bins = []

    def outcomes() -> Iterator[outcome_bits.Packed]:
        for path in plan.outcome_files(planned):
            packed = outcome_bits.read(f"{arguments.folder}/{path}")
            bins.append(packed.bins)  # the rest is too much to be kept
            yield packed

    rules = plan.roundings(planned), plan.own_scopes(planned)
    scores = gates.passed(records, plan.keys(planned), outcomes(), *rules)

    table.write_parquet(scores, arguments.table_output)
    reliable = reliability.of_rows(scores, records, bins)
    table.write_parquet(reliable, arguments.reliability_output)
    table.write_csv(table.of_diverged(records), arguments.diverged_output)
    found = job_costs.collect(Path(arguments.folder), arguments.study)
    table.write_csv(found, arguments.costs_output)
    images = training_costs.images_in(arguments.images)
    trained = training_costs.collect(scores, arguments.lengths, images)
    table.write_csv(trained, arguments.training_output)
    courses = training_history.collect(arguments.courses)
    table.write_csv(courses, arguments.history_output)
    checks = [files.read_json(name) for name in arguments.noise_checks]
    table.write_csv(table.of_noise_checks(checks), arguments.noise_output)


if __name__ == "__main__":
    _script.run(main)
