"""The main table against numpy and scipy, and its LaTeX by the rules of a table's rows."""

import itertools
import re

import numpy as np
import pytest
from scipy import stats

from prunescape.drawing import main_table
from tests.helpers.figure_rows import DENSE, replicates, scores

SNR = {"criterion": "snr", "kept": 100}
PRUNED = [0.80, 0.81, 0.85]


def study(levels=("0.5", "0.9"), **changes):
    pruned = (replicates(PRUNED, level=float(level), **SNR | changes) for level in levels)
    return scores([*DENSE, *itertools.chain.from_iterable(pruned)])


def body(text):
    """Return the cells of a table's rows that stand between its rules, headings and comments."""
    lines = [line.removesuffix(r" \\") for line in text.splitlines() if line.endswith(r" \\")]
    return [line.split(" & ") for line in lines if "multicolumn" not in line]


def test_means_and_intervals_are_those_of_scipy():
    found = main_table.numbers(study()).set_index("level")
    percent = 100 * np.array(PRUNED)
    low, high = stats.t.interval(0.95, 2, percent.mean(), stats.sem(percent))
    for level in (0.5, 0.9):
        row = found.loc[level]
        assert row["mean"] == pytest.approx(percent.mean())
        assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
        assert (row["n"], row["kept_percent"]) == (3, pytest.approx(10))
    assert found.loc[0.0, "mean"] == pytest.approx(92)


def test_the_table_as_latex():
    half = stats.t.ppf(0.975, 2) * stats.sem([91, 92, 93])
    assert main_table.latex(main_table.numbers(study()), "graves", 10_000) == (
        "% Study graves: accuracy in per cent of 10,000 images, mean over n = 3\n"
        "% replicates and half of its 95 % t interval. For \\usepackage{booktabs}.\n"
        "\\begin{tabular}{lrr}\n"
        "\\toprule\n"
        "sparsity & 50\\,\\% & 90\\,\\% \\\\\n"
        "\\midrule\n"
        "\\multicolumn{3}{l}{logistic regression, variational: "
        f"unpruned $92.00 \\pm {half:.2f}$}} \\\\\n"
        "signal to noise $|\\mu|/\\sigma$, all layers together, removed weights set to zero, "
        "one shot & $82.00 \\pm 6.57$ & $82.00 \\pm 6.57$ \\\\\n"
        "\\bottomrule\n"
        "\\end{tabular}\n"
    )


def test_arms_are_told_apart_and_a_control_stands_beside_the_unpruned_networks():
    rows = replicates([0.9, 0.9, 0.9], level=0.9, **SNR, schedule="fine")
    rows += replicates([0.95, 0.95, 0.95], schedule="fine")
    rows += replicates(PRUNED, level=0.5, **SNR)
    text = main_table.latex(main_table.numbers(scores(DENSE + rows)), "graves", 10_000)
    assert r", trained on as in \emph{fine steps} $95.00 \pm 0.00$} \\" in text
    assert body(text)[1:] == [
        ["one shot", r"$82.00 \pm 6.57$", ""],
        ["fine steps", "", r"$90.00 \pm 0.00$"],
    ]


def test_a_study_that_prunes_few_of_its_networks_has_a_table_for_each_noise():
    rows = list(DENSE)
    for network, share in (("small_dense", 0.9), ("small_sparse", 0.7)):
        rows += replicates([share] * 3, network=network)
        for noise, level in (("grey_raw", 0.2), ("gaussian", 0.5)):
            under = {"noise": noise, "noise_level": level}
            rows += replicates([share - level / 2] * 3, network=network, **under)
    rows += replicates(PRUNED, network="small_dense", level=0.5, **SNR)
    found = main_table.numbers(scores(rows))
    assert set(found["criterion"]) == {"none"}
    text = main_table.latex(found, "k_winners", 10_000)
    # The network that meets no noise is in neither table.
    assert body(text) == [
        ["noise", "0", "0.2"],
        ["dense CNN", r"$90.00 \pm 0.00$", r"$80.00 \pm 0.00$"],
        ["k-winners and sparse weights", r"$70.00 \pm 0.00$", r"$60.00 \pm 0.00$"],
        ["noise", "0", "0.5"],
        ["dense CNN", r"$90.00 \pm 0.00$", r"$65.00 \pm 0.00$"],
        ["k-winners and sparse weights", r"$70.00 \pm 0.00$", r"$45.00 \pm 0.00$"],
    ]


def test_networks_without_arms_and_noise_have_a_column():
    text = main_table.latex(main_table.numbers(scores(DENSE)), "graves", 10_000)
    [head, row] = body(text)
    assert head == ["noise", "0"]
    assert row == ["logistic regression, variational", r"$92.00 \pm 2.48$"]


def test_at_most_eight_levels_are_shown_from_the_first_to_the_last():
    levels = [f"{n / 100:.2f}" for n in range(2, 99, 2)]
    head = body(main_table.latex(main_table.numbers(study(levels)), "graves", 10_000))[0]
    assert len(head) == 1 + 8
    assert (head[1], head[-1]) == (r"2\,\%", r"98\,\%")


def test_one_replicate_has_no_interval():
    rows = study()
    text = main_table.latex(main_table.numbers(rows[rows["replicate"] == 1]), "graves", 10_000)
    assert "n = 1\n" in text
    assert body(text)[1][1:] == ["$80.00$", "$80.00$"]


def test_every_row_has_a_cell_a_column_and_names_of_a_user_are_escaped():
    mine = {"network": "my_net", "criterion": "50_percent"}
    rows = replicates([0.9] * 3, network="my_net")
    rows += replicates(PRUNED, level=0.5, **SNR | mine)
    text = main_table.latex(main_table.numbers(scores(rows)), "graves", 10_000)
    [columns] = re.findall(r"begin\{tabular\}\{l(r+)\}", text)
    assert {len(cells) for cells in body(text)} == {1 + len(columns)}
    assert r"my\_net" in text
    assert r"50\_percent" in text


@pytest.mark.parametrize(
    ("label", "latex"),
    [
        (r"signal $|\mu|_0$ & 5 %", r"signal $|\mu|_0$ \& 5 \%"),
        ("a_b#c{d}~^\\", r"a\_b\#c\{d\}\textasciitilde{}\textasciicircum{}\textbackslash{}"),
        ("× −1 Erdős", r"$\times$ $-$1 Erd\H{o}s"),
    ],
)
def test_text_is_escaped_and_mathematics_is_not(label, latex):
    assert main_table.escaped(label) == latex
