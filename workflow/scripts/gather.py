"""Join the tables of a run's studies into those of the run."""

import _script
from prunescape.evaluation import table
from prunescape.foundations import csv_files, files


def main() -> None:
    """Parse the arguments, join, write."""
    parser = _script.parser(__doc__)
    for name, what in (
        ("tables", "studies' tables as parquet"),
        ("noise", "studies' gradient_noise.csv"),
        ("diverged", "studies' diverged.csv"),
        ("costs", "studies' costs.csv"),
        ("training", "studies' training.csv"),
        ("history", "studies' history.csv"),
    ):
        parser.add_argument(f"--{name}", required=True, nargs="+", metavar="FILE", help=what)
    for name, what in (
        ("table", "table as parquet"),
        ("csv", "table as CSV"),
        ("noise", "checks of gradient noise as CSV"),
        ("diverged", "trainings that diverged, as CSV"),
        ("costs", "costs as CSV"),
        ("training", "costs of training as CSV"),
        ("history", "courses of trainings as CSV"),
    ):
        parser.add_argument(f"--{name}-output", required=True, metavar="FILE", help=what)
    arguments = parser.parse_args()

    scores = table.joined(map(table.read_parquet, arguments.tables))

    table.write_parquet(scores, arguments.table_output)
    table.write_csv(scores, arguments.csv_output)
    for name in ("noise", "diverged", "costs", "training", "history"):
        text = csv_files.joined(getattr(arguments, name))
        files.write_text(getattr(arguments, f"{name}_output"), text)


if __name__ == "__main__":
    _script.run(main)
