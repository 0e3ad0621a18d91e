"""Published figures beside ours: which of our networks they meet, and Welch's interval."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prunescape.report import published_results
from prunescape.report.intervals import Interval, Sample
from tests.helpers.figure_rows import DENSE, replicates, scores

OURS = [0.8512, 0.8654, 0.8499, 0.8731, 0.8602]
ARM = {"criterion": "snr", "level": 0.9, "kept": 100}
THEIRS = {
    "study": "graves",
    "dataset": "mnist",
    "network": "logistic",
    "fit": "vi",
    "criterion": "snr",
    "effect": "zero",
    "scope": "global",
    "schedule": "oneshot",
    "step": 0,
    "sparsity": 0.9,
    "threshold": math.nan,
    "noise": "none",
    "noise_level": 0.0,
    "accuracy_percent": 84.0,
    "sd": 1.5,
    "n": 3,
    "divisor": math.nan,
    "evidence": "Graves 2011, table 2",
}
TABLE = scores(DENSE + replicates(OURS, **ARM))


def compared(table=TABLE, **changes):
    return published_results.compare(table, pd.DataFrame([THEIRS | changes]), 1.0)


def test_both_samples_spread():
    theirs = [82.5, 84.0, 85.5]  # mean 84, standard deviation 1.5
    found = compared().iloc[0]
    test = stats.ttest_ind(100 * np.array(OURS), theirs, equal_var=False)
    bounds = test.confidence_interval(0.95)
    assert found["ours"] == pytest.approx(100 * np.mean(OURS))
    assert found["ours_sd"] == pytest.approx(100 * np.std(OURS, ddof=1))
    assert found["ours_n"] == 5
    assert found["difference"] == pytest.approx(100 * np.mean(OURS) - 84)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((bounds.low, bounds.high))
    assert (found["rerun"], found["rerun_sd"], found["rerun_n"]) == (84, 1.5, 3)
    own = stats.t.interval(0.95, 4, 100 * np.mean(OURS), 100 * stats.sem(OURS))
    assert (found["ours_low"], found["ours_high"]) == pytest.approx(own)
    assert (found["verdict"], found["one_run_verdict"]) == ("too wide", "")


@pytest.mark.parametrize("n", [2, 4])
def test_published_runs_of_unknown_spread_spread_as_ours(n):
    found = compared(sd=math.nan, n=n).iloc[0]
    error = 100 * np.std(OURS, ddof=1) * math.sqrt(1 / 5 + 1 / n)
    half = stats.t(4).ppf(0.975) * error
    middle = 100 * np.mean(OURS) - 84
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((middle - half, middle + half))


def test_one_replicate_and_an_unknown_spread_have_no_interval():
    found = compared(scores(DENSE + replicates(OURS[:1], **ARM)), sd=math.nan, n=3).iloc[0]
    assert found["difference"] == pytest.approx(1.12)
    assert math.isnan(found["ci_low"])
    assert math.isnan(found["ci_high"])
    assert found["verdict"] == "too wide"


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (-53.0, 25.0, "too wide"),  # holds 0, and says nothing
        (-0.4, 0.9, "agrees"),
        (-1.0, 1.0, "agrees"),
        (0.2, 0.8, "agrees"),  # not 0, but within the tolerance
        (0.2, 1.3, "too wide"),
        (1.01, 4.0, "differs"),
        (-4.0, -1.01, "differs"),
        (-4.0, -1.0, "too wide"),
        (math.nan, math.nan, "too wide"),
    ],
)
def test_a_rerun_is_judged_by_where_the_interval_lies(low, high, word):
    assert published_results.verdict(Interval(5, (low + high) / 2, low, high, 0.5), 1.0) == word


@pytest.mark.parametrize(
    ("one_run", "word"), [(80.0, "inside"), (77.5, "inside"), (86.0, "outside"), (74.0, "outside")]
)
def test_one_run_is_only_inside_or_outside_of_the_interval_of_one_more_run(one_run, word):
    # 80 +- 2.776 * 1.5 * sqrt(1 + 1 / 5) = 80 +- 4.56
    assert published_results.one_run_verdict(Sample(80.0, 5, 1.5), one_run) == word
    assert published_results.one_run_verdict(Sample(80.0), one_run) == ""
    shown = compared(accuracy_percent=one_run, n=1, sd=math.nan).iloc[0]
    assert (shown["verdict"], shown["one_run"]) == ("", one_run)
    assert math.isnan(shown["difference"])


def test_one_run_and_reruns_of_the_same_networks_share_rows():
    unknown = {"sd": math.nan}
    theirs = [THEIRS | {"n": 1} | unknown, THEIRS | {"accuracy_percent": 86.0}, THEIRS | {"n": 5}]
    found = published_results.compare(TABLE, pd.DataFrame(theirs), 1.0)
    assert found["one_run"].tolist() == [84.0, 84.0]
    assert found["rerun"].tolist() == [86.0, 84.0]
    assert found["rerun_n"].tolist() == [3, 5]


def test_a_source_that_divides_by_another_number_is_met_by_its_formula():
    found = compared(divisor=10_100, n=1, sd=math.nan, accuracy_percent=85.0).iloc[0]
    correct = TABLE[TABLE["criterion"] == "snr"]["n_correct"].mean()
    assert found["ours_by_their_divisor"] == pytest.approx(100 * correct / 10_100)


def test_a_threshold_meets_the_rows_of_that_threshold():
    rows = replicates(OURS, criterion="snr", selection="threshold", level=-3.0, kept=15)
    table = scores(DENSE + rows)
    assert len(compared(table, threshold=-3.0)) == 1
    assert compared(table, threshold=-2.0).empty
    assert compared(table).empty


@pytest.mark.parametrize(
    "other",
    [
        *({"sparsity": 0.91}, {"noise": "grey_raw"}, {"noise_level": 0.1}, {"fit": "point"}),
        *({"network": "mlp"}, {"criterion": "magnitude"}, {"scope": "layer"}, {"study": "k"}),
        *({"effect": "freeze"}, {"schedule": "fine"}, {"step": 1}, {"dataset": "digits"}),
    ],
)
def test_what_the_table_has_no_networks_of_is_left_out(other):
    assert len(compared()) == 1
    found = compared(**other)
    assert found.empty
    assert list(found) == published_results.COMPARED


def test_networks_of_other_arms_and_of_thresholds_are_not_counted_in():
    more = replicates([0.1, 0.1], **ARM | {"selection": "threshold"})
    more += replicates([0.2, 0.2], **ARM | {"level": 0.8})
    more += replicates([0.3, 0.3], noise="grey_raw", noise_level=0.2, **ARM)
    table = scores(DENSE + replicates(OURS, **ARM) + more)
    pd.testing.assert_frame_equal(compared(table), compared())
    noisy = compared(table, noise="grey_raw", noise_level=0.2).iloc[0]
    assert (noisy["ours"], noisy["ours_n"]) == (pytest.approx(30), 2)


def test_a_compression_meets_the_sparsity_that_it_means():
    rows = replicates(OURS, criterion="snr", level=1 - 1 / 3, kept=333)
    assert len(compared(scores(DENSE + rows), sparsity=0.6666666667)) == 1
    assert compared(scores(DENSE + rows), sparsity=0.667).empty


def test_dense_networks_are_compared_too():
    none = dict.fromkeys(("criterion", "effect", "scope", "schedule"), "none")
    found = compared(sparsity=0.0, accuracy_percent=95.0, **none).iloc[0]
    assert (found["ours"], found["ours_n"]) == (pytest.approx(92), 3)
    assert found["difference"] == pytest.approx(-3)


def test_a_noise_score_is_the_mean_over_clean_images_and_ten_levels_of_grey():
    levels = [level / 20 for level in range(1, 11)]
    rows = replicates([0.9, 0.8, 0.7])
    for level in levels:
        # The third replicate lacks a level, and other noise doesn't count.
        shown = [0.9 - level, 0.8 - level, 0.1][: 2 if level == 0.5 else 3]
        rows += replicates(shown, noise="grey_raw", noise_level=level)
        rows += replicates([0.0, 0.0], noise="grey_normalised", noise_level=level)
    rows += replicates([0.0, 0.0], noise="grey_raw", noise_level=0.6)
    none = dict.fromkeys(("criterion", "effect", "scope", "schedule"), "none")
    theirs = none | {"noise": "noise_score", "sparsity": 0.0, "accuracy_percent": 58.0, "n": 10}
    found = compared(scores(rows), **theirs).iloc[0]
    # 90 and 80 % less 25 points, the mean of the eleven levels.
    assert (found["ours"], found["ours_n"]) == (pytest.approx(60), 2)
    assert found["difference"] == pytest.approx(2)
    assert (found["noise"], found["rerun"]) == ("noise_score", 58)
    lacking = [row for row in rows if row["noise_level"] != 0.25]
    assert compared(scores(lacking), **theirs).empty


def test_a_file_is_read_with_unknown_spreads_and_the_words_as_they_are(tmp_path):
    path = tmp_path / "public.csv"
    pd.DataFrame([THEIRS | {"sd": None, "evidence": "NA"}, THEIRS]).to_csv(path, index=False)
    found = published_results.read(path)
    assert math.isnan(found["sd"][0])
    assert found["sd"][1] == 1.5
    assert (found["evidence"][0], found["noise"][0]) == ("NA", "none")


@pytest.mark.parametrize(
    ("column", "value", "most"),
    [
        ("sparsity", 1.01, 1),
        ("noise_level", -0.1, 1),
        ("accuracy_percent", 100.5, 100),
        ("accuracy_percent", "much", 100),
    ],
)
def test_numbers_out_of_range_are_named(tmp_path, column, value, most):
    path = tmp_path / "public.csv"
    pd.DataFrame([THEIRS, THEIRS | {column: value}]).to_csv(path, index=False)
    with pytest.raises(ValueError, match=rf"csv: {column} must be a number in \[0, {most}\]$"):
        published_results.read(path)
