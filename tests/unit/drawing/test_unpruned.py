import pytest

from prunescape.drawing import summary, unpruned
from tests.helpers.figure_rows import DENSE, replicates, row, scores

LINE = [*summary.COLUMN, "schedule", "level"]


def pruned(table):
    return summary.with_percents(table[table["criterion"] != "none"])


def test_networks_that_train_on_compare_with_their_control():
    snr = {"criterion": "snr", "level": 0.9, "kept": 100}
    rows = replicates([0.80, 0.81, 0.82], **snr)
    rows += replicates([0.90, 0.91, 0.92], **snr, schedule="retrain")
    rows += replicates([0.95, 0.96, 0.97], schedule="retrain")
    table = scores(DENSE + rows)

    found = unpruned.over_replicates(pruned(table), table, LINE)

    means = dict(zip(found["schedule"], found["mean"], strict=True))
    assert means == {"oneshot": pytest.approx(92), "retrain": pytest.approx(96)}
    assert set(unpruned.control(pruned(table), table)) == {"none", "retrain"}
    both = unpruned.note(pruned(table), table)
    assert both.startswith("Unpruned: the network as it was fitted, or where a schedule trains on,")
    alone = unpruned.note(pruned(scores(DENSE + rows[:3])), table)
    assert alone == "Unpruned: the network as it was fitted. "


def test_a_step_of_a_chain_compares_with_the_control_at_that_step():
    chain = {"schedule": "iterative"}
    rows = [row(0.9)]
    for step, (level, kept, control) in enumerate([(0.5, 500, 0.93), (0.9, 100, 0.95)]):
        rows += [row(control, step=step, **chain)]
        rows += [row(0.8, criterion="snr", level=level, kept=kept, **(chain | {"step": step}))]
    table = scores(rows)

    found = unpruned.over_replicates(pruned(table), table, LINE)

    assert found["mean"].tolist() == pytest.approx([93, 95])
    assert found["kept_percent"].tolist() == pytest.approx([50, 10])


def test_noise_is_shared_and_level_0_of_a_kind_is_clean():
    noise = {"noise": "grey_raw", "noise_level": 0.4}
    snr = {"criterion": "snr", "level": 0.9, "kept": 100}
    table = scores([row(0.9), row(0.6, **noise), row(0.8, **snr), row(0.5, **snr, **noise)])
    rows = pruned(table).assign(noise="grey_raw")

    pairs = unpruned.partners(rows, table).set_index("noise_level")

    assert pairs["accuracy_unpruned"].to_dict() == {0.0: 0.9, 0.4: 0.6}


def test_a_replicate_whose_partner_diverged_is_left_out():
    rows = replicates([0.8, 0.81, 0.82], criterion="snr", level=0.9, kept=100)
    table = scores(DENSE[:2] + rows)

    assert unpruned.partners(pruned(table), table)["replicate"].tolist() == [1, 2]
