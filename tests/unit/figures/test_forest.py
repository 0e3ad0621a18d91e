"""All claims in one figure: numbers in the claimed direction, a row a claim, no text on another."""

import numpy as np
import pandas as pd
import pytest

from prunescape.drawing import style
from prunescape.evaluation import table
from prunescape.figures import forest
from prunescape.report import claim_parts
from prunescape.verdicts import claims
from tests.helpers import scripts
from tests.helpers.figure_texts import assert_readable

STATEMENT = "Removing 70 % of the weights costs at most $x$ points, whatever they are and were."


def claim(name, verdict, comparison="<=", margin=1.0, **changes):
    made = {"id": name, "study": "graves", "origin": "paper", "source": "here", "statistic": "-"}
    made |= {"statement": STATEMENT, "verdict": verdict, "comparison": comparison, "n": 5}
    made |= {"margin": margin, "unit": "points", "estimate": 0.4, "exploratory": False}
    return made | changes


def part(name, estimate, low, high, shown=True, new=0.1, label=""):
    made = {"id": name, "study": "graves", "part": label, "shown": shown, "n": 5}
    made |= {"estimate": estimate, "ci_low": low, "ci_high": high}
    return made | {"new_low": low - new, "new_high": high + new}


VERDICTS = pd.DataFrame(
    [
        claim("g1", "holds", tolerance=0.25),
        claim("g2", "fails", ">", 0.0, estimate=-12.0, tolerance=0.5, exploratory=True),
        claim("g3", "equal", ">=", 10.0, estimate=10.1, tolerance=0.5, n=40),
        claim("k1", "undecided", estimate=30.0, study="k_winners"),
        claim("k2", "undecided", estimate=1.0, study="k_winners", n=1),  # before the first look
        claim("s1", "holds", ">=", 0.9, estimate=0.98, study="sgd_noise", unit="rank correlation"),
        claim("k5", "not tested", study="k_winners", reason="the $networks$ of config/full.yaml"),
        claim("v5", "not tested", study="sparse_vd", reason="the $networks$ of config/full.yaml"),
    ],
    columns=list(claims.COLUMNS),
).astype(claims.TYPES)
PARTS = pd.DataFrame(
    [
        part("g1", 0.4, 0.2, 0.6),
        part("g2", 3.0, 2.0, 4.0, shown=False, label="level 0.50"),
        part("g2", -12.0, -14.0, -10.0, label="level 0.90"),
        part("g3", 10.1, 9.8, 10.4),
        part("k1", 30.0, -40.0, 100.0),
        part("k2", 1.0, np.nan, np.nan),
        part("s1", 0.98, 0.96, 1.0, new=np.nan),
    ],
    columns=list(claim_parts.COLUMNS),
)
ALL = " ".join


def test_right_of_zero_is_as_claimed():
    found = forest.numbers(VERDICTS, PARTS).set_index(["id", "part"])
    columns = ["past", "low", "high", "new_low", "new_high"]
    assert found.loc[("g1", ""), columns].tolist() == pytest.approx([0.6, 0.4, 0.8, 0.3, 0.9])
    assert found.loc[("g2", "level 0.90"), columns].tolist() == pytest.approx(
        [-12, -14, -10, -14.1, -9.9]
    )
    assert found.loc[("g3", ""), columns[:3]].tolist() == pytest.approx([0.1, -0.2, 0.4])
    assert np.isnan(found.loc[("k2", ""), ["low", "new_high"]].tolist()).all()
    assert found["shown"].tolist() == PARTS["shown"].tolist()


def drawn(verdicts=VERDICTS, parts=PARTS, width=7.0):
    figure = forest.draw(verdicts, parts, style.Settings(width=width, dots_per_inch=100))
    figure.canvas.draw()
    return figure, [text.get_text() for text in figure.texts]


def test_every_claim_has_a_row_and_what_was_not_tested_is_listed():
    figure, texts = drawn()
    assert texts[0] == "Claims: 2 hold, 1 fails, 1 equal, 2 undecided, 2 not tested"
    assert [text for text in texts if text in set(VERDICTS["id"])] == [
        *("g1", "g2", "g3", "k1", "k2", "s1")
    ]
    assert [text for text in texts if text in ("graves", "k_winners")] == ["graves", "k_winners"]
    assert "sgd_noise: rank correlation" in texts
    assert [t for t in texts if t.rstrip("*") in {*forest._MARKS}] == [
        *("holds", "fails*", "equal", "undecided", "undecided", "holds")
    ]
    assert {"≤ 1", "> 0", "≥ 10", "40", "−12"} <= set(texts)
    assert r"Not tested: k5, v5 (the \$networks\$ of config/full.yaml)" in ALL(texts)
    for words in ("Thick line", "Thin line", "upright strokes", "Grey band", "exploratory"):
        assert words in ALL(texts)
    points, correlation = figure.axes
    assert points.get_xlim()[0] < -14.1
    assert points.get_xlim()[1] > 41.1
    assert correlation.get_xlim()[0] <= 0 < 0.1 < correlation.get_xlim()[1]


def test_marks_lie_where_the_numbers_say():
    points = drawn()[0].axes[0]
    marks = [line for line in points.lines if line.get_marker() in ("o", "X", "D")]
    assert [line.get_xdata()[0] for line in marks] == pytest.approx([0.6, -12, 0.1, -29, 0])
    strokes = [line for line in points.lines if line.get_marker() == "|" and len(line.get_xdata())]
    assert [list(line.get_xdata()) for line in strokes] == [[3.0]]
    bands = points.patches
    assert [band.get_x() for band in bands] == pytest.approx([-0.25, -0.5, -0.5])
    assert [band.get_width() for band in bands] == pytest.approx([0.5, 1.0, 1.0])
    heights = [line.get_ydata()[0] for line in marks]
    assert heights == sorted(heights)


def test_what_is_not_there_is_not_explained():
    one = VERDICTS.iloc[[4]]
    _, texts = drawn(one, PARTS[PARTS["id"] == "k2"])
    for words in ("Thick line", "Thin line", "upright strokes", "Grey band", "exploratory"):
        assert words not in ALL(texts)
    figure, texts = drawn(VERDICTS.iloc[6:], PARTS.iloc[:0])
    assert texts[0] == "Claims: 2 not tested"
    assert not figure.axes
    assert drawn(VERDICTS.iloc[:0], PARTS.iloc[:0])[1] == ["Claims: no claims"]


@pytest.mark.parametrize("width", [3.5, 7.0])
@pytest.mark.parametrize("reach", [5.0, 70.0, 250.0])
def test_no_text_leaves_the_canvas_or_meets_another(width, reach):
    wide = PARTS.assign(ci_low=PARTS["ci_low"] - reach, ci_high=PARTS["ci_high"] + reach)
    figure, _ = drawn(parts=wide.where(wide["id"] == "g1", PARTS), width=width)
    texts = list(figure.texts)
    for axes in figure.axes:
        limits = axes.get_xlim()
        ticks = axes.xaxis.get_major_ticks()
        texts += [tick.label1 for tick in ticks if limits[0] <= tick.get_loc() <= limits[1]]
    assert_readable(figure, texts)


def test_the_script_draws_the_same_bytes_from_the_files(tmp_path):
    table.write_csv(VERDICTS, tmp_path / "claims.csv")
    table.write_csv(PARTS, tmp_path / "claim_parts.csv")
    done = scripts.run(
        "forest.py",
        *("--claims", tmp_path / "claims.csv", "--parts", tmp_path / "claim_parts.csv"),
        *("--settings", '{"dots_per_inch": 100}'),
        *("--outputs", tmp_path / "a.svg", tmp_path / "a.png"),
    )
    assert done.status == 0, done.error
    settings = style.Settings(dots_per_inch=100)
    figure = forest.draw(VERDICTS, PARTS, settings)
    style.save(figure, [str(tmp_path / "b.svg"), str(tmp_path / "b.png")], settings)
    for ending in ("svg", "png"):
        first = (tmp_path / f"a.{ending}").read_bytes()
        assert first == (tmp_path / f"b.{ending}").read_bytes()
        assert len(first) > 10_000
