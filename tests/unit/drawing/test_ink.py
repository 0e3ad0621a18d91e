import pandas as pd
import pytest
from matplotlib.figure import Figure

from prunescape.drawing import ink, lines, summary
from prunescape.figures import accuracy_sparsity
from tests.helpers.figure_study import SETTINGS


def test_ink_equals_numbers(study, elsewhere):
    figure = accuracy_sparsity.draw(study, SETTINGS, elsewhere)
    curves, dense = accuracy_sparsity.numbers(study)
    arm = ("snr", "global", "zero", "oneshot")
    expected = lines.of(summary.at(curves, ["fit"], ["vi"]), arm)
    look = lines.Looks(curves).line(arm)
    (line,) = [
        line
        for line in figure.axes[0].lines
        if (line.get_color(), line.get_markerfacecolor())
        == (look["color"], look["markerfacecolor"])
    ]
    assert line.get_xdata().tolist() == expected["kept_percent"].tolist()
    assert line.get_ydata().tolist() == expected["mean"].tolist()
    (across,) = [line for line in figure.axes[0].lines if line.get_color() == "#000000"]
    assert across.get_ydata() == [dense.query("fit == 'vi'")["mean"].iloc[0]] * 2


def test_too_few_points_for_a_curve_are_not_joined():
    axes = Figure().add_subplot()
    look = ink.criterion("snr")
    for points in (3, 4):
        rows = pd.DataFrame({"mean": [1.0] * points, "low": 0.5, "high": 2.0})
        ink.curve(axes, pd.Series(range(points)), rows, look)
    few, many = axes.lines
    assert few.get_linestyle() == "None"
    assert many.get_linestyle() == "-"


def test_each_control_has_a_line_and_a_name_of_its_own():
    looks = ink.controls(["fine", "none", "iterative10"])
    assert list(looks) == ["none", "iterative10", "fine"]
    assert len({str(look["linestyle"]) for look in looks.values()}) == 3
    names = [handle.get_label() for handle in ink.control_handles(looks)]
    assert names[:2] == ["unpruned", "unpruned, trained as long: iterative"]


@pytest.mark.parametrize(("n", "entries"), [(1, 0), (2, 1)])
def test_one_replicate_has_no_band(n, entries):
    assert len(ink.band(n)) == entries
