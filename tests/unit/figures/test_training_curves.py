"""Training by epoch: which courses are drawn, their means, and what the figure says."""

import pandas as pd
import pytest

from prunescape.drawing import style
from prunescape.evaluation import training_history
from prunescape.figures import training_curves
from tests.helpers.training_courses import course, history

HISTORY = history()


def chosen(found, **values):
    return found[(found[list(values)] == pd.Series(values)).all(axis=1)]


def test_loss_and_accuracy_are_means_over_replicates():
    found = training_curves.numbers(HISTORY)
    fit = chosen(found, fit="vi", schedule="none", measure="loss")
    assert fit["epoch"].tolist() == list(range(1, 11))
    assert fit["n"].tolist() == [3] * 10
    row = chosen(HISTORY, fit="vi", schedule="none", epoch=4)
    assert fit["mean"].iloc[3] == pytest.approx(row["loss"].mean())
    seen = chosen(found, fit="vi", schedule="none", measure="accuracy")
    assert seen["epoch"].tolist() == [2, 4, 6, 8, 10]  # where it was measured
    assert seen["mean"].iloc[1] == pytest.approx(100 * row["accuracy"].astype(float).mean())


def test_of_levels_that_train_on_their_own_one_is_drawn_and_of_chains_all():
    assert training_curves.level(HISTORY) == 0.9  # 0.98 is of one arm alone
    found = training_curves.numbers(HISTORY)
    tuned = chosen(found, schedule="tuned", criterion="magnitude", measure="loss")
    row = chosen(HISTORY, schedule="tuned", criterion="magnitude", level=0.9, epoch=12)
    assert chosen(tuned, epoch=12)["mean"].tolist() == [pytest.approx(row["loss"].mean())]
    chain = chosen(found, schedule="chain", criterion="snr", measure="loss")
    assert chain["epoch"].tolist() == [11, 12, 13, 14]
    assert training_curves.level(HISTORY[HISTORY["schedule"] == "none"]) is None


def test_a_chain_that_rewinds_at_every_step_is_drawn_as_it_was_last():
    arm = {"criterion": "snr", "schedule": "ticket", "level": 0.5, "before": 6, "epochs": 4}
    first, last = course(3.0, step=0, **arm), course(2.0, step=1, **arm | {"level": 0.75})
    found = training_curves.numbers(pd.concat([first, last], ignore_index=True))
    loss = chosen(found, measure="loss")
    assert loss["epoch"].tolist() == [7, 8, 9, 10]
    assert loss["mean"].iloc[0] == pytest.approx(chosen(last, epoch=7)["loss"].mean())


def test_what_is_read_is_what_was_written(tmp_path):
    HISTORY.to_csv(tmp_path / "history.csv", index=False)
    found = training_curves.read(tmp_path / "history.csv", study="graves")
    pd.testing.assert_frame_equal(
        training_curves.numbers(found), training_curves.numbers(HISTORY), rtol=1e-6
    )
    (tmp_path / "history.csv").write_text("a,b\n")
    with pytest.raises(ValueError, match=r"history\.csv: expected the columns"):
        training_curves.read(tmp_path / "history.csv", study="graves")
    with pytest.raises(ValueError, match="figure training_curves: no fit was trained"):
        training_curves.numbers(training_history.collect([]))


def test_each_fit_has_a_panel_and_one_for_what_trains_after_pruning():
    figure = training_curves.draw(pd.DataFrame(), style.Settings(), HISTORY)
    titles = [axes.get_title() for axes in figure.axes]
    names = ["variational, before pruning", "variational, after pruning"]
    assert titles == 2 * [*names, "variational, pixels from −1 to 1"]
    before, after, other = figure.axes[:3]
    assert [len(axes.lines) for axes in (before, after, other)] == [1, 6, 1]
    assert max(after.lines[0].get_xdata()) == 14
    words = " ".join(text.get_text() for text in figure.texts)
    assert "mean over n = 3 replicates; band: 95 % t interval" in words
    assert "on 1,000 held-out images" in words
    assert "at 90 % where levels train on their own" in words


def test_without_held_out_images_there_is_the_loss_alone():
    blind = HISTORY.assign(n_images=pd.NA, n_correct=pd.NA, accuracy=float("nan"))
    figure = training_curves.draw(pd.DataFrame(), style.Settings(), blind)
    assert len(figure.axes) == 3
    words = " ".join(text.get_text() for text in figure.texts)
    assert "accuracy" not in words.lower()


def test_a_fit_of_one_epoch_has_a_mark():
    one = course(2.0, epochs=1)
    figure = training_curves.draw(pd.DataFrame(), style.Settings(), one)
    [line] = figure.axes[0].lines
    assert line.get_marker() == "o"
