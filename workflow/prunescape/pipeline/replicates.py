"""Blocks of replicates: those that have all rows of the config, and those appended for some rows.

Replicates are appended where claims need more of them (`verdicts.deciding`), for the rows that
these claims read. The config holds them under the key `appended`, which is no key of config files:
study -> entries {first, last, rows}, in the order in which they came (`appended_file`).

Standard library only: the workflow imports this when it is parsed.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, NamedTuple

Config = Mapping[str, Any]
ROW = (
    *("network", "fit", "criterion", "scope", "selection", "effect", "schedule", "step", "level"),
    *("noise", "noise_level"),
)
"""Key columns that say for which rows of a study replicates were appended."""
CHECK = ("network", "fit")
"""Those of a row of the table on gradient noise."""
Row = tuple[str | int | float, ...]


class Block(NamedTuple):
    """Replicates `first` to `last` of a study, which jobs train, prune and evaluate together.

    `part` is 0 if they have all rows of the config. For replicates that were appended for some rows
    it is 1 the first time, 2 the second, and so on.
    """

    first: int
    last: int
    part: int = 0

    @property
    def names(self) -> dict[str, str]:
        """Its names in paths: first and last, as in r1-5, and r6-10_1 for part 1."""
        return {
            "first": str(self.first),
            "last": f"{self.last}_{self.part}" if self.part else str(self.last),
        }


def blocks(config: Config, study: str) -> list[Block]:
    """Return the blocks of a study that have all rows: sizes [5, 3] -> 1 to 5, 6 to 8."""
    sizes = config["catalogue"][study].get("replicates", config["replicates"])
    ends = zip(accumulate(sizes), sizes, strict=True)
    return [Block(end - size + 1, end) for end, size in ends]


def appended(config: Config, study: str) -> list[tuple[Block, frozenset[Row]]]:
    """Return the blocks that were appended for some rows of a study, and these rows.

    A row is a tuple of the columns ROW, or CHECK. The blocks are those of `config["appended"]`
    (`appended_file.merged`), but for replicates that the config has with all rows by now.
    """
    end = blocks(config, study)[-1].last
    times: Counter[tuple[int, int]] = Counter()
    found = []
    for entry in config.get("appended", {}).get(study, ()):
        ends = entry["first"], entry["last"]
        times[ends] += 1
        if entry["first"] > end:
            rows = frozenset(tuple(row[name] for name in row_columns(row)) for row in entry["rows"])
            found.append((Block(*ends, times[ends]), rows))
    return found


def named(row: Row) -> dict[str, str | int | float]:
    """Return a row as columns of ROW or CHECK with their values."""
    return dict(zip(CHECK if len(row) == len(CHECK) else ROW, row, strict=True))


def row_columns(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which columns a row has for which replicates were appended: ROW or CHECK."""
    return CHECK if set(row) == set(CHECK) else ROW


def trained(last: str) -> str:
    """Return the name `last` of the block that trains a block's networks: 10_1 -> 10.

    All parts of a block prune and evaluate the same trained networks.
    """
    return last.partition("_")[0]


def of_block(config: Config, study: str, first: str, last: str) -> Config:
    """Return the config with those rows alone that a block has; first and last as in its path.

    Raises:
        ValueError: if no such block was appended.
    """
    if trained(last) == last:
        return config
    for block, rows in appended(config, study):
        if block.names == {"first": first, "last": last}:
            return {**config, "rows": rows}
    raise ValueError(f"study {study}: no rows were appended as r{first}-{last}")
