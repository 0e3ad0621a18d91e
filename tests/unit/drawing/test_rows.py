"""Rows of arms: each in its place, its name beside it."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from prunescape.drawing import rows
from prunescape.drawing.lines import LINE

ARMS = [
    ("logistic", "vi", "magnitude", "global", "zero", "oneshot"),
    ("logistic", "vi", "snr", "global", "compensate", "oneshot"),
    ("logistic", "point", "magnitude", "global", "zero", "oneshot"),
]
FOUND = pd.DataFrame(ARMS, columns=["network", "fit", *LINE])


def test_arms_stand_under_the_heading_of_their_fit():
    listed = rows.of_arms(FOUND)
    assert listed.place == {ARMS[2]: 1, ARMS[1]: 3, ARMS[0]: 4}
    assert listed.height == pytest.approx(5 * rows.HEIGHT)
    axes = Figure().add_subplot()
    listed.label([axes], listed.width())
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0] == "maximum likelihood"
    assert names[3] == "signal to noise $|\\mu|/\\sigma$, mean kept in the bias"
    assert axes.get_ylim() == (4.5, -0.5)  # downwards


def test_names_look_alike_in_every_line_of_panels():
    listed = rows.of_arms(FOUND)
    panels = Figure().subplots(2, 1, sharey=True)
    listed.label([*panels], listed.width())
    looks = [
        [(label.get_text(), label.get_ha(), label.get_weight()) for label in axes.get_yticklabels()]
        for axes in panels
    ]
    assert looks[0] == looks[1]
    assert looks[0][0] == ("maximum likelihood", "left", "bold")


def test_one_fit_has_no_heading():
    assert rows.of_arms(FOUND[FOUND["fit"] == "vi"]).place == {ARMS[1]: 0, ARMS[0]: 1}


def test_the_longest_name_has_room():
    short, long = (rows.Rows([("", [(1, "n" * k)])]).width() for k in (5, 50))
    assert long > 5 * short
