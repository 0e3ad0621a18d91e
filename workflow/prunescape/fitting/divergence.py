"""Trainings that diverge: records of replicates that left their block.

A replicate diverges in the epoch in which its loss, or a parameter, stops being finite. At the end
of that epoch it leaves the block. The other replicates train on, and their numbers are the same as
without it. The checkpoint names the diverged replicate, evaluations name the networks that are
therefore missing, and the table lacks their rows. Standard library only.
"""

import csv
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

Record = dict[str, Any]
FIT = ("study", "dataset", "network", "fit")


@dataclass(frozen=True)
class Divergence:
    """How the training of a replicate ended early.

    Attributes:
        replicate: its number.
        epoch: from 1, within this training.
        step: from 1, within the epoch: the first step whose loss is not finite; the last step, if
            all losses are finite and only the parameters after it aren't.
        loss: the loss of that step, as text: JSON has no NaN.
        before: the loss of the step before, as text; empty at the first step of an epoch.
        setting: the setting that is likely to be wrong, with its value.
        checkpoint: file in which the replicate is missing; empty before it is written.
    """

    replicate: int
    epoch: int
    step: int
    loss: str
    before: str
    setting: str
    checkpoint: str = ""

    def __str__(self) -> str:
        before = f" ({self.before} before it)" if self.before else ""
        where = f" of {self.checkpoint}" if self.checkpoint else ""
        return (
            f"replicate {self.replicate}{where} diverged in epoch {self.epoch}: loss {self.loss} "
            f"at step {self.step}{before}; likely setting: {self.setting}"
        )

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Divergence":
        """Return the divergence that a record of `records` describes; ValueError if none does."""
        try:
            return cls(**record)
        except TypeError:
            raise ValueError(f"not the record of a divergence: {record!r}") from None


def records(found: Iterable[Divergence]) -> list[Record]:
    """Return divergences as dictionaries for JSON."""
    return [asdict(each) for each in found]


COLUMNS = [*FIT, *(field.name for field in fields(Divergence))]
"""Columns of the table of diverged trainings; docs/table.md explains them."""


def rows(evaluations: Iterable[Mapping[str, Any]]) -> list[Record]:
    """Return the sorted rows of the table of diverged trainings, from rows.json files' contents.

    There is one row a replicate and training, however many rows the table of scores lacks by it.
    """
    found = {}
    for record in evaluations:
        for each in record.get("missing", ()):
            row = {name: each[name] for name in FIT} | each["divergence"]
            key = row["checkpoint"], row["replicate"]
            # A fit that starts from another fit's checkpoint lacks the same replicates; the row
            # names the fit whose training diverged.
            if key not in found or f"/{row['fit']}/" in row["checkpoint"]:
                found[key] = row
    return [found[key] for key in sorted(found)]


def read(path: str | os.PathLike) -> list[Record]:
    """Return the rows of a file with the table of diverged trainings; ValueError names the file."""
    try:
        with Path(path).open(encoding="utf-8", newline="") as opened:
            reader = csv.DictReader(opened)
            found = list(reader)
        if reader.fieldnames != COLUMNS:
            raise ValueError(f"expected the columns {COLUMNS}, found {reader.fieldnames}")
        whole = ("replicate", "epoch", "step")
        return [row | {name: int(row[name]) for name in whole} for row in found]
    except (ValueError, TypeError, csv.Error) as error:  # TypeError: a row that breaks off
        raise ValueError(f"{path}: not a table of divergences ({error})") from None


def sentence(row: Mapping[str, Any]) -> str:
    """Return a row of the table as a sentence."""
    what = Divergence(**{field.name: row[field.name] for field in fields(Divergence)})
    return f"{' / '.join(row[name] for name in FIT)}: {what}"


def likely(settings: Mapping[str, Any], epoch: int, step: int) -> str:
    """Return the setting that is likely to have made a training diverge, with its value.

    Args:
        settings: a fit of the config; optimiser is read.
        epoch: epoch in which it diverged, from 1.
        step: step of the epoch, from 1. Before the very first step nothing has been trained yet.
    """
    if epoch == step == 1 and "initial_weights" in settings:
        return f"initial_weights {settings['initial_weights']}"
    name = "scale" if settings["optimiser"]["kind"] == "psgd" else "learning_rate"
    return f"optimiser.{name} {settings['optimiser'][name]} (lower it)"
