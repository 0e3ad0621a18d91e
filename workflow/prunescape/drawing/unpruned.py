"""The unpruned network that a pruned one is compared with: its control, trained for as long."""

from collections.abc import Sequence

import pandas as pd

from prunescape.drawing import summary

_SHARED = ["network", "fit", "step", "noise_level", "replicate"]
_PARTNER = {"schedule": "control", "noise": "noise_unpruned"}
_FITTED = "the network as it was fitted"
_TRAINED = "trained for as long, on the same batches, as the pruned network"


def control(rows: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """Return the schedule of the unpruned network that each row compares with.

    A schedule that trains after pruning has an unpruned control in `table`; networks of one that
    doesn't are compared with the network as it was fitted, "none".
    """
    networks = table[table["criterion"] == "none"]
    trains = rows["schedule"].isin(set(networks["schedule"]))
    return rows["schedule"].where(trains, "none")


def partners(rows: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` of pruned networks with the accuracy of the unpruned ones they compare with.

    That of `control`, at each step of a chain. Replicate and noise are the same; noise at level 0,
    whatever its kind, is no noise.

    Returns:
        `rows` with control and accuracy_unpruned, in [0, 1]; those whose partner diverged are left
        out.
    """
    networks = table[table["criterion"] == "none"]
    keys = rows.assign(
        control=control(rows, table),
        noise_unpruned=rows["noise"].where(rows["noise_level"] > 0, "none"),
    )
    found = networks[[*_SHARED, *_PARTNER, "accuracy"]]
    found = found.rename(columns=_PARTNER | {"accuracy": "accuracy_unpruned"})
    pairs = keys.merge(found, on=[*_SHARED, *_PARTNER.values()], validate="many_to_one")
    return pairs.drop(columns="noise_unpruned")


def over_replicates(rows: pd.DataFrame, table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the partners' accuracy in percent for every group `by` of pruned networks.

    `by` has network, fit, schedule or control, and level, and noise where rows have several.

    Returns:
        As `summary.over_replicates`, with kept_percent, the mean over the pruned networks; from
        most to fewest weights kept.
    """
    pairs = partners(rows, table)
    pairs = pairs.assign(unpruned_percent=100 * pairs["accuracy_unpruned"])
    once = pairs.drop_duplicates([*by, "replicate"])
    found = summary.over_replicates(once, by, "unpruned_percent")
    kept = pairs.groupby(list(by))["kept_percent"].mean().reset_index()
    found = found.merge(kept, on=list(by), validate="one_to_one")
    return found.sort_values("kept_percent", ascending=False, ignore_index=True)


def note(rows: pd.DataFrame, table: pd.DataFrame) -> str:
    """Return a sentence on what the pruned networks of `rows` are compared with."""
    found = set(control(rows, table))
    said = [_FITTED] * ("none" in found) + [_TRAINED] * bool(found - {"none"})
    where = ", or where a schedule trains on, " if len(said) == 2 else ""
    return f"Unpruned: {where.join(said)}. "
