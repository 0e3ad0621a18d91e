from prunescape.drawing import style, summary
from prunescape.figures import accuracy_sparsity
from tests.helpers.figure_study import SETTINGS


def test_ink_equals_numbers(study, elsewhere):
    figure = accuracy_sparsity.draw(study, SETTINGS, elsewhere)
    curves, dense = accuracy_sparsity.numbers(study)
    expected = summary.at(curves, ["fit", "effect", "criterion"], ["vi", "zero", "snr"])
    colour = style.look("snr").colour
    (line,) = [line for line in figure.axes[0].lines if line.get_color() == colour]
    assert line.get_xdata().tolist() == expected["kept_percent"].tolist()
    assert line.get_ydata().tolist() == expected["mean"].tolist()
    (dashed,) = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert dashed.get_ydata() == [dense.query("fit == 'vi'")["mean"].iloc[0]] * 2
