"""What pruning breaks: against plain loops over rows and images."""

import numpy as np
import pytest

from prunescape.evaluation import outcomes as reading
from prunescape.foundations import streams
from prunescape.report import flips, new_images
from tests.helpers.image_outcomes import CLASSES, CONTROL, HARD, IMAGES, LABELS, N, outcomes

FOUND = outcomes()
TABLE = flips.table(FOUND, LABELS, CLASSES)


def networks(**named):
    """Return the outcomes of one arm, a row a replicate."""
    chosen = FOUND.where(noise="none", **named)
    return chosen.correct[chosen.rows["replicate"].argsort()]


def at(criterion, level, schedule="oneshot"):
    rows = TABLE.query("criterion == @criterion and level == @level and schedule == @schedule")
    [(_, row)] = rows.iterrows()
    return row


def test_every_pruned_arm_and_level_has_a_row():
    assert list(TABLE) == flips.COLUMNS
    assert len(TABLE) == 3 * 2 + 1
    assert set(TABLE["n"]) == {3}
    assert set(TABLE["n_images"]) == {N}


def test_flips_and_losses_equal_plain_loops():
    pruned = networks(criterion="snr", level=0.5)
    unpruned = networks(criterion="none", schedule="none")
    row = at("snr", 0.5)
    broken = sum(
        b and not a
        for x, y in zip(pruned, unpruned, strict=True)
        for a, b in zip(x, y, strict=True)
    )
    mended = sum(
        a and not b
        for x, y in zip(pruned, unpruned, strict=True)
        for a, b in zip(x, y, strict=True)
    )
    assert (row["broken"], row["mended"]) == (broken / 3, mended / 3)
    losses = [
        100
        * np.mean(
            [unpruned[r][k == LABELS].mean() - pruned[r][k == LABELS].mean() for r in range(3)]
        )
        for k in range(CLASSES)
    ]
    assert [float(each) for each in row["loss_by_class"].split()] == pytest.approx(losses, rel=1e-3)
    assert row["worst_class"] == int(np.argmax(losses))
    assert row["worst_class_loss"] == pytest.approx(max(losses))
    most = [
        sum(not pruned[r][i] for r in range(3)) >= 2 and sum(unpruned[r][i] for r in range(3)) >= 2
        for i in range(N)
    ]
    assert row["broken_in_most"] == sum(most) >= HARD.sum()
    expected = new_images.crossed(pruned, unpruned)
    assert row["interval"] == "crossed"
    assert [row["difference"], row["low"], row["high"]] == pytest.approx(
        [100 * expected.mean, 100 * expected.low, 100 * expected.high]
    )
    assert np.isnan(row["mcnemar_p"])


def test_a_schedule_that_trains_is_compared_with_what_trained_as_long():
    pruned, control = networks(criterion="snr", **CONTROL), networks(criterion="none", **CONTROL)
    row = at("snr", 0.9, "tuned")
    assert row["compared_with"] == "control"
    assert row["difference"] == pytest.approx(100 * (pruned.mean() - control.mean()))
    assert set(TABLE.query("schedule == 'oneshot'")["compared_with"]) == {"dense"}


def test_a_single_replicate_is_tested_by_its_images():
    alone = FOUND.where(replicate=2)
    row = flips.table(alone, LABELS, CLASSES).query("criterion == 'snr' and level == 0.5").iloc[0]
    pruned, unpruned = (
        alone.where(noise="none", schedule=schedule, criterion=criterion, level=level).correct[0]
        for criterion, level, schedule in (("snr", 0.5, "oneshot"), ("none", 0, "none"))
    )
    assert (row["n"], row["interval"]) == (1, "newcombe")
    assert row["mcnemar_p"] == new_images.mcnemar(pruned, unpruned)
    low, high = new_images.newcombe(pruned, unpruned)
    assert [row["low"], row["high"]] == [100 * low, 100 * high]


def test_replicates_that_one_side_lacks_are_left_out():
    rows = FOUND.rows
    kept = ~((rows["criterion"] == "none") & (rows["replicate"] == 3)).to_numpy()
    fewer = reading.Outcomes(rows[kept].reset_index(drop=True), FOUND.correct[kept], {})
    assert set(flips.table(fewer, LABELS, CLASSES)["n"]) == {2}


def test_a_class_without_images_loses_nothing_that_is_known():
    found = flips.table(FOUND, LABELS, CLASSES + 1)
    assert set(found["loss_by_class"].str.split().str[-1]) == {"nan"}
    assert found["worst_class"].equals(TABLE["worst_class"])


def test_broken_images_are_those_that_most_lose_with_their_counts():
    arrays, metadata = flips.broken_images(FOUND, IMAGES, LABELS)
    assert len(metadata["arms"]) == len(TABLE)
    assert set(arrays["row"]) == set(range(len(TABLE)))
    for row, arm in enumerate(metadata["arms"]):
        own = arrays["row"] == row
        named = {name: arm[name] for name in ("criterion", "level", "schedule")}
        pruned = networks(**named)
        schedule = arm["schedule"] if arm["schedule"] == "tuned" else "none"
        unpruned = networks(criterion="none", schedule=schedule)
        places = arrays["position"][own]
        assert arrays["wrong"][own].tolist() == (~pruned[:, places]).sum(0).tolist()
        assert arrays["right"][own].tolist() == unpruned[:, places].sum(0).tolist()
        assert len(places) == min(8, arm["broken_in_most"])
        assert arm["difference"] == pytest.approx(100 * (pruned.mean() - unpruned.mean()))
    assert np.array_equal(arrays["images"], IMAGES[arrays["position"]])
    assert np.array_equal(arrays["label"], LABELS[arrays["position"]])


def test_a_study_without_pruned_arms_has_an_empty_table():
    unpruned = FOUND.where(criterion="none")
    assert flips.table(unpruned, LABELS, CLASSES).empty
    arrays, metadata = flips.broken_images(unpruned, IMAGES, LABELS)
    assert metadata == {"arms": []}
    assert len(arrays["images"]) == 0


def test_the_order_of_rows_changes_nothing():
    order = streams.generator("test", "order").permutation(len(FOUND.rows))
    rows = FOUND.rows.iloc[order].reset_index(drop=True)
    shuffled = reading.Outcomes(rows, FOUND.correct[order], {})
    assert flips.table(shuffled, LABELS, CLASSES).equals(TABLE)
