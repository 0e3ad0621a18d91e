"""Judge the claims about studies from their tables alone.

The declarations under which families of claims were first judged are kept in the last file of
--record; those before it are read, too. Each may be missing.
"""

import argparse
from collections import ChainMap

import _script
from prunescape.evaluation import outcomes, table
from prunescape.fitting import divergence
from prunescape.foundations import files
from prunescape.report import claim_parts
from prunescape.verdicts import claim_files, claims, declarations, looks, summaries


def main() -> None:
    """Parse the arguments, judge the claims, write the verdicts and new declarations."""
    arguments = _parsed()
    stated = claim_files.read(*arguments.claims)
    judged_at = looks.stated(arguments.looks)
    asked = declarations.families(stated, arguments.studies, arguments.not_tested)
    declared = {
        family: declarations.declared(tested, judged_at, arguments.designs[family.study])
        for family, tested in asked.items()
    }
    *earlier, own = map(declarations.read_record, arguments.record)
    record = dict(ChainMap(own, *earlier))
    diverged: dict[str, set[int]] = {}
    for row in divergence.read(arguments.diverged):
        diverged.setdefault(row["study"], set()).add(row["replicate"])
    tables = {
        "scores": table.read_parquet(arguments.table),
        "gradient_noise": table.read_noise_checks(arguments.noise_table),
    }
    verdicts = claims.judge(
        tables,
        stated,
        arguments.studies,
        arguments.not_tested,
        judged_at,
        diverged,
        {each: declarations.standing(record, each, declared[each]) for each in asked},
    )
    judged = set(verdicts.loc[verdicts["look"].notna(), "id"])
    seen = [family for family, tested in asked.items() if judged & {each.id for each in tested}]
    new = declarations.recorded(own, declared, [each for each in seen if each.name not in record])
    if new != own:
        files.write_json(arguments.record[-1], new)

    parts = claim_parts.judged(tables, stated, verdicts, diverged)
    read = claim_parts.rows_read(parts) if arguments.outcomes else {}
    found = {study: outcomes.of_rows(rows, arguments.outcomes) for study, rows in read.items()}
    numbers = claim_parts.table(parts, found)
    verdicts = claim_parts.beside(verdicts, numbers)

    table.write_csv(numbers, arguments.parts_output)
    table.write_csv(verdicts, arguments.output)
    print(summaries.lines(verdicts))  # the log, which a run shows when the study is judged


def _parsed() -> argparse.Namespace:
    parser = _script.parser(__doc__)
    parser.add_argument("--table", required=True, metavar="FILE", help="table as parquet")
    parser.add_argument("--noise-table", required=True, metavar="FILE", help="gradient_noise.csv")
    parser.add_argument("--diverged", required=True, metavar="FILE", help="diverged.csv")
    parser.add_argument(
        "--outcomes",
        type=_script.structure,
        default=[],
        metavar="JSON",
        help="list of files: outcomes of the rows that claims read; without, no new images",
    )
    parser.add_argument("--claims", required=True, nargs="+", metavar="FILE", help="their files")
    parser.add_argument("--studies", required=True, nargs="+", help="studies of the run")
    parser.add_argument(
        "--not-tested",
        type=_script.structure,
        default={},
        metavar="JSON",
        help='claims that the configuration can\'t test: {"id": "reason"}',
    )
    parser.add_argument(
        "--looks",
        required=True,
        type=_script.structure,
        metavar="JSON",
        help="alpha, looks and shares, as the config's block verdicts has them",
    )
    parser.add_argument(
        "--designs",
        required=True,
        type=_script.structure,
        metavar="JSON",
        help="for each study what its networks are made with: seed, fits, ...",
    )
    parser.add_argument(
        "--record", required=True, nargs="+", metavar="FILE", help="declarations.json"
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="verdicts as CSV")
    parser.add_argument("--parts-output", required=True, metavar="FILE", help="their parts as CSV")
    return parser.parse_args()


if __name__ == "__main__":
    _script.run(main)
