"""Integrity gates: conditions that evaluations must meet before they may enter the table.

A gate is a function that returns nothing or raises GateError, whose message starts with the gate's
name. Gates of records check the contents of rows.json files, before any column is converted; gates
of the table check the result of `table.assemble`.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from operator import not_
from typing import Any

import numpy as np
import pandas as pd

from prunescape.evaluation import columns, ending, table
from prunescape.evaluation.outcome_bits import Packed
from prunescape.fitting.divergence import Divergence
from prunescape.foundations import levels
from prunescape.foundations.table_rows import named_rows
from prunescape.pipeline.scopes import GROUPED

Record = Mapping[str, Any]
NETWORK = list(columns.KEY).index("replicate") + 1
"""Number of key columns, from the first on, that identify a network; the others are its noise."""
OwnScopes = Mapping[str, Mapping[str, str]]
"""Study -> name of each of its own scopes -> how it counts, as `plan.own_scopes` has it."""
FINGERPRINT = ("n_correct", "nll", "ece", "brier")
"""Measures that are equal to the last digit only if two networks are one."""
NAMED = 3
"""Most offending keys that a message lists."""


class GateError(ValueError):
    """The results fail a gate."""

    def __init__(self, gate: str, problem: str, keys: Sequence[Iterable]) -> None:
        named = ", ".join(f"({table.name(key)})" for key in keys[:NAMED])
        more = ", ..." if len(keys) > NAMED else ""
        rows = "row" if len(keys) == 1 else "rows"
        super().__init__(f"{gate}: {len(keys)} {rows} {problem}: {named}{more}")


def passed(
    records: Sequence[Record],
    expected: Iterable[tuple],
    outcomes: Iterable[Packed],
    roundings: Mapping[str, str] | None = None,
    own_scopes: OwnScopes | None = None,
) -> pd.DataFrame:
    """Return the table of `records`, the contents of rows.json files, if it passes all gates.

    Args:
        records: each with fitted_on, evaluated_on ({name: sha256} of data files) and rows.
        expected: key tuples in the order of `columns.KEY`, as `plan.keys` makes them.
        outcomes: of every record, in the same order.
        roundings: study -> how k is rounded under exact_k, if it isn't to the nearest.
        own_scopes: of the studies that have some.

    Raises:
        GateError: if the results fail a gate; the first one is named.
        ValueError: if a row doesn't have the table's columns and types.
    """
    unseen(records)
    finite(records)
    no_revival(records)
    unit_sparsity_exact(records, roundings or {})
    own_scopes_exact(records, roundings or {}, own_scopes or {})
    complete(records, expected)
    ended(records)
    independent(records)
    scores = table.assemble(records)
    sparsity_exact(scores, roundings or {}, own_scopes or {})
    dead_layers(scores)
    counted(records, outcomes)
    return scores


def unseen(records: Sequence[Record]) -> None:
    """No file that a network is evaluated on was used to fit it, by content or by name."""
    offending = []
    for record in records:
        keys = [_key(row) for row in table.rows([record])]
        fitted, evaluated = record.get("fitted_on"), record.get("evaluated_on")
        # A record without files proves nothing.
        if not fitted or not evaluated or _overlap(fitted, evaluated):
            offending += keys
    if offending:
        raise GateError("unseen", "evaluated on data that the network was fitted on", offending)


def _overlap(fitted: Mapping[str, str], evaluated: Mapping[str, str]) -> bool:
    """Return whether two sets of files, name -> checksum, share a name or a content."""
    names, contents = fitted.keys() & evaluated.keys(), set(fitted.values())
    return bool(names or contents & set(evaluated.values()))


def finite(records: Sequence[Record]) -> None:
    """Every number is a number: no NaN, no infinity, nothing missing."""
    offending = [
        (column, _key(row))
        for row in table.rows(records)
        for column, value in row.items()
        if value is None or (isinstance(value, float) and not math.isfinite(value))
    ]
    if offending:
        columns = ", ".join(sorted({column for column, _ in offending}))
        keys = list(dict.fromkeys(key for _, key in offending))
        raise GateError("finite", f"with NaN, infinity or nothing in {columns}", keys)


def no_revival(records: Sequence[Record]) -> None:
    """A weight that the mask removes is zero when the network is evaluated."""
    offending = [_key(row) for row in table.rows(records) if row[table.REVIVED] != 0]
    if offending:
        raise GateError("no_revival", "with removed weights that are not zero", offending)


def unit_sparsity_exact(records: Sequence[Record], roundings: Mapping[str, str]) -> None:
    """In the scope output_unit every unit keeps its own exact number of weights.

    Under selection = exact_k a unit of m inputs must keep m - k, the fewest and the most of its
    layer alike, and the layer must keep that for all of its units. Dense rows tell how many inputs
    and units a layer has. Frozen weights are masked in the same way and checked too.
    """
    found = list(table.rows(records))
    sizes = {_network(row): _by_layer(row) for row in found if row["criterion"] == "none"}
    offending = [
        _key(row)
        for row in found
        if (row["scope"], row["selection"]) == ("output_unit", "exact_k")
        and _by_layer(row) != _of_units(sizes.get(_network(row), []), _kept(row, roundings))
    ]
    if offending:
        raise GateError("unit_sparsity_exact", "with units that don't keep total - k", offending)


def own_scopes_exact(
    records: Sequence[Record], roundings: Mapping[str, str], own_scopes: OwnScopes
) -> None:
    """Layers that a study's own scope leaves out keep all weights; in the others k is exact.

    Under selection = exact_k the others must keep total - k of their own weights: together, each
    layer or each unit, as the scope's kind says. Dense rows tell how many weights a layer has. Of
    groups none may break its pattern, and of blocks each layer must keep total - k. Neurons, which
    have weights in several layers, are not counted, as in the library's scope.
    """
    found = list(table.rows(records))
    sizes = {_network(row): _by_layer(row) for row in found if row["criterion"] == "none"}

    def wrong(row: Record, kind: str) -> bool:
        within = [mark == "1" for mark in row[table.WITHIN].split()]
        whole, left = sizes.get(_network(row), []), _by_layer(row)
        if not len(within) == len(whole) == len(left):
            return True
        if list(compress(left, map(not_, within))) != list(compress(whole, map(not_, within))):
            return True
        if row["selection"] != "exact_k" or kind == "neuron":
            return False
        whole, left = list(compress(whole, within)), list(compress(left, within))
        kept_of = _kept(row, roundings)
        if kind in GROUPED:
            return _wrong_groups(row, kind, within, kept_of)
        if kind == "output_unit":
            return left != _of_units(whole, kept_of)
        counted, kept = [size for size, _ in whole], [size for size, _ in left]
        if kind == "layer":
            return kept != list(map(kept_of, counted))
        return sum(kept) != kept_of(sum(counted))

    offending = [
        _key(row)
        for row in found
        if (kind := own_scopes.get(row["study"], {}).get(row["scope"])) and wrong(row, kind)
    ]
    if offending:
        problem = "that don't keep total - k in the layers of their scope, and all in others"
        raise GateError("own_scopes_exact", problem, offending)


def _wrong_groups(
    row: Record, kind: str, within: Sequence[bool], kept_of: Callable[[int], int]
) -> bool:
    """Return whether groups of a row's masks break their pattern, or too many or few are kept."""
    by_layer = row[table.BY_GROUP].split()
    if len(by_layer) != len(within):
        return True
    for counts in compress(by_layer, within):
        broken, kept, every = map(int, counts.split("/"))
        if broken or (kind == "block" and kept != kept_of(every)):
            return True
    return False


def complete(records: Sequence[Record], expected: Iterable[tuple]) -> None:
    """The keys are exactly the expected ones (tuples in the order of `columns.KEY`), each once.

    Exceptions are networks whose replicate diverged, or that were left out, according to the
    records: all rows of such a network must be missing.
    """
    found = Counter(_key(row) for row in table.rows(records))
    wanted = dict.fromkeys(expected)
    networks = {key[:NETWORK] for key in wanted}
    lost = {_of_network(each) for each in _missing(records)}
    ended = {_of_network(each) for each in _left_out(records)}
    for problem, keys in (
        (
            "missing",
            [k for k in wanted if k not in found and k[:NETWORK] not in lost | ended],
        ),
        ("double", [key for key, times in found.items() if times > 1]),
        ("not expected", [key for key in found if key not in wanted]),
        ("of a replicate that is said to have diverged", [k for k in found if k[:NETWORK] in lost]),
        ("of networks that are said to be left out", [k for k in found if k[:NETWORK] in ended]),
        (
            "said to be missing, but not expected",
            [(*k, "none", 0, "mean") for k in (lost | ended) - networks],
        ),
    ):
        if keys:
            raise GateError("complete", problem, keys)


def ended(records: Sequence[Record]) -> None:
    """What was left out comes after a level at which the job's networks lost more than it says."""
    rows = defaultdict(list)
    for row in table.rows(records):
        rows[_network(row)].append(row)
    offending = []
    for record in records:
        if entries := list(_left_out([record])):
            unpruned = ending.accuracies(rows[_network(entries[0])])
            offending += ending.unfounded(record, unpruned)
    if offending:
        keys = [(*_of_network(each), "none", 0, "mean") for each in offending]
        raise GateError("ended", "left out, though no level before lost so much", keys)


def independent(records: Sequence[Record]) -> None:
    """No two replicates of a fit are the same network.

    Networks that start and learn alike, or are read from copies of one file, have measures that are
    equal to the last digit; every interval over them would be too narrow. A loss of exactly 0 tells
    nothing, since different networks may have it.
    """
    alike = defaultdict(list)
    for row in table.rows(records):
        trained = (row["criterion"], row["schedule"], row["noise"], row["prediction"])
        if trained == ("none", "none", "none", "mean") and row["nll"] > 0:
            alike[*_network(row), *(row[name] for name in FINGERPRINT)].append(_key(row))
    if offending := [key for keys in alike.values() if len(keys) > 1 for key in keys]:
        problem = "of replicates that are one network (a seed, start or file of weights in common?)"
        raise GateError("independent", problem, offending)


def sparsity_exact(
    scores: pd.DataFrame, roundings: Mapping[str, str], own_scopes: OwnScopes | None = None
) -> None:
    """Exact k is exact, and weights that a mask removes are measured as zero.

    The gate checks the effects that set weights to zero. Under selection = exact_k,
    kept_weights must be total_weights - k in the scopes global and floor. In the scope layer the
    same must hold layer by layer; the fit's dense rows give the layers' sizes. Scopes that count
    whole units are left out, output_unit is for `unit_sparsity_exact`, and `own_scopes_exact` sees
    to a study's own. Under any selection sparsity_actual must be at least the share that the mask
    removes.
    """
    pruned = scores[~scores["effect"].isin(["none", "freeze"])]
    exact = pruned[pruned["selection"] == "exact_k"]
    sizes = _layer_sizes(scores)

    def wrong(row: Any) -> bool:
        kept_of = _kept(row._asdict(), roundings)
        if row.scope == "layer":
            kept = [kept_of(size) for size in sizes.get(_network(row._asdict()), [])]
            return _counts(row.kept_by_layer) != kept
        return bool(row.kept_weights != kept_of(row.total_weights))

    # All scopes but those of units and a study's own, so that a new one can't escape the gate.
    own = [row.scope in (own_scopes or {}).get(row.study, {}) for row in named_rows(exact)]
    counted = exact[
        ~exact["scope"].isin(["output_unit", "input_unit", "neuron"]) & ~np.array(own, dtype=bool)
    ]
    offending = [_key(row._asdict()) for row in named_rows(counted) if wrong(row)]
    if offending:
        raise GateError("sparsity_exact", "whose kept weights are not total - k", offending)

    # Half a weight of slack for the rounding of a share to a float.
    zeros = pruned["sparsity_actual"] * pruned["total_weights"] + 0.5
    offending = list(_keys(pruned[zeros < pruned["total_weights"] - pruned["kept_weights"]]))
    if offending:
        raise GateError("sparsity_exact", "with fewer zeros than removed weights", offending)


def dead_layers(scores: pd.DataFrame) -> None:
    """Kept weights add up over layers, and a layer that keeps none has dead_units."""
    layers = scores["kept_by_layer"].map(_counts)
    least, total = layers.map(min), layers.map(sum)
    for problem, offends in (
        (
            "whose min_layer_kept is not the least of kept_by_layer",
            least != scores["min_layer_kept"],
        ),
        ("whose kept_by_layer doesn't add up to kept_weights", total != scores["kept_weights"]),
        ("with a dead layer, but without dead units", (least == 0) & (scores["dead_units"] == 0)),
    ):
        if offends.any():
            raise GateError("dead_layers", problem, list(_keys(scores[offends])))


def counted(records: Sequence[Record], outcomes: Iterable[Packed]) -> None:
    """Outcomes are of the rows: of each as many images, and correct ones, as the row says."""
    for record, packed in zip(records, outcomes, strict=True):
        rows = record["rows"]
        keys = [_key(row) for row in rows]
        if len(packed.bits) != len(rows) or packed.evaluated_on != record["evaluated_on"]:
            raise GateError("counted", "with outcomes of other rows or images", keys)
        correct = np.bitwise_count(packed.bits).sum(1)
        # Bits behind the last image would count as images.
        beyond = np.unpackbits(packed.bits, axis=1)[:, packed.n_images :].sum(1)
        binned = packed.bins.sum(2)[:, :2].tolist()  # images and correct ones
        offending = [
            key
            for key, row, count, more, bins in zip(keys, rows, correct, beyond, binned, strict=True)
            if row["n_images"] != packed.n_images
            or row["n_correct"] != count
            or bins != [row["n_images"], row["n_correct"]]
            or more
        ]
        if offending:
            raise GateError("counted", "whose outcomes don't add up to n_correct", offending)


def _missing(records: Sequence[Record]) -> Iterator[Record]:
    """Yield the records' entries on diverged networks; ValueError if one is incomplete."""
    for record in records:
        for each in record.get("missing", ()):
            absent = [name for name in list(columns.KEY)[:NETWORK] if name not in each]
            if absent or "divergence" not in each:
                raise ValueError(f"missing network: expected a divergence and a key, not {each}")
            Divergence.of(each["divergence"])
            yield each


def _left_out(records: Sequence[Record]) -> Iterator[Record]:
    """Yield the keys of networks that records say are left out; ValueError if one is no key."""
    for record in records:
        for each in record.get("left_out", ()):
            if absent := [name for name in list(columns.KEY)[:NETWORK] if name not in each]:
                raise ValueError(f"network left out: expected a key, found none of {absent}")
            yield each


def _of_network(row: Mapping[str, Any]) -> tuple:
    return tuple(row[name] for name in list(columns.KEY)[:NETWORK])


def _key(row: Mapping[str, Any]) -> tuple:
    return tuple(row[column] for column in columns.KEY)


def _keys(scores: pd.DataFrame) -> Iterator[tuple]:
    return scores[list(columns.KEY)].itertuples(index=False, name=None)


def _counts(kept_by_layer: str) -> list[int]:
    return [int(kept) for kept in kept_by_layer.split()]


def _network(row: Record) -> tuple:
    """Return a row's trained network, study to fit."""
    return tuple(row[name] for name in ("study", "dataset", "network", "fit"))


def _by_unit(row: Record) -> list[tuple[int, int]]:
    """Return the fewest and the most kept weights of a unit, for every layer."""
    pairs = [each.partition("-") for each in row[table.BY_UNIT].split()]
    return [(int(fewest), int(most)) for fewest, _, most in pairs]


def _by_layer(row: Record) -> list[tuple[int, tuple[int, int]]]:
    """Return kept weights, and the fewest and the most of a unit, for every layer."""
    return list(zip(_counts(row["kept_by_layer"]), _by_unit(row), strict=True))


def _of_units(
    whole: Sequence[tuple[int, tuple[int, int]]], kept_of: Callable[[int], int]
) -> list[tuple[int, tuple[int, int]]]:
    """Return what layers, `_by_layer` of a dense row, keep if each unit keeps total - k."""
    kept = [(weights // most, kept_of(most)) for weights, (_, most) in whole]
    return [(units * each, (each, each)) for units, each in kept]


def _kept(row: Record, roundings: Mapping[str, str]) -> Callable[[int], int]:
    """Return a function: how many of so many weights a row keeps at its level."""
    level, rounding = levels.recover(row["level"]), roundings.get(row["study"], "nearest")
    return lambda weights: weights - levels.rounded(level, weights, rounding)


def _layer_sizes(scores: pd.DataFrame) -> dict[tuple, list[int]]:
    """Return trained network -> weights by layer, from its dense rows, which keep all weights."""
    dense = scores[scores["criterion"] == "none"]
    return {_network(row._asdict()): _counts(row.kept_by_layer) for row in named_rows(dense)}
