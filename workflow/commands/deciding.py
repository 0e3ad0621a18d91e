"""Decide a run's claims: append replicates up to each claim's next look, run, judge, go on.

`make decide` does it whole. A step at a time, beside plain Snakemake:

    python workflow/commands/deciding.py [--directory FOLDER] [CONFIG FILES]

appends, after a finished run, up to the next look of every undecided claim. Its status is 0 if
there is something to run now, 1 if no claim waits any more.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
from snakemake.utils import update_config

from prunescape.configuration import own_files, reading, validation
from prunescape.foundations import files
from prunescape.foundations.table_rows import named_rows
from prunescape.pipeline import appended_file, paths, picking
from prunescape.verdicts import claim_files, claims, deciding, deciding_costs, looks, summaries
from prunescape.verdicts.deciding import Waiting

ROOT = Path(__file__).resolve().parents[2]


class Run:
    """A finished run: its config with what was appended, its claims and verdicts.

    Attributes:
        results: the folder of its results.
        verdicts: its claims.csv.
    """

    def __init__(self, configs: Sequence[str], folder: Path, studies: Sequence[str] = ()) -> None:
        """Read a run.

        Args:
            configs: config files beside config.yaml.
            folder: where Snakemake runs.
            studies: those whose claims are decided; none: all.

        Raises:
            ValueError: if a file is wrong, or the run isn't finished.
        """
        config: dict[str, Any] = {}
        for name in (str(ROOT / "config.yaml"), *configs):
            # As in rules/common.smk: what an alias stands for is changed in one place alone.
            update_config(config, json.loads(json.dumps(reading.read(name))))
        self.results = folder / "results" / config["run"]
        path = self.results / paths.CLAIMS
        if not path.exists():
            raise ValueError(f"{path} is not there; needed: a finished run")
        with contextlib.chdir(folder):  # what a config names lies beside the results
            validation.validate(config, configs)
            whole = appended_file.merged(config, f"results/{config['run']}")
            self._config = picking.picked(whole | {"only": list(studies) or config["only"]})
            self._claims = claim_files.read(*own_files.files_of_claims(config))
        self._looks = looks.stated(config["verdicts"])
        judged = claims.read_verdicts(path)
        self.verdicts = judged[judged["study"].isin(self._config["studies"])]

    @cached_property
    def _costs(self) -> pd.DataFrame:
        return pd.read_csv(self.results / paths.COSTS)

    def waiting(self) -> list[Waiting]:
        """Return the claims that more replicates may decide."""
        rows = [
            {"id": row.id, "verdict": row.verdict, "look": None if pd.isna(row.look) else row.look}
            for row in named_rows(self.verdicts)
        ]
        return deciding.undecided(self._config, self._claims, rows, self._looks)

    def at_most(self) -> list[str]:
        """Return a line a study: what it may cost if no look decides, in CPU seconds."""
        last = self._looks.numbers[-1]
        found = self.waiting()
        whole = deciding.after(self._config, [each._replace(number=last) for each in found])
        lines = []
        for study in dict.fromkeys(each.claim.study for each in found):
            names = ", ".join(each.claim.id for each in found if each.claim.study == study)
            seconds = sum(
                (entry["last"] - entry["first"] + 1)
                * deciding_costs.a_replicate(self._config, self._costs, study, rows)
                for entry, rows in deciding.new(self._config, whole, study)
            )
            cost = "unknown" if pd.isna(seconds) else f"about {seconds:,.0f} CPU s"
            lines.append(f"  {study} ({names}) to {last} replicates: {cost}")
        return lines

    def append(self) -> list[str]:
        """Append up to each claim's next look; return a line for every block, [] if none waits."""
        found = deciding.after(self._config, self.waiting())
        lines = [
            f"replicates {entry['first']} to {entry['last']} of {len(rows)} "
            f"{'row' if len(rows) == 1 else 'rows'} of {study}"
            for study in found
            for entry, rows in deciding.new(self._config, found, study)
        ]
        if lines:
            for study, entries in found.items():
                if entries != self._config["appended"].get(study):
                    name = paths.of_study(paths.APPENDED).format(study=study)
                    files.write_json(self.results / name, entries)
        return lines

    def table(self) -> str:
        """Return the counts and a table: claim, verdict, n, look, CPU s of appended replicates."""
        rows = list(named_rows(self.verdicts))
        tested = [row for row in rows if row.verdict != claims.NOT_TESTED]
        asked = {row.id for row in tested}
        read = deciding.rows_of(self._config, [each for each in self._claims if each.id in asked])
        spent = deciding_costs.spent(self._config, self._costs, read, tested)
        return summaries.decided(self.verdicts, spent)


def decide(
    configs: Sequence[str],
    folder: Path,
    studies: Sequence[str],
    results: Path,
    compute: Callable[..., int],
) -> int:
    """Run, judge and append until no claim waits; return the status of the run that failed, or 0.

    Figures and pages are made once, at the end.

    Args:
        configs: config files beside config.yaml.
        folder: where Snakemake runs.
        studies: those whose claims are decided; none: all.
        results: the folder of the run's results.
        compute: does what there is to do for files of the run, or for all of it without names, and
            returns its exit status.
    """
    before = None
    with contextlib.suppress(ValueError, OSError):  # there are none, or those of another version
        before = claims.read_verdicts(results / paths.CLAIMS)
    told = False
    while True:
        if status := compute(paths.CLAIMS, paths.COSTS):
            return status
        run = Run(configs, folder, studies)
        known = run.verdicts if before is None else before
        print(*summaries.changes(known, run.verdicts), sep="\n", flush=True)
        before = run.verdicts
        if not told and (lines := run.at_most()):
            print("to decide, at most:", *lines, sep="\n", flush=True)
        told = True
        lines = run.append()
        if not lines:
            status = compute()
            print(run.table())
            return status
        print(*(f"appending {line}" for line in lines), sep="\n", flush=True)


def main() -> None:
    """Parse the arguments, append once."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--directory", type=Path, default=Path(), help="where Snakemake runs")
    parser.add_argument("configs", nargs="*", metavar="CONFIG", help="files beside config.yaml")
    arguments = parser.parse_args()
    run = Run(arguments.configs, arguments.directory)
    if lines := run.append():
        print(*(f"appended {line}" for line in lines), sep="\n")
    elif run.waiting():
        print("what was appended is still to be run")
    else:
        print(run.table())
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError) as error:
        print(f"deciding.py: {error}", file=sys.stderr)
        sys.exit(2)
