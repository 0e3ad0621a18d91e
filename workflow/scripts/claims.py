"""Judge the claims about a run's studies from the run's tables alone."""

import _script
from prunescape.evaluation import table
from prunescape.fitting import divergence
from prunescape.report import claim_files, claims


def main() -> None:
    """Parse the arguments, judge the claims, write the verdicts."""
    parser = _script.parser(__doc__)
    parser.add_argument("--table", required=True, metavar="FILE", help="table as parquet")
    parser.add_argument("--noise-table", required=True, metavar="FILE", help="gradient_noise.csv")
    parser.add_argument("--diverged", required=True, metavar="FILE", help="diverged.csv")
    parser.add_argument("--claims", required=True, nargs="+", metavar="FILE", help="their files")
    parser.add_argument("--studies", required=True, nargs="+", help="studies of the run")
    parser.add_argument(
        "--not-tested",
        type=_script.structure,
        default={},
        metavar="JSON",
        help='claims that the configuration can\'t test: {"id": "reason"}',
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="verdicts as CSV")
    arguments = parser.parse_args()

    diverged: dict[str, set[int]] = {}
    for row in divergence.read(arguments.diverged):
        diverged.setdefault(row["study"], set()).add(row["replicate"])
    verdicts = claims.judge(
        {
            "scores": table.read_parquet(arguments.table),
            "gradient_noise": table.read_noise_checks(arguments.noise_table),
        },
        claim_files.read(*arguments.claims),
        arguments.studies,
        arguments.not_tested,
        diverged,
    )

    table.write_csv(verdicts, arguments.output)


if __name__ == "__main__":
    _script.run(main)
