"""Every part of a claim with its interval for new images, against plain numpy and scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prunescape.evaluation import table
from prunescape.evaluation.outcomes import Outcomes
from prunescape.foundations import streams
from prunescape.report import claim_parts
from prunescape.verdicts import claim_files, claims
from prunescape.verdicts.looks import Looks
from tests.helpers.evaluations import dense, record, row
from tests.helpers.places import ROOT

N, R = 300, 8
LOOKS = Looks((4, 6, 10), (0.2, 0.3, 0.5), 0.05)
GENERATOR = streams.generator("test", "claim parts")
SNR = {"criterion": "snr", "level": "0.90"}
NONE = {"criterion": "none"}
GREY = {"noise": "grey_raw", "noise_level": ["0.1", "0.2"]}
ASKED = {
    "lost": ({"measure": "accuracy", "of": NONE, "minus": SNR}, 0),
    "parts": (
        {"measure": "accuracy", "of": {"criterion": "snr"}, "minus": {"criterion": "random"}}
        | {"each": {"level": ["0.50", "0.90"]}},
        3,
    ),
    "mean": ({"measure": "error", "of": SNR, "minus": NONE, "mean_over": GREY}, 6),
    "sum": ({"measure": "n_correct", "of": NONE, "minus": SNR, "sum_over": [{}, GREY]}, 40),
    "threshold": ({"measure": "error", "of": SNR}, 90),
    "averaged": ({"measure": "n_correct", "of": SNR, "mean_over": GREY}, 200),
    "weights": ({"measure": "kept_weights", "of": SNR}, 10),
}
CLAIMS = [
    claim_files.Claim(
        id=name,
        study="graves",
        origin="this project",
        source="prunescape",
        statement="Something.",
        statistic=statistic,
        comparison=">",
        margin=margin,
    )
    for name, (statistic, margin) in ASKED.items()
]


def rights(share):
    """Return which images each of R networks gets right: some images are hard for all."""
    hard = GENERATOR.normal(size=N)
    return GENERATOR.normal(size=(R, N)) + hard < stats.norm.ppf(share) * np.sqrt(2)


RIGHT = {
    (criterion, level, noise): rights(share - noise)
    for noise in (0, 0.1, 0.2)
    for criterion, level, share in (
        *[("none", 0, 0.92), ("snr", 0.5, 0.9), ("snr", 0.9, 0.85)],
        *[("random", 0.5, 0.8), ("random", 0.9, 0.75)],
    )
}


@pytest.fixture(scope="module")
def scores():
    rows = []
    for (criterion, level, noise), right in RIGHT.items():
        arm = {} if criterion == "none" else {"criterion": criterion, "level": level}
        for replicate, correct in enumerate(right, 1):
            made = {"replicate": replicate, "n_images": N, "n_correct": int(correct.sum())}
            met = {"noise": "grey_raw" if noise else "none", "noise_level": noise}
            rows.append((dense if criterion == "none" else row)(**arm, **made, **met))
    return table.assemble([record(*rows)])


def outcomes(rows):
    keys = rows[["criterion", "level", "noise_level", "replicate"]].itertuples(index=False)
    correct = [RIGHT[key[:3]][key[3] - 1] for key in keys]
    return Outcomes(rows, np.array(correct), {"test": "3" * 64})


def found(scores, diverged=None):
    """Return verdicts and parts of CLAIMS, and the rows whose outcomes were read."""
    tables, diverged = {"scores": scores}, diverged or {}
    verdicts = claims.judge(tables, CLAIMS, ["graves"], {}, LOOKS, diverged)
    parts = claim_parts.judged(tables, CLAIMS, verdicts, diverged)
    [(study, rows)] = claim_parts.rows_read(parts).items()
    numbers = claim_parts.table(parts, {study: outcomes(rows.sample(frac=1, random_state=1))})
    return verdicts, numbers, rows


@pytest.fixture(scope="module")
def whole(scores):
    return found(scores)


def interval(values, level):
    """Return mean and interval of values [R, N], both of them random: a plain two-way analysis."""
    r, n = values.shape
    mean, by_row, by_image = values.mean(), values.mean(1), values.mean(0)
    rest = values - by_row[:, None] - by_image + mean
    images = r * by_image.var(ddof=1) - (rest**2).sum() / (r - 1) / (n - 1)
    reaches = [
        stats.t.ppf(1 - level, r - 1) * by_row.std(ddof=1) / np.sqrt(r),
        stats.t.ppf(1 - level, n - 1) * np.sqrt(max(images, 0) / (r * n)),
    ]
    half = np.sqrt(np.sum(np.square(reaches)))
    return mean, mean - half, mean + half


def plain(replicates):
    """Return id -> for every part the statistic on every replicate and image, in its units."""
    right = {key: each[replicates].astype(float) for key, each in RIGHT.items()}
    none, snr = (
        [right[name, level, n] for n in (0, 0.1, 0.2)]
        for name, level in (("none", 0), ("snr", 0.9))
    )
    return {
        "lost": [100 * (none[0] - snr[0])],
        "parts": [100 * (right["snr", x, 0] - right["random", x, 0]) for x in (0.5, 0.9)],
        "mean": [100 * (none[1] + none[2] - snr[1] - snr[2]) / 2],
        "sum": [N * (sum(none) - sum(snr))],
        "threshold": [100 * (1 - snr[0])],
        "averaged": [N * (snr[1] + snr[2]) / 2],
    }


@pytest.mark.parametrize("diverged", [(), (2, 5)])
def test_plain_numpy_finds_the_same_intervals_for_new_images(scores, diverged):
    there = scores[~scores["replicate"].isin(diverged)]
    verdicts, numbers, _ = found(there, {"graves": diverged})
    verdicts = verdicts.set_index("id")
    assert numbers["id"].tolist() == ["lost", "parts", *[*ASKED][1:]]
    assert set(verdicts["look"]) == {4, 6}  # some are decided sooner
    for name, rows in numbers.groupby("id"):
        if name == "weights":
            assert rows[["new_low", "new_high"]].isna().all(axis=None)
            continue
        judged = [r - 1 for r in range(1, verdicts["look"][name] + 1) if r not in diverged]
        for part, values in zip(rows.itertuples(), plain(judged)[name], strict=True):
            mean, low, high = interval(values, verdicts["alpha"][name])
            assert part.n == len(judged)
            assert (part.estimate, part.new_low, part.new_high) == pytest.approx((mean, low, high))
            assert part.new_low <= part.ci_low < part.ci_high <= part.new_high


def test_claims_csv_shows_the_numbers_of_one_part(whole):
    verdicts, numbers, _ = whole
    beside = claim_parts.beside(verdicts, numbers).set_index("id")
    shown = numbers[numbers["shown"]].set_index("id")
    assert shown.index.tolist() == list(ASKED)
    same = ["n", "estimate", "ci_low", "ci_high", "new_low", "new_high"]
    pd.testing.assert_frame_equal(beside[same], shown[same], check_dtype=False)
    assert numbers[numbers["id"] == "parts"]["part"].tolist() == ["level 0.50", "level 0.90"]


def test_the_rows_that_are_read_are_those_of_the_judged_replicates(whole):
    verdicts, _, rows = whole
    assert not rows.duplicated().any()
    used = set(zip(rows["criterion"], rows["level"], rows["noise_level"], strict=True))
    assert used == {key for key in RIGHT if key[0] != "random" and key[1] != 0.5} | {
        (name, level, 0) for name in ("snr", "random") for level in (0.5, 0.9)
    }
    random = rows[rows["criterion"] == "random"]["replicate"]
    assert set(random) == set(range(1, verdicts.set_index("id")["look"]["parts"] + 1))


def test_before_the_first_look_or_without_outcomes_there_is_no_interval_for_new_images(scores):
    early = {"scores": scores[scores["replicate"] < 4]}
    verdicts = claims.judge(early, CLAIMS, ["graves"], {"weights": "no"}, LOOKS)
    parts = claim_parts.judged(early, CLAIMS, verdicts, {})
    assert claim_parts.rows_read(parts) == {}
    numbers = claim_parts.table(parts, {})
    assert numbers["id"].tolist() == ["lost", "parts", *[*ASKED][1:-1]]
    assert set(numbers["n"]) == {3}
    assert numbers[["ci_low", "new_low", "new_high"]].isna().all(axis=None)
    assert numbers["estimate"].notna().all()


def test_a_file_is_read_back(whole, tmp_path):
    numbers = whole[1]
    table.write_csv(numbers, tmp_path / "claim_parts.csv")
    again = claim_parts.read(tmp_path / "claim_parts.csv")
    assert again["part"].tolist() == numbers["part"].tolist()
    assert again["new_low"].tolist() == pytest.approx(numbers["new_low"].tolist(), nan_ok=True)


def test_the_page_of_the_tables_names_every_column():
    page = (ROOT / "docs" / "table.md").read_text(encoding="utf-8")
    rows = [f"| {column} | {meaning} |" for column, meaning in claim_parts.COLUMNS.items()]
    assert "\n".join(rows) in page
