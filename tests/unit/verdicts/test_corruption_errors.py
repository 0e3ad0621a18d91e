"""Mean corruption errors are those of the paper's formulas, and claims can be about them."""

import numpy as np
import pandas as pd
import pytest

from prunescape.verdicts import claim_values, corruption_errors
from prunescape.verdicts.claim_files import Claim

ERRORS = {  # noise, level -> errors of the pruned network and of the baseline, of two replicates
    ("none", 0.0): ([10, 12], [5, 6]),
    ("fog", 0.2): ([20, 22], [10, 20]),
    ("fog", 1.0): ([40, 38], [20, 40]),
    ("snow", 0.2): ([30, 30], [15, 10]),
    ("snow", 1.0): ([50, 60], [45, 20]),
}


def claim(measure="corruption_error", **changes):
    statistic = {
        "measure": measure,
        "of": {"criterion": "magnitude", "level": "0.90"},
        "minus": {"criterion": "none"},
        "mean_over": {"noise": ["fog", "snow"], "noise_level": ["0.20", "1"]},
    } | changes
    statistic = {word: value for word, value in statistic.items() if value is not None}
    words = {"id": "c1", "study": "a", "origin": "this project", "source": "a test"}
    return Claim(**words, statement="It holds.", statistic=statistic, comparison="<=", margin=100)


def table():
    rows = []
    for (noise, level), sides in ERRORS.items():
        for (criterion, removed), errors in zip(
            (("magnitude", 0.9), ("none", 0.0)), sides, strict=True
        ):
            for replicate, error in enumerate(errors, 1):
                row = {"study": "a", "criterion": criterion, "level": removed, "noise": noise}
                row |= {"noise_level": level, "prediction": "mean", "replicate": replicate}
                rows.append(row | {"accuracy": 1 - error / 100, "n_images": 100})
    return pd.DataFrame(rows)


def values(stated):
    (part,) = claim_values.parts({"scores": table()}, stated, [])
    return part.values


def test_the_mean_corruption_error_is_a_mean_of_ratios_of_sums():
    expected = [(60 / 30 + 80 / 60) / 2, (60 / 60 + 90 / 30) / 2]
    assert values(claim()) == pytest.approx(np.multiply(expected, 100))


def test_the_relative_one_takes_what_corruption_adds():
    first = ((10 + 30) / (5 + 15) + (20 + 40) / (10 + 40)) / 2
    second = ((10 + 26) / (14 + 34) + (18 + 48) / (4 + 14)) / 2
    found = values(claim("relative_corruption_error"))
    assert found == pytest.approx([100 * first, 100 * second])


def test_the_baseline_has_100_percent():
    same = claim(of={"criterion": "none"})
    assert values(same).tolist() == [100, 100]


def test_the_relative_one_reads_the_clean_rows_too():
    cells = [filters.get("noise") for _, filters in claim("relative_corruption_error").selections()]
    assert cells.count("none") == 2
    assert all(filters["noise"] != "none" for _, filters in claim().selections())


@pytest.mark.parametrize(
    "changes",
    [
        {"minus": None},
        {"mean_over": None},
        {"mean_over": {"noise": ["fog"]}},
        {"mean_over": {"noise": "none", "noise_level": "0"}},
        {"mean_over": None, "sum_over": {"noise": ["fog"], "noise_level": ["1"]}},
    ],
)
def test_a_claim_names_a_baseline_and_noise(changes):
    with pytest.raises(ValueError, match="claim c1: measure corruption_error: expected minus"):
        claim(**changes)


def test_a_baseline_that_errs_nowhere_is_refused():
    errors, none = np.ones((1, 2)), np.zeros((1, 2))
    with pytest.raises(ValueError, match="the baseline errs on no image under fog"):
        corruption_errors.mean(errors, none, ["fog"], relative=False)
    clean = np.ones((2, 2))
    with pytest.raises(ValueError, match="the baseline loses nothing under fog"):
        corruption_errors.mean(clean, clean, ["fog", "none"], relative=True)
