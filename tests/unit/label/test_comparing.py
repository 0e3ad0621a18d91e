"""What a label says of clean images, against the outcomes themselves."""

import json

import numpy as np
import pytest

from prunescape.label import choosing, comparing, losses
from tests.helpers.label import CLASSES, LABELS, LEVELS, LOST, N, compared, outcomes

FOUND = compared()


def test_every_way_at_every_sparsity():
    assert FOUND["images"] == {"evaluated": N, "choosing": N // 2, "stating": N // 2}
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(FOUND["choosing"]), np.uint8), count=N)
    assert np.flatnonzero(bits).tolist() == choosing.halves(N, 7)[0].tolist()
    assert json.loads(json.dumps(FOUND, allow_nan=False)) == FOUND
    assert FOUND["unpruned"]["accuracy"] == 1 - 40 / N
    assert {method["criterion"]: method["control"] for method in FOUND["methods"]} == {
        "snr": False,
        "magnitude": False,
        "random": True,
    }
    for method in FOUND["methods"]:
        counts = LOST[method["criterion"]]
        assert [point["level"] for point in method["points"]] == LEVELS
        assert [point["broken"] for point in method["points"]] == counts
        assert [point["mended"] for point in method["points"]] == [1] * 3
        assert [point["points"] for point in method["points"]] == pytest.approx(
            [100 * (count - 1) / N for count in counts]
        )


def test_the_largest_sparsity_of_a_way_is_of_all_images():
    largest = {each["criterion"]: each["largest"] for each in FOUND["methods"]}
    # 9 images more are wrong at 50 % by snr: 0.2 points; by magnitude 79: 2 points.
    assert largest["snr"] == [{"limit": limit, "level": 0.5} for limit in (0.5, 1, 2)]
    assert largest["magnitude"][:2] == [{"limit": limit, "level": 0.3} for limit in (0.5, 1)]
    assert [each["level"] for each in largest["random"]] == [None] * 3


def test_the_middle_limit_is_looked_at_closer():
    detail = FOUND["detail"]
    assert (detail["limit"], detail["level"]) == (1, 0.5)
    assert (detail["broken"], detail["mended"]) == (10, 1)
    chosen = outcomes().where(criterion="snr", level=0.5)
    base = outcomes().where(criterion="none", noise="none")
    for number, each in enumerate(detail["classes"]):
        own = number == LABELS
        assert each["images"] == own.sum()
        lost = base.correct[:, own].mean() - chosen.correct[:, own].mean()
        assert each["loss"] == pytest.approx(100 * lost)
    assert len(detail["classes"]) == CLASSES
    assert 0.01 < detail["mcnemar_p"] < 0.02  # 10 against 1: 24 / 2048


def test_several_networks():
    found = compared(3)
    assert found["networks"] == 3
    assert found["detail"]["mcnemar_p"] is None
    assert found["detail"]["broken"] == 10


def test_a_network_that_a_way_lacks_counts_nowhere():
    found = outcomes(3)
    rows = found.rows
    second = rows["replicate"] == 2
    schedules = np.where(rows["criterion"] == "snr", "tuned", rows["schedule"])
    rows = rows.assign(schedule=schedules, nll=np.where(second, 9.0, 0.5))
    kept = np.flatnonzero(~(second & (rows["criterion"] == "snr") & (rows["level"] == 0.9)))
    left = type(found)(rows.loc[kept].reset_index(drop=True), found.correct[kept], {})
    label = comparing.compared(left, LABELS, list("abcd"), [0.5, 1, 2], 7)
    assert label["networks"] == 2
    assert label["unpruned"]["nll"] == 0.5
    points = [point for method in label["methods"] for point in method["points"]]
    assert {point["nll"] for point in points} == {0.5}


def test_noise_is_told_from_packed_outcomes():
    before, after = np.ones((1, 11), bool), np.ones((1, 11), bool)
    after[0, [2, 9]] = False
    packed = [np.packbits(each[0]).tobytes().hex() for each in (before, after)]
    measured = {"noise": "gaussian", "level": 0.1, "unpruned": packed[:1], "pruned": packed[1:]}
    [found] = comparing.under_noise([measured], 11)
    assert (found["unpruned"], found["pruned"]) == (1, pytest.approx(9 / 11))
    assert (found["points"], found["at_most"]) == losses.loss(before, after)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [([0.01, 0.02, 1, 2], 1), ([0.01, 0.02], None)],
)
def test_what_is_looked_at_is_shown_for_the_nearest_limit(limits, expected):
    found = comparing.compared(outcomes(), LABELS, list("abcd"), limits, 7)
    assert (found["detail"] and found["detail"]["limit"]) == expected
