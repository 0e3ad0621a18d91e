"""Verdicts from tables: against scipy, with looks, gaps, parts, and by the script."""

import numpy as np
import pytest
from scipy import stats

from prunescape.evaluation import table
from prunescape.foundations import levels
from prunescape.verdicts import claim_files, claims
from prunescape.verdicts.looks import Looks
from tests.helpers.evaluations import dense, record, row
from tests.helpers.places import ROOT

LOOKS = Looks((5, 10), (0.5, 0.5), 0.05)
DENSE = [9250, 9245, 9255, 9248, 9252]


def rows(make, correct, **columns):
    """One row a replicate, with so many correct images of 10,000."""
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


def judge(table_of_scores, *stated, looks=LOOKS, **not_tested):
    studies = {each.study for each in stated}
    return claims.judge({"scores": table_of_scores}, stated, studies, not_tested, looks)


COST = {"of": {"criterion": "none"}, "minus": {"criterion": "snr", "level": "0.90"}}


@pytest.mark.parametrize(
    ("correct", "comparison", "verdict"),
    [
        (less(50, spread=1), "<=", "holds"),
        (less(150, spread=1), "<=", "fails"),
        (less(100, spread=20), "<=", "undecided"),
        (less(150, spread=1), ">=", "holds"),
        (less(50, spread=1), ">", "fails"),
        (less(50), "<=", "holds"),  # no spread but that of one image
        (less(150), "<=", "fails"),
        (less(100), "<=", "undecided"),  # exactly the margin
    ],
)
def test_a_claim_holds_fails_or_is_undecided(correct, comparison, verdict):
    found = judge(scores(rows(dense, DENSE), rows(row, correct)), claim(COST, comparison))
    assert found["verdict"].tolist() == [verdict]


def test_numbers_are_those_of_one_sided_t_tests_in_points():
    pruned = less(80, spread=15)
    found = judge(scores(rows(dense, DENSE), rows(row, pruned)), claim(COST)).iloc[0]
    differences = (np.array(DENSE) - pruned) / 100
    bounds = stats.ttest_1samp(differences, 1.0).confidence_interval(1 - 2 * 0.025)
    assert found["estimate"] == pytest.approx(0.8)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((bounds.low, bounds.high))
    for side, alternative in (("holds", "less"), ("fails", "greater")):
        p = stats.ttest_1samp(differences, 1.0, alternative=alternative).pvalue
        assert found[f"p_{side}"] == pytest.approx(p)
    assert found[["look", "n", "margin", "alpha"]].tolist() == [5, 5, 1.0, 0.025]
    assert found[["tolerance", "p_equal", "declaration", "exploratory"]].isna().all()


@pytest.mark.parametrize("n", [1, 4])
def test_before_the_first_look_nothing_is_judged(n):
    found = judge(scores(rows(dense, DENSE[:n]), rows(row, [1000] * n)), claim(COST)).iloc[0]
    assert (found["verdict"], found["n"]) == ("undecided", n)
    assert found["estimate"] == pytest.approx(82.5, abs=0.1)
    assert found[["look", "ci_low", "ci_high", "p_holds", "p_fails", "alpha"]].isna().all()
    there = "is 1" if n == 1 else "are 4"
    assert found["reason"] == f"the first look is at 5 replicates, and there {there}"


def test_between_looks_the_last_look_reached_judges():
    sure, unsure = [(less(50, spread=by) * 2)[:7] for by in (1, 40)]
    table_of_scores = scores(
        rows(dense, (DENSE * 2)[:7]), rows(row, sure), rows(row, unsure, level=0.7)
    )
    other = {"of": {"criterion": "none"}, "minus": {"criterion": "snr", "level": "0.70"}}
    found = judge(table_of_scores, claim(COST), claim(other, id="c2"))
    assert found["verdict"].tolist() == ["holds", "undecided"]
    assert found["look"].tolist() == found["n"].tolist() == [5, 5]
    assert found["reason"].iloc[1] == ("the interval contains the margin; the next look is at 10")


def test_a_verdict_stays_whatever_comes_later():
    later = less(50, spread=1) + less(300, spread=1)
    found = judge(scores(rows(dense, DENSE * 2), rows(row, later)), claim(COST)).iloc[0]
    assert found[["verdict", "look", "n"]].tolist() == ["holds", 5, 5]
    # What is open at the first look is judged by the share of the second.
    later = less(100, spread=20) + less(20, spread=1)
    found = judge(scores(rows(dense, DENSE * 2), rows(row, later)), claim(COST)).iloc[0]
    assert found[["verdict", "look", "n", "alpha"]].tolist() == ["holds", 10, 10, 0.025]


def test_the_last_look_is_said_to_be_the_last():
    found = judge(
        scores(rows(dense, DENSE * 2), rows(row, less(100, spread=20) * 2)), claim(COST)
    ).iloc[0]
    assert found[["verdict", "look"]].tolist() == ["undecided", 10]
    assert found["reason"].endswith("contains the margin; that was the last look")


def test_a_tolerance_lets_a_claim_be_equal():
    on_the_margin = scores(rows(dense, DENSE), rows(row, less(101, spread=1)))
    declared = {"tolerance": 0.2, "reason": "a fifth of the margin"}
    found = judge(on_the_margin, claim(COST, **declared), claim(COST, id="c2"))
    assert found["verdict"].tolist() == ["equal", "undecided"]
    differences = np.array([1.01, 1.0, 1.02, 0.99, 1.03])
    sides = [
        stats.ttest_1samp(differences, bound, alternative=side).pvalue
        for bound, side in ((1.2, "less"), (0.8, "greater"))
    ]
    assert found["p_equal"].iloc[0] == pytest.approx(max(sides), rel=1e-3)
    assert found["reason"].iloc[0].startswith("the interval lies within the tolerance")
    # What holds or fails does so first, however near to the margin.
    near = scores(rows(dense, DENSE), rows(row, less(90, spread=1)))
    assert judge(near, claim(COST, **declared))["verdict"].tolist() == ["holds"]


def test_replicates_that_agree_exactly_are_one_image_apart_at_least():
    found = judge(scores(rows(dense, DENSE), rows(row, less(99))), claim(COST)).iloc[0]
    # One image of 10,000 is 0.01 points; half of it is the least standard deviation.
    error = 0.005 / np.sqrt(5)
    assert found["p_holds"] == pytest.approx(stats.t.sf(0.01 / error, 4))
    assert found["ci_high"] == pytest.approx(0.99 + stats.t.isf(0.025, 4) * error)
    ranks = scores(rows(dense, DENSE)).assign(spearman=0.95)
    stated = claim({"measure": "spearman", "of": {"criterion": "none"}}, ">=", 0.9)
    found = judge(ranks, stated).iloc[0]
    assert found[["verdict", "p_holds", "p_fails"]].tolist() == ["undecided", 1, 1]
    assert found["reason"].startswith("the replicates agree exactly; ")


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


def test_the_tested_claims_of_a_study_in_a_file_share_alpha():
    table_of_scores = scores(
        rows(dense, DENSE),
        rows(row, less(70, spread=14)),
        rows(dense, DENSE, study="other"),
        rows(row, less(70, spread=14), study="other"),
    )
    p = stats.ttest_1samp(-np.array([0, 14, -14, 28, -28]) + 70, 100, alternative="less").pvalue
    assert 0.0125 < p < 0.025
    alone, other = claim(COST), claim(COST, study="other", id="c2")
    again, mine = claim(COST, id="c3"), claim(COST, id="c4", file="mine.yaml")
    found = judge(table_of_scores, alone, other, mine)
    assert found["verdict"].tolist() == ["holds"] * 3
    assert found["p_holds"].tolist() == pytest.approx([p] * 3)
    assert found["alpha"].tolist() == pytest.approx([0.025] * 3)

    found = judge(table_of_scores, alone, other, again, mine).set_index("id")
    verdicts = {"c1": "undecided", "c2": "holds", "c3": "undecided", "c4": "holds"}
    assert found["verdict"].to_dict() == verdicts
    assert found["alpha"].tolist() == pytest.approx([0.0125, 0.025, 0.0125, 0.025])
    # What isn't tested isn't counted.
    found = judge(table_of_scores, alone, other, again, c3="too short")
    assert found["verdict"].tolist() == ["holds", "holds", "not tested"]


def test_parts_cost_nothing_to_hold_and_their_number_to_fail():
    differences = less(30, spread=20)
    table_of_scores = scores(
        rows(row, DENSE, **SPARSER),
        rows(row, DENSE),
        rows(row, differences, criterion="random", **SPARSER),
        rows(row, differences, criterion="random"),
    )
    one = {**BOTH, "each": {"level": "0.90"}}
    for comparison in (">", "<"):
        found = judge(
            table_of_scores, claim(BOTH, comparison, 0), claim(one, comparison, 0, id="c2")
        )
        both, single = (row for _, row in found.iterrows())
        assert both["p_holds"] == pytest.approx(single["p_holds"])
        assert both["p_fails"] == pytest.approx(min(1, 2 * single["p_fails"]))


def test_not_tested_needs_no_rows_and_keeps_its_reason():
    found = judge(scores(rows(dense, DENSE)), claim(COST), c1="the recipe is shortened").iloc[0]
    assert (found["verdict"], found["reason"]) == ("not tested", "the recipe is shortened")
    assert found[["estimate", "ci_low", "ci_high", "p_holds", "look", "n"]].isna().all()
    assert found["margin"] == 1.0
    with pytest.raises(ValueError, match=r"not_tested: no claim is called \['c9'\]"):
        judge(scores(rows(dense, DENSE)), claim(COST), c9="a typing error")


def test_claims_of_other_studies_are_left_out():
    stated = [claim(COST, study="magnitude", id="m1"), claim(COST)]
    table_of_scores = scores(rows(dense, DENSE), rows(row, DENSE))
    tables = {"scores": table_of_scores}
    found = claims.judge(tables, stated, ["graves"], {"m1": "short"}, LOOKS)
    assert found["id"].tolist() == ["c1"]
    assert list(claims.judge(tables, stated, [], {}, LOOKS).columns) == list(claims.COLUMNS)


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
    found = claims.judge(tables, [stated], ["graves"], {}, LOOKS).iloc[0]
    assert found["verdict"] == "holds"
    assert found["estimate"] == pytest.approx(0.96)
    # t of 4 degrees of freedom at 97.5 %: 2.776; standard deviation of the ranks: 0.01581.
    assert found["ci_low"] == pytest.approx(0.96 - 2.776 * 0.01581 / 5**0.5, abs=1e-4)
    assert found["statistic"].startswith("gradient_noise: noise_rank_fixed of (fit psgd)")
    with pytest.raises(ValueError, match=r"claim c1: several rows a replicate.*differ in .'fit'"):
        claims.judge(tables, [claim(statistic | {"of": {}})], ["graves"], {}, LOOKS)
    with pytest.raises(ValueError, match="claim c1: table 'gradient_noise', expected one of"):
        claims.judge({"scores": None}, [stated], ["graves"], {}, LOOKS)
    with pytest.raises(ValueError, match="claim c1: noise is not a key column of the table"):
        claims.judge(tables, [claim(statistic | {"of": {"noise": "none"}})], ["graves"], {}, LOOKS)


@pytest.mark.parametrize(
    ("present", "message"),
    [
        (rows(row, DENSE, level=0.8), "claim c1: the table has no rows at all with .*level 0.90"),
        (
            [each for each in rows(row, DENSE) if each["replicate"] != 3],
            r"claim c1: the table has no rows for replicates \[3\] with .*some for replicate 5",
        ),
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

    tables = {"scores": scores(left, right)}
    found = claims.judge(tables, [claim(COST)], ["graves"], {}, LOOKS, {"graves": {2, 4}}).iloc[0]

    common = (np.array(DENSE) - less(50, spread=1))[[0, 2, 4]] / 100
    test = stats.ttest_1samp(common, 1, alternative="less")
    assert found["estimate"] == pytest.approx(common.mean())
    assert found["p_holds"] == pytest.approx(test.pvalue)
    assert found[["verdict", "look", "n"]].tolist() == ["holds", 5, 3]
    assert found["reason"].endswith("; without replicates 2, 4, of which a training diverged")
    with pytest.raises(ValueError, match=r"no rows for replicates \[2\]"):
        claims.judge(tables, [claim(COST)], ["graves"], {}, LOOKS, {"graves": {4}})


def test_arms_may_have_different_numbers_of_replicates():
    more = scores(rows(dense, DENSE * 2), rows(row, less(100, spread=20)))
    found = judge(more, claim(COST)).iloc[0]
    assert found[["look", "n"]].tolist() == [5, 5]


def test_where_no_replicate_is_left_nothing_is_decided():
    left = [each for each in rows(dense, DENSE) if each["replicate"] > 2]
    right = [each for each in rows(row, less(50, spread=1)) if each["replicate"] <= 2]
    tables, all_ = {"scores": scores(left, right)}, {"graves": {1, 2, 3, 4, 5}}

    found = claims.judge(tables, [claim(COST)], ["graves"], {}, LOOKS, all_).iloc[0]

    assert found[["n", "verdict"]].tolist() == [0, "undecided"]
    assert found[["estimate", "ci_low", "ci_high"]].isna().all()
    assert found["reason"] == (
        "no replicate has all of the rows; without replicates 1, 2, 3, 4, 5, of which a training "
        "diverged; the next look is at 10"
    )


def test_the_page_describes_every_column():
    page = (ROOT / "docs" / "table.md").read_text(encoding="utf-8")
    rows = [f"| {column} | {meaning} |" for column, meaning in claims.COLUMNS.items()]
    assert "\n".join(rows) in page


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


def test_a_threshold_is_about_these_images():
    kept = {"level": levels.number("68x"), "kept_weights": 1, "kept_by_layer": "1 0 0"}
    correct = [9830, 9832, 9825, 9829, 9834]
    table_of_scores = scores(rows(row, correct, criterion="log_alpha", **kept))
    selection = {"criterion": "log_alpha", "level": "68x"}
    found = judge(table_of_scores, claim({"measure": "error", "of": selection}, "<=", 1.92)).iloc[0]
    errors = 100 - np.array(correct) / 100
    assert found["estimate"] == pytest.approx(1.70)
    # The spread of replicates alone: other test images are another question.
    assert found["p_holds"] == pytest.approx(
        stats.ttest_1samp(errors, 1.92, alternative="less").pvalue
    )
    assert found["verdict"] == "holds"


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
    stated = [each for each in claim_files.read(claim_files.PROJECT) if each.study == "graves"]
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
