"""Published figures beside ours: which of our networks they meet, and Welch's interval."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prunescape.report import published_results
from tests.helpers.figure_rows import DENSE, replicates, scores

OURS = [0.8512, 0.8654, 0.8499, 0.8731, 0.8602]
ARM = {"criterion": "snr", "level": 0.9, "kept": 100}
THEIRS = {
    "study": "graves",
    "network": "logistic",
    "fit": "vi",
    "criterion": "snr",
    "effect": "zero",
    "scope": "global",
    "schedule": "oneshot",
    "sparsity": 0.9,
    "noise": "none",
    "noise_level": 0.0,
    "accuracy_percent": 84.0,
    "sd": 1.5,
    "n": 3,
    "evidence": "Graves 2011, table 2",
}
TABLE = scores(DENSE + replicates(OURS, **ARM))


def compared(table=TABLE, **changes):
    return published_results.compare(table, pd.DataFrame([THEIRS | changes]))


def test_both_samples_spread():
    theirs = [82.5, 84.0, 85.5]  # mean 84, standard deviation 1.5
    found = compared().iloc[0]
    test = stats.ttest_ind(100 * np.array(OURS), theirs, equal_var=False)
    bounds = test.confidence_interval(0.95)
    assert found["ours"] == pytest.approx(100 * np.mean(OURS))
    assert found["sd_ours"] == pytest.approx(100 * np.std(OURS, ddof=1))
    assert found["n_ours"] == 5
    assert found["difference"] == pytest.approx(100 * np.mean(OURS) - 84)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((bounds.low, bounds.high))
    assert found[list(THEIRS)].to_dict() == THEIRS


@pytest.mark.parametrize("n", [1, 4])
def test_published_runs_of_unknown_spread_spread_as_ours(n):
    found = compared(sd=math.nan, n=n).iloc[0]
    error = 100 * np.std(OURS, ddof=1) * math.sqrt(1 / 5 + 1 / n)
    half = stats.t(4).ppf(0.975) * error
    middle = 100 * np.mean(OURS) - 84
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((middle - half, middle + half))


def test_one_replicate_and_an_unknown_spread_have_no_interval():
    found = compared(scores(DENSE + replicates(OURS[:1], **ARM)), sd=math.nan, n=1).iloc[0]
    assert found["difference"] == pytest.approx(1.12)
    assert math.isnan(found["ci_low"])
    assert math.isnan(found["ci_high"])


@pytest.mark.parametrize(
    "other",
    [
        *({"sparsity": 0.91}, {"noise": "grey_raw"}, {"noise_level": 0.1}, {"fit": "point"}),
        *({"network": "mlp"}, {"criterion": "magnitude"}, {"scope": "layer"}, {"study": "k"}),
        *({"effect": "freeze"}, {"schedule": "fine"}),
    ],
)
def test_what_the_table_has_no_networks_of_is_left_out(other):
    assert len(compared()) == 1
    found = compared(**other)
    assert found.empty
    assert list(found)[: len(THEIRS)] == published_results.COLUMNS


def test_networks_of_other_arms_and_of_thresholds_are_not_counted_in():
    more = replicates([0.1, 0.1], **ARM | {"selection": "threshold"})
    more += replicates([0.2, 0.2], **ARM | {"level": 0.8})
    more += replicates([0.3, 0.3], noise="grey_raw", noise_level=0.2, **ARM)
    table = scores(DENSE + replicates(OURS, **ARM) + more)
    pd.testing.assert_frame_equal(compared(table), compared())
    noisy = compared(table, noise="grey_raw", noise_level=0.2).iloc[0]
    assert (noisy["ours"], noisy["n_ours"]) == (pytest.approx(30), 2)


def test_a_compression_meets_the_sparsity_that_it_means():
    rows = replicates(OURS, criterion="snr", level=1 - 1 / 3, kept=333)
    assert len(compared(scores(DENSE + rows), sparsity=0.6666666667)) == 1
    assert compared(scores(DENSE + rows), sparsity=0.667).empty


def test_dense_networks_are_compared_too():
    none = dict.fromkeys(("criterion", "effect", "scope", "schedule"), "none")
    found = compared(sparsity=0.0, accuracy_percent=95.0, **none).iloc[0]
    assert (found["ours"], found["n_ours"]) == (pytest.approx(92), 3)
    assert found["difference"] == pytest.approx(-3)


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
