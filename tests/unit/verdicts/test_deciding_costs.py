"""Which share of a job some rows need, and what that makes a replicate and a claim cost."""

from types import SimpleNamespace

import pandas as pd
import pytest

from prunescape.pipeline.replicates import named
from prunescape.running import job_costs
from prunescape.verdicts import deciding_costs
from tests.helpers.jobs import filled

CONFIG = filled()  # two levels a job; vi starts from point
CLEAN, NOISY = ("none", 0.0), ("grey_raw", 0.1)
SNR = ("net", "vi", "snr", "global", "exact_k", "zero", "oneshot", 0)
CHAIN = ("net", "point", "magnitude", "global", "exact_k", "zero", "fine")
TUNED = ("net", "point", "magnitude", "global", "exact_k", "zero", "tuned", 0)
DENSE = ("net", "point", "none", "none", "none", "none", "none", 0, 0.0, *CLEAN)


def job(stage, part, fit="vi", cpu=10.0, first=1, last=2, appended=0):
    model = ("study", "digits", "net", fit, first, last, appended)
    return dict(zip(job_costs.COLUMNS, (*model, stage, part, cpu, cpu, 100.0), strict=True))


def share(stage, part, *rows, fit="vi"):
    return deciding_costs.share(CONFIG, SimpleNamespace(**job(stage, part, fit)), frozenset(rows))


def test_networks_are_trained_for_their_rows_and_for_fits_that_start_from_them():
    row = (*SNR, 0.9, *CLEAN)
    assert share("fit_variational", "checkpoint", row) == 1
    assert share("train", "checkpoint", row, fit="point") == 1
    assert share("fit_variational", "checkpoint", DENSE) == 0
    assert share("train", "checkpoint", ("other", *row[1:]), fit="point") == 0
    assert share("train", "noise", ("net", "point"), fit="point") == 1
    assert share("train", "noise", DENSE, fit="point") == 0


def test_masks_are_made_for_the_levels_and_steps_of_rows():
    row = (*SNR, 0.9, *CLEAN)
    assert share("score", "scores", row) == 1
    assert share("score", "scores", DENSE, fit="point") == 0
    assert share("prune", "exact_k/0.90/masks", row) == 1
    assert share("prune", "exact_k/0.50/masks", row) == 0
    step = (*CHAIN, 2, 0.9, *CLEAN)
    found = [share("prune_step", f"fine/s{i}/masks", step, fit="point") for i in range(4)]
    assert found == [1, 1, 1, 0]


def test_training_under_masks_is_divided_by_networks():
    # Magnitude and random go through the chain, and the control.
    step = (*CHAIN, 2, 0.9, *CLEAN)
    found = [share("retrain", f"fine/s{i}/checkpoint", step, fit="point") for i in range(4)]
    assert found == [pytest.approx(1 / 3)] * 3 + [0]
    # Two levels with two effects each, and the control; then a level with two effects.
    row = (*TUNED, 0.9, *CLEAN)
    assert share("retrain", "tuned/b1/checkpoint", row, fit="point") == 0
    assert share("retrain", "tuned/b2/checkpoint", row, fit="point") == 1 / 2


def test_evaluation_is_divided_by_rows():
    # 0.50 on clean images; 0.90 with noise of two levels too.
    part = "snr/global/exact_k/oneshot/b1/rows"
    assert share("evaluate", part, (*SNR, 0.9, *CLEAN)) == 1 / 4
    assert share("evaluate", part, (*SNR, 0.9, *CLEAN), (*SNR, 0.9, *NOISY)) == 2 / 4
    assert share("evaluate", part, DENSE) == 0
    assert share("evaluate", part.replace("snr", "random"), (*SNR, 0.9, *CLEAN)) == 0


def test_a_replicate_costs_its_share_of_the_blocks_with_all_rows():
    rows = frozenset({(*SNR, 0.9, *CLEAN)})
    table = pd.DataFrame(
        [
            job("train", "checkpoint", fit="point"),
            job("fit_variational", "checkpoint", cpu=30),
            job("evaluate", "snr/global/exact_k/oneshot/b1/rows", cpu=8),
            job("fit_variational", "checkpoint", cpu=500, first=3, last=4),
            job("score", "scores", cpu=700, first=3, last=4, appended=1),
        ]
    )
    assert deciding_costs.a_replicate(CONFIG, table, "study", rows) == (10 + 30 + 8 / 4) / 2
    assert pd.isna(deciding_costs.a_replicate(CONFIG, table.iloc[:0], "study", rows))


def test_claims_share_what_was_appended_for_them():
    snr, dense = (*SNR, 0.9, *CLEAN), DENSE
    entries = [{"first": 3, "last": 4, "rows": [named(snr), named(dense)]}]
    entries += [{"first": 5, "last": 8, "rows": [named(snr)]}]
    config = {**CONFIG, "appended": {"study": entries}}
    part = "snr/global/exact_k/oneshot/b1/rows"
    table = pd.DataFrame(
        [
            job("fit_variational", "checkpoint", cpu=1000),
            job("train", "checkpoint", fit="point", cpu=20, first=3, last=4),
            job("fit_variational", "checkpoint", cpu=30, first=3, last=4),
            job("evaluate", part, cpu=4, first=3, last=4, appended=1),
            job("evaluate", part, cpu=5, first=5, last=8, appended=1),
        ]
    )
    verdicts = [
        SimpleNamespace(id="a", study="study", look=8),
        SimpleNamespace(id="b", study="study", look=4),
        SimpleNamespace(id="early", study="study", look=2),
        SimpleNamespace(id="none", study="study", look=None),
    ]
    read = {"a": frozenset({snr}), "b": frozenset({dense}), "early": frozenset({snr})}
    found = deciding_costs.spent(config, table, read | {"none": frozenset({snr})}, verdicts)
    assert found == {"a": 10 + 30 + 4 + 5, "b": 10, "early": 0}
