"""Which rows of a run's tables a claim reads, and which claims wait for more replicates.

Standard library only: configurations are checked with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from prunescape.evaluation import columns
from prunescape.foundations import levels
from prunescape.pipeline import plan
from prunescape.pipeline.fits import optimiser
from prunescape.verdicts.claim_files import IN_WORDS, Claim, Filters, clean_unless_named
from prunescape.verdicts.looks import Looks

TABLES = ("scores", "gradient_noise")
Key = tuple[Any, ...]


class Rows:
    """The rows that a study has in the run's tables, for one replicate.

    A row's key has the values of the table's key columns (`columns.of`); its replicate is 1.
    """

    def __init__(self, config: Mapping[str, Any], study: str) -> None:
        alone = {study: {**config["catalogue"][study], "replicates": [1]}}
        self._config = {**config, "studies": [study], "catalogue": alone, "appended": {}}
        self._study = study
        self._by: dict[tuple[str, tuple[str, ...]], dict[Key, list[Key]]] = {}

    @cached_property
    def keys(self) -> dict[str, list[Key]]:
        """Table -> the keys of all its rows."""
        fits = self._config["catalogue"][self._study]["fits"]
        noisy = [
            model for model in plan.models(self._config) if optimiser(fits[model.fit]) == "psgd"
        ]
        return {
            "scores": list(plan.keys(self._config)),
            "gradient_noise": [(*model, 1) for model in noisy],
        }

    def found(self, table: str, filters: Filters) -> list[Key]:
        """Return the keys of the rows with the filters' values, in the order of the plan.

        Rows of sampled weights only where the filters name them.
        """
        if table == "scores":
            filters = {"prediction": "mean", **filters}
        names = tuple(sorted(filters))
        if (table, names) not in self._by:
            at = [columns.of(table).index(name) for name in names]
            by: dict[Key, list[Key]] = defaultdict(list)
            for key in self.keys[table]:
                by[tuple(key[i] for i in at)].append(key)
            self._by[table, names] = dict(by)
        wanted = tuple(
            levels.number(filters[name]) if name in IN_WORDS else filters[name] for name in names
        )
        return self._by[table, names].get(wanted, [])

    def read_by(self, claim: Claim) -> list[Key]:
        """Return the keys of the rows that a claim on the study reads, each once."""
        table = claim.statistic.get("table", "scores")
        selections = [filters for _, filters in claim.selections()]
        if table == "scores":
            selections = [clean_unless_named(filters) for filters in selections]
        return list(dict.fromkeys(key for each in selections for key in self.found(table, each)))


def waiting(verdicts: Iterable[Mapping[str, Any]], looks: Looks) -> dict[str, int]:
    """Return the claims that more replicates may decide: id -> replicates at the next look.

    Args:
        verdicts: rows of claims.csv with id, verdict and look (None before the first look).
        looks: the declared looks.
    """
    found = {}
    for row in verdicts:
        following = looks.after(row["look"] or 0)
        if row["verdict"] == "undecided" and following is not None:
            found[row["id"]] = following
    return found
