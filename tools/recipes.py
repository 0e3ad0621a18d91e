"""Choose a recipe among the fits of a finished run with `split: tune`, and print the table.

    python tools/recipes.py results/tune_magnitude
    python tools/recipes.py results/tune_sparse_vd --level 68x
    python tools/recipes.py results/tune_sgd_noise --floored 0.5
    python tools/recipes.py results/tune_record --level 100x --among schedule

Chosen is the fit with the smallest mean error on the validation set; of those whose paired
difference from it is below a standard error, the one whose training takes the least CPU time
(to within 10 %, which the same work differs by from run to run).
With --among schedule the ways of training after pruning are compared, of one fit and criterion.
With --floored, fits of preconditioned SGD that are plain SGD in the main are out of the choice.
Where fits train several networks, each has a table and a choice.
"""

import argparse
import json
import sys
from collections.abc import Collection
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from prunescape.foundations import levels  # noqa: E402
from prunescape.foundations.table_rows import named_rows  # noqa: E402

TRAINING = {"fit": ("train", "fit_variational"), "schedule": ("retrain", "retrain_step")}
"""What is chosen among -> the jobs whose CPU seconds count."""
SAME_COST = 1.1  # times the CPU seconds of the cheapest


def main() -> None:
    """Parse the arguments, choose, print a table of Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, help="folder of the run")
    parser.add_argument("--level", default="0", help="sparsity that counts, as its arm writes it")
    parser.add_argument(
        "--floored",
        type=float,
        help="largest mean share of weights at the floor",
    )
    parser.add_argument("--among", choices=TRAINING, default="fit", help="what is chosen")
    arguments = parser.parse_args()
    try:
        check_split(arguments.results)
        scores = pd.read_parquet(arguments.results / "scores.parquet")
        costs = pd.read_csv(arguments.results / "costs.csv")
        out: set[str] = set()
        if arguments.floored is not None:
            noise = pd.read_csv(arguments.results / "gradient_noise.csv")
            out = plain_sgd(noise, arguments.floored)
        level = levels.number(arguments.level)
        found = of_networks(scores, costs, level, out, arguments.among)
    except (OSError, ValueError) as error:
        sys.exit(f"recipes.py: {error}")
    tables = [f"{network}:\n\n{table(each, arguments.among)}" for network, each in found.items()]
    print("\n\n".join(tables))


def check_split(results: Path) -> None:
    """Raise a ValueError unless the run's networks were evaluated on the validation set."""
    record = json.loads((results / "environment.json").read_text(encoding="utf-8"))
    if (split := record["config"]["split"]) != "tune":
        raise ValueError(f"{results}: split is {split}; recipes are chosen with tune")


def plain_sgd(noise: pd.DataFrame, floored: float) -> set[str]:
    """Return the fits whose mean share of weights at the floor is above `floored`, in [0, 1]."""
    shares = noise.groupby("fit")["floored"].mean()
    return set(shares.index[shares > floored])


def of_networks(
    scores: pd.DataFrame,
    costs: pd.DataFrame,
    level: float,
    out: Collection[str] = (),
    among: str = "fit",
) -> dict[str, pd.DataFrame]:
    """Return network -> the fits or schedules that train it, as `choose` returns them."""
    found = {}
    for network in dict.fromkeys(scores["network"]):
        rows, spent = (table[table["network"] == network] for table in (scores, costs))
        found[network] = choose(rows, spent, level, out, among)
    return found


def _pruned_once(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of pruned networks; ValueError if they differ in more than the schedule."""
    pruned = scores[scores["criterion"] != "none"]
    arms = pruned.groupby("schedule")[["fit", "criterion", "scope", "effect"]].nunique()
    if (arms > 1).any(axis=None):
        raise ValueError("schedules have several fits or arms; expected one of each")
    return pruned


def choose(
    scores: pd.DataFrame,
    costs: pd.DataFrame,
    level: float,
    out: Collection[str] = (),
    among: str = "fit",
) -> pd.DataFrame:
    """Return the fits in order of their mean error; those that are out of the choice come last.

    Args:
        scores: the table of a run whose fits have the same replicates, and one network.
        costs: its costs.
        level: sparsity of the networks that count; 0: the unpruned ones.
        out: fits that can't be chosen.
        among: fit, or schedule for the ways of training after pruning.

    Returns:
        fit (or schedule); error, its mean in percent; above, the paired difference from the first
        in points; standard_error of that; n; cpu_seconds of training a replicate; out; chosen,
        true for one.

    Raises:
        ValueError: if no networks have the level, a fit lacks a replicate, or all are out; among
            schedules, if they prune in several ways.
    """
    if among == "schedule":
        scores = _pruned_once(scores)
        costs = costs.assign(schedule=costs["part"].str.split("/").str[0])
    rows = scores[(scores["noise"] == "none") & (scores["level"] == level)]
    errors = rows.assign(error=100 * (1 - rows["accuracy"])).pivot(
        index="replicate", columns=among, values="error"
    )
    if errors.empty:
        raise ValueError(f"no networks at level {level:g}")
    lacking = errors.columns[errors.isna().any()]
    if len(lacking):
        raise ValueError(f"replicates of {', '.join(lacking)} have diverged, or are not there")
    if set(errors.columns) <= set(out):
        raise ValueError("all fits are out of the choice")
    order = errors.mean().sort_values(kind="stable").index
    errors = errors[sorted(order, key=lambda fit: fit in out)]
    above = errors.sub(errors.iloc[:, 0], axis=0)
    training = costs[costs["stage"].isin(TRAINING[among])]
    replicates = training["last"] - training["first"] + 1
    seconds = training["cpu_seconds"].groupby(training[among]).sum()
    found = pd.DataFrame(
        {
            "error": errors.mean(),
            "above": above.mean(),
            "standard_error": above.sem(),
            "n": len(errors),
            "cpu_seconds": seconds / replicates.groupby(training[among]).sum(),
        }
    ).loc[errors.columns]
    found["out"] = found.index.isin(out)
    as_good = (found["above"] <= found["standard_error"]) & ~found["out"]
    cheap = found["cpu_seconds"] <= SAME_COST * found["cpu_seconds"][as_good].min()
    chosen = (as_good & cheap).idxmax()  # the first, so the one with the smallest error
    return found.assign(chosen=found.index == chosen).rename_axis(among).reset_index()


def table(found: pd.DataFrame, among: str = "fit") -> str:
    """Return the choice as a table of Markdown; fits that are out stand in parentheses."""
    lines = [
        f"| {among} | error (%) | above the best (points) | standard error | n "
        "| CPU s a replicate |",
        "|---|---|---|---|---|---|",
    ]
    for row in named_rows(found.rename(columns={among: "fit"})):
        name = f"**{row.fit}**" if row.chosen else f"({row.fit})" if row.out else row.fit
        numbers = f"{row.error:.2f} | {row.above:.2f} | {row.standard_error:.2f}"
        lines.append(f"| {name} | {numbers} | {row.n} | {row.cpu_seconds:.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
