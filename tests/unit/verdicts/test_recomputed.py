"""A claims.csv recomputed from its table by plain scipy, as a reader would do it."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from prunescape.evaluation import table
from prunescape.verdicts import claim_files, claims
from prunescape.verdicts.looks import Looks
from tests.helpers.evaluations import dense, record, row

LOOKS, SHARES, ALPHA = (5, 10, 20), (0.2, 0.3, 0.5), 0.05
LOST = {"snr": 90, "magnitude": 60, "random": 120}  # images, of the dense network's 9,250


def made(seed):
    rng = np.random.default_rng(seed)
    rows = [dense(replicate=r, n_correct=int(rng.normal(9250, 20))) for r in range(1, 21)]
    for criterion, lost in LOST.items():
        for level in (0.7, 0.9, 0.95):
            for replicate, correct in enumerate(rng.normal(9250 - lost, 30, 20), 1):
                arm = {"criterion": criterion, "level": level, "replicate": replicate}
                rows.append(row(n_correct=int(correct), **arm))
    return table.assemble([record(*rows)])


@pytest.mark.parametrize("seed", range(5))
def test_plain_scipy_finds_the_same_verdicts_and_numbers(seed, tmp_path):
    graves = [claim for claim in claim_files.read(claim_files.PROJECT) if claim.study == "graves"]
    scores = made(seed)
    found = claims.judge({"scores": scores}, graves, ["graves"], {}, Looks(LOOKS, SHARES, ALPHA))
    table.write_csv(found, tmp_path / "claims.csv")
    table.write_csv(scores, tmp_path / "scores.csv")

    points = 100 * table.read_csv(tmp_path / "scores.csv").pivot(
        index="replicate", columns=["criterion", "level"], values="accuracy"
    )
    snr, magnitude, random, none = (points[name] for name in (*LOST, "none"))
    for claim, parts, margin, tolerance, side, other in (  # g1: at most one point; g2, g3: beats
        ("g1", [none[0] - snr[0.7]], 1, 0.25, "less", "greater"),
        ("g2", [(snr - random)[level] for level in (0.7, 0.9)], 0, 0.5, "greater", "less"),
        ("g3", [(snr - magnitude)[level] for level in (0.9, 0.95)], 0, 0.5, "greater", "less"),
    ):
        for look, share in zip(LOOKS, SHARES, strict=True):
            level = ALPHA * share / 3  # three tested claims

            def p(alternative, parts=parts, margin=margin, look=look):
                return [
                    ttest_1samp(d[:look], margin, alternative=alternative).pvalue for d in parts
                ]

            holds, fails = max(p(side)), min(1, len(parts) * min(p(other)))
            above, below = (
                p("greater", margin=margin - tolerance),
                p("less", margin=margin + tolerance),
            )
            near = np.minimum(np.maximum(above, below), p(side)).max()
            passed = {"holds": holds < level, "fails": fails < level, "equal": near < level}
            verdict = next((name for name, shown in passed.items() if shown), "undecided")
            worst = parts[int(np.argmax(p(side)))][:look]
            if verdict != "undecided":
                break
        bounds = ttest_1samp(worst, margin).confidence_interval(1 - 2 * level)
        written = claims.read_verdicts(tmp_path / "claims.csv").set_index("id").loc[claim]
        assert written[["verdict", "look", "n"]].tolist() == [verdict, look, look]
        assert written[["p_holds", "p_fails", "p_equal", "alpha"]].tolist() == pytest.approx(
            [holds, fails, near, level]
        )
        assert written[["estimate", "ci_low", "ci_high"]].tolist() == pytest.approx(
            [worst.mean(), bounds.low, bounds.high]
        )
