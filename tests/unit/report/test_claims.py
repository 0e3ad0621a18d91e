import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prunescape.evaluation import table
from prunescape.foundations import levels
from prunescape.report import claim_files, claims, intervals
from tests.helpers.evaluations import dense, record, row
from tests.helpers.places import ROOT

CLAIMS = ROOT / "workflow" / "resources" / "claims.yaml"

DENSE = [9250, 9245, 9255, 9248, 9252]


def rows(make, correct, **columns):
    """One row a replicate, with these correct images of 10,000."""
    return [make(replicate=r, n_correct=c, **columns) for r, c in enumerate(correct, 1)]


def less(by, spread=0):
    """Correct images `by` below the dense network's, give or take `spread`."""
    return [c - by + spread * sign for c, sign in zip(DENSE, (0, 1, -1, 2, -2), strict=True)]


def scores(*groups):
    return table.assemble([record(*(each for group in groups for each in group))])


def claim(statistic, comparison="<=", margin=1.0, **changes):
    stated = {
        "id": "c1",
        "study": "graves",
        "origin": "this project",
        "source": "prunescape",
        "statement": "Something.",
        "statistic": {"measure": "accuracy", **statistic},
        "comparison": comparison,
        "margin": margin,
    }
    return claim_files.Claim(**stated | changes)


def judge(table_of_scores, *stated, **not_tested):
    studies = {each.study for each in stated}
    return claims.judge({"scores": table_of_scores}, stated, studies, not_tested)


COST = {"of": {"criterion": "none"}, "minus": {"criterion": "snr", "level": "0.90"}}


@pytest.mark.parametrize(
    ("correct", "comparison", "verdict"),
    [
        (less(50, spread=1), "<=", "holds"),
        (less(150, spread=1), "<=", "fails"),
        (less(100, spread=20), "<=", "undecided"),
        (less(150, spread=1), ">=", "holds"),
        (less(50, spread=1), ">", "fails"),
        (less(50), "<=", "holds"),  # no spread at all
        (less(150), "<=", "fails"),
        (less(100), "<=", "undecided"),  # exactly the margin
    ],
)
def test_a_claim_holds_fails_or_is_undecided(correct, comparison, verdict):
    found = judge(scores(rows(dense, DENSE), rows(row, correct)), claim(COST, comparison))
    assert found["verdict"].tolist() == [verdict]


def test_numbers_are_those_of_the_paired_t_interval_in_points():
    pruned = less(80, spread=15)
    found = judge(scores(rows(dense, DENSE), rows(row, pruned)), claim(COST)).iloc[0]
    test = stats.ttest_1samp((np.array(DENSE) - pruned) / 100, 1.0)
    bounds = test.confidence_interval(0.95)
    assert found["estimate"] == pytest.approx(0.8)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((bounds.low, bounds.high))
    assert found["p_holm"] == pytest.approx(test.pvalue)
    assert (found["n"], found["margin"]) == (5, 1.0)


def test_one_replicate_is_undecided():
    found = judge(scores(rows(dense, DENSE[:1]), rows(row, [1000])), claim(COST)).iloc[0]
    assert (found["verdict"], found["n"]) == ("undecided", 1)
    assert found["estimate"] == pytest.approx(82.5)
    assert np.isnan(found["ci_low"])
    assert found["reason"] == "one replicate has no interval"


BOTH = {
    "of": {"criterion": "snr"},
    "minus": {"criterion": "random"},
    "each": {"level": ["0.70", "0.90"]},
}
SPARSER = {"level": 0.7, "kept_weights": 30, "sparsity_actual": 0.7, "kept_by_layer": "18 9 3"}


@pytest.mark.parametrize(
    ("at_70", "at_90", "verdict", "worst"),
    [
        (less(300, 1), less(400, 1), "holds", "level 0.70"),  # the smaller advantage
        (less(300, 1), less(0, 40), "undecided", "level 0.90"),
        (less(0, 40), less(-300, 1), "fails", "level 0.90"),
        (less(-300, 1), less(300, 1), "fails", "level 0.70"),
    ],
)
def test_a_conjunction_is_as_good_as_its_worst_part(at_70, at_90, verdict, worst):
    table_of_scores = scores(
        rows(row, DENSE, **SPARSER),
        rows(row, DENSE),
        rows(row, at_70, criterion="random", **SPARSER),
        rows(row, at_90, criterion="random"),
    )
    found = judge(table_of_scores, claim(BOTH, ">", 0)).iloc[0]
    assert found["verdict"] == verdict
    assert found["reason"].startswith(f"worst of 2 parts ({worst}): ")
    part = at_70 if worst == "level 0.70" else at_90
    assert found["estimate"] == pytest.approx(np.mean(np.subtract(DENSE, part)) / 100)


def test_holm_counts_every_tested_part_of_the_study_and_no_other():
    table_of_scores = scores(
        rows(dense, DENSE),
        rows(row, less(70, spread=14)),
        rows(dense, DENSE, study="other"),
        rows(row, less(70, spread=14), study="other"),
    )
    p = stats.ttest_1samp(-np.array([0, 14, -14, 28, -28]) + 70, 100).pvalue
    assert 0.025 < p < 0.05
    alone = claim(COST)
    other = claim(COST, study="other", id="c2")
    again = claim(COST, id="c3")
    found = judge(table_of_scores, alone, other)
    assert found["verdict"].tolist() == ["holds", "holds"]
    assert found["p_holm"].tolist() == pytest.approx([p, p])

    found = judge(table_of_scores, alone, other, again).set_index("id")
    assert found["verdict"].to_dict() == {"c1": "undecided", "c2": "holds", "c3": "undecided"}
    assert found["p_holm"].tolist() == pytest.approx([2 * p, p, 2 * p])
    assert found.loc["c1", "reason"] == (
        "the interval misses the margin, but not after Holm's adjustment for 2 tests"
    )
    # What isn't tested isn't counted.
    found = judge(table_of_scores, alone, other, again, c3="too short")
    assert found["verdict"].tolist() == ["holds", "holds", "not tested"]


def test_not_tested_needs_no_rows_and_keeps_its_reason():
    found = judge(scores(rows(dense, DENSE)), claim(COST), c1="the recipe is shortened").iloc[0]
    assert (found["verdict"], found["reason"]) == ("not tested", "the recipe is shortened")
    assert found[["estimate", "ci_low", "ci_high", "p_holm", "n"]].isna().all()
    assert found["margin"] == 1.0
    with pytest.raises(ValueError, match=r"not_tested: no claim is called \['c9'\]"):
        judge(scores(rows(dense, DENSE)), claim(COST), c9="a typing error")


def test_claims_of_other_studies_are_left_out():
    stated = [claim(COST, study="magnitude", id="m1"), claim(COST)]
    table_of_scores = scores(rows(dense, DENSE), rows(row, DENSE))
    tables = {"scores": table_of_scores}
    found = claims.judge(tables, stated, ["graves"], {"m1": "short"})
    assert found["id"].tolist() == ["c1"]
    assert list(claims.judge(tables, stated, [], {}).columns) == list(claims.COLUMNS)


def test_claims_of_another_table():
    ranks = [0.95, 0.97, 0.96, 0.94, 0.98]
    place = {"study": "graves", "dataset": "digits", "network": "net"}
    checks = [
        place
        | {"fit": fit, "replicate": r, "noise_rank_fixed": rank - lost, "noise_rank_trained": 0}
        for fit, lost in (("psgd", 0.0), ("other", 0.5))
        for r, rank in enumerate(ranks, 1)
    ]
    statistic = {"table": "gradient_noise", "measure": "noise_rank_fixed", "of": {"fit": "psgd"}}
    stated = claim(statistic, ">=", 0.9)
    tables = {"gradient_noise": table.of_noise_checks([{"rows": checks[:5]}, {"rows": checks[5:]}])}
    found = claims.judge(tables, [stated], ["graves"], {}).iloc[0]
    assert found["verdict"] == "holds"
    assert found["estimate"] == pytest.approx(0.96)
    # t of 4 degrees of freedom at 97.5 %: 2.776; standard deviation of the ranks: 0.01581.
    assert found["ci_low"] == pytest.approx(0.96 - 2.776 * 0.01581 / 5**0.5, abs=1e-4)
    assert found["statistic"].startswith("gradient_noise: noise_rank_fixed of (fit psgd)")
    with pytest.raises(ValueError, match=r"claim c1: several rows a replicate.*differ in .'fit'"):
        claims.judge(tables, [claim(statistic | {"of": {}})], ["graves"], {})
    with pytest.raises(ValueError, match="claim c1: table 'gradient_noise', expected one of"):
        claims.judge({"scores": None}, [stated], ["graves"], {})
    with pytest.raises(ValueError, match="claim c1: noise is not a key column of the table"):
        claims.judge(tables, [claim(statistic | {"of": {"noise": "none"}})], ["graves"], {})


@pytest.mark.parametrize(
    ("present", "message"),
    [
        (rows(row, DENSE, level=0.8), "claim c1: the table has no rows at all with .*level 0.90"),
        (rows(row, DENSE[:3]), r"claim c1: the table has no rows for replicates \[4, 5\] with"),
        (
            rows(row, DENSE) + rows(row, DENSE, scope="layer", effect="compensate"),
            r"claim c1: several rows a replicate .*differ in \['scope', 'effect'\]",
        ),
    ],
)
def test_a_selection_must_be_complete_and_unambiguous(present, message):
    with pytest.raises(ValueError, match=message):
        judge(scores(rows(dense, DENSE), present), claim(COST))


def test_pairs_are_the_replicates_that_both_arms_have():
    # A gap in one arm of replicate 4, and of replicate 2 in the other.
    left = [each for each in rows(dense, DENSE) if each["replicate"] != 2]
    right = [each for each in rows(row, less(50, spread=1)) if each["replicate"] != 4]
    whole = scores(rows(dense, DENSE), rows(row, less(50, spread=1)))
    common = whole[whole["replicate"].isin([1, 3, 5])]
    expected = judge(common, claim(COST)).iloc[0]

    stated = [claim(COST)]
    found = claims.judge(
        {"scores": scores(left, right)}, stated, ["graves"], {}, {"graves": {2, 4}}
    )

    for column in ("estimate", "ci_low", "ci_high", "p_holm", "verdict"):
        assert found.iloc[0][column] == expected[column]
    assert found.iloc[0]["n"] == 3
    assert found.iloc[0]["reason"].endswith(
        "; without replicates 2, 4, of which a training diverged"
    )
    with pytest.raises(ValueError, match=r"no rows for replicates \[2\]"):
        claims.judge({"scores": scores(left, right)}, stated, ["graves"], {}, {"graves": {4}})


def test_where_no_replicate_is_left_nothing_is_decided(tmp_path):
    left = [each for each in rows(dense, DENSE) if each["replicate"] > 2]
    right = [each for each in rows(row, less(50, spread=1)) if each["replicate"] <= 2]

    found = claims.judge(
        {"scores": scores(left, right)}, [claim(COST)], ["graves"], {}, {"graves": {1, 2, 3, 4, 5}}
    )

    assert found.iloc[0][["n", "verdict"]].tolist() == [0, "undecided"]
    assert found.iloc[0][["estimate", "ci_low", "ci_high", "p_holm"]].isna().all()
    assert found.iloc[0]["reason"] == (
        "no replicate has all of the rows; without replicates 1, 2, 3, 4, 5, of which a training "
        "diverged"
    )
    assert "c1     undecided        nan" in claims.report(found)


def test_shuffled_replicates_give_the_same_bytes(tmp_path):
    groups = [rows(dense, DENSE), rows(row, less(33, spread=7))]
    groups.append(rows(row, less(512, spread=13), criterion="random"))
    absolute = {"of": {"criterion": "snr"}, "measure": "error"}
    versus = {"of": {"criterion": "snr"}, "minus": {"criterion": "random"}}
    stated = [claim(COST), claim(absolute, id="c2", margin=8), claim(versus, ">", 5, id="c3")]
    written = set()
    for seed in range(6):
        label = np.random.default_rng(seed).permutation(5) + 1
        moved = [
            [{**each, "replicate": int(label[each["replicate"] - 1])} for each in group]
            for group in groups
        ]
        table.write_csv(judge(scores(*moved), *stated), tmp_path / "claims.csv")
        written.add((tmp_path / "claims.csv").read_bytes())
    assert len(written) == 1


GREY = [0.3, 0.4, 0.5]


def noisy(make, by, **columns):
    """Rows on clean images and on grey; `by` images are lost a step of noise."""
    found = rows(make, DENSE, **columns)
    for step, level in enumerate(GREY, 1):
        lost = less(step * by, spread=step)
        found += rows(make, lost, noise="grey_raw", noise_level=level, **columns)
    return found


def test_mean_and_sum_over_noise_are_taken_replicate_by_replicate():
    table_of_scores = scores(
        noisy(dense, 100, network="sparse"), noisy(dense, 400, network="dense")
    )
    sides = {"of": {"network": "sparse"}, "minus": {"network": "dense"}}
    grey = {"noise": "grey_raw", "noise_level": ["0.30", "0.40", "0.50"]}
    mean = claim(sides | {"mean_over": grey}, ">=", 0)
    score = claim(
        sides | {"measure": "n_correct", "sum_over": [{"noise": "none"}, grey]}, ">", 0, id="c2"
    )
    every = claim(sides | {"each": grey}, ">", 0, id="c3")
    found = judge(table_of_scores, mean, score, every).set_index("id")
    # 300 images for each step: 1, 2 and 3 steps.
    assert found["estimate"].tolist() == pytest.approx([6.0, 1800.0, 3.0])
    assert found["verdict"].tolist() == ["holds"] * 3
    assert found.loc["c3", "reason"].startswith(
        "worst of 3 parts (noise grey_raw, noise_level 0.30): "
    )


def test_an_absolute_threshold_adds_the_test_set_s_error():
    kept = {"level": levels.number("68x"), "kept_weights": 1, "kept_by_layer": "1 0 0"}
    correct = [9830, 9832, 9825, 9829, 9834]
    table_of_scores = scores(rows(row, correct, criterion="log_alpha", **kept))
    selection = {"criterion": "log_alpha", "level": "68x"}
    stated = claim({"measure": "error", "of": selection}, "<=", 1.92)
    found = judge(table_of_scores, stated).iloc[0]
    rates = 1 - np.array(correct) / 10_000
    expected = intervals.rate(rates, 10_000, 0.0192)
    assert found["estimate"] == pytest.approx(1.70)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx(
        (100 * expected.low, 100 * expected.high)
    )
    assert found["p_holm"] == pytest.approx(expected.p)
    assert found["verdict"] == "undecided"
    # Held against the dense network instead, replicates alone decide.
    both = table.assemble(
        [record(*rows(row, correct, criterion="log_alpha", **kept), *rows(dense, [9835] * 5))]
    )
    versus = claim({"measure": "error", "of": selection, "minus": {"criterion": "none"}}, "<=", 0.3)
    assert judge(both, versus)["verdict"].tolist() == ["holds"]


def test_any_numeric_column_can_be_measured():
    table_of_scores = scores(rows(dense, DENSE)).assign(spearman=[0.95, 0.96, 0.95, 0.97, 0.94])
    stated = {"measure": "spearman", "of": {"criterion": "none"}}
    found = judge(table_of_scores, claim(stated, ">=", 0.9)).iloc[0]
    assert (found["verdict"], found["estimate"]) == ("holds", pytest.approx(0.954))
    with pytest.raises(ValueError, match="claim c1: measure 'kept_by_layer': expected"):
        judge(table_of_scores, claim({**stated, "measure": "kept_by_layer"}))


def test_a_selection_s_own_filters_win():
    # "dense - snr at every level": the dense side has a level of its own.
    table_of_scores = scores(
        rows(dense, DENSE), rows(row, less(10), **SPARSER), rows(row, less(20))
    )
    stated = claim(
        {
            "of": {"criterion": "none", "level": "0"},
            "minus": {"criterion": "snr"},
            "each": {"level": ["0.70", "0.90"]},
        }
    )
    assert judge(table_of_scores, stated)["estimate"].tolist() == pytest.approx([0.2])


def test_filters_that_mean_nothing_are_named():
    table_of_scores = scores(rows(dense, DENSE))
    with pytest.raises(ValueError, match="claim c1: criterium is not a key column"):
        judge(table_of_scores, claim({"of": {"criterium": "snr"}}))


def test_the_claims_of_graves_are_those_of_the_study():
    stated = [each for each in claim_files.read(CLAIMS) if each.study == "graves"]
    assert [(c.id, c.comparison, c.margin, c.origin) for c in stated] == [
        ("g1", "<=", 1, "public code"),
        ("g2", ">", 0, "public code"),
        ("g3", ">", 0, "this project"),
    ]
    criteria = {"snr": 0, "magnitude": 30, "random": 500}
    points = [
        rows(row, less(by + 10, spread=1), criterion=criterion, level=level)
        for criterion, by in criteria.items()
        for level in (0.7, 0.9, 0.95)
    ]
    # Rows that no claim of the study is about must not disturb it.
    points += [rows(row, DENSE, effect="compensate", level=0.7)]
    points += [rows(row, DENSE, selection="threshold", level=0.7)]
    points += [rows(row, DENSE, fit="as_published", level=0.7)]
    points += [rows(row, DENSE, noise="grey_raw", noise_level=0.1, level=0.7)]
    found = judge(scores(rows(dense, DENSE), *points), *stated)
    assert found["verdict"].tolist() == ["holds"] * 3
    assert found["estimate"].tolist() == pytest.approx([0.1, 5.0, 0.3])
    assert found["statistic"].iloc[1] == (
        "accuracy of (criterion snr) - (criterion random); where fit vi, scope global, "
        "selection exact_k, effect zero, schedule oneshot; each level 0.70 0.90; > 0"
    )


def test_scripts_write_and_print_the_verdicts(tmp_path):
    criteria = {"snr": 0, "magnitude": 30, "random": 500}
    points = [
        rows(row, less(by + 10, spread=1), criterion=criterion, level=level)
        for criterion, by in criteria.items()
        for level in (0.7, 0.9, 0.95)
    ]
    table.write_parquet(scores(rows(dense, DENSE), *points), tmp_path / "scores.parquet")
    table.write_csv(table.of_noise_checks([]), tmp_path / "gradient_noise.csv")
    run = [sys.executable, "workflow/scripts/claims.py", "--table", tmp_path / "scores.parquet"]
    table.write_csv(table.of_diverged([]), tmp_path / "diverged.csv")
    run += ["--noise-table", tmp_path / "gradient_noise.csv"]
    run += ["--diverged", tmp_path / "diverged.csv"]
    run += ["--claims", CLAIMS, "--studies", "graves", "--output", tmp_path / "claims.csv"]
    run += ["--not-tested", '{"g3": "the levels are left out"}']
    subprocess.run(run, cwd=ROOT, check=True)
    found = claims.read_verdicts(tmp_path / "claims.csv")
    assert found["verdict"].tolist() == ["holds", "holds", "not tested"]
    assert found["n"].tolist()[:2] == [5, 5]
    assert pd.isna(found["n"].iloc[2])

    printed = claims.report(found)
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 100
    assert [line.split()[:2] for line in lines if line[:1] == "g"] == [
        ["g1", "holds"],
        ["g2", "holds"],
        ["g3", "not"],
    ]
    assert "the levels are left out" in printed
