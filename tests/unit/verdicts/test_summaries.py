"""Verdicts for a terminal: counts first, a line a claim, everything on demand."""

import pandas as pd

from prunescape.verdicts import claims, summaries


def found(*rows):
    usual = {"study": "graves", "origin": "paper", "source": "-", "statistic": "-", "look": 5}
    usual |= {"n": 5, "estimate": 0.5391, "ci_low": 0.251, "ci_high": 0.827, "margin": 1.0}
    usual |= {"new_low": 0.21, "new_high": 0.87}
    usual |= {"p_holds": 1e-4, "p_fails": 1.0, "alpha": 0.0017, "exploratory": False}
    usual |= {"statement": "A claim " + "with many words " * 9, "reason": "it is so"}
    frame = pd.DataFrame([usual | each for each in rows], columns=list(claims.COLUMNS))
    return frame.astype(claims.TYPES)


EMPTY = dict.fromkeys(("look", "n", "estimate", "ci_low", "ci_high", "exploratory"))
SEVERAL = found(
    {"id": "g1", "verdict": "holds"},
    {"id": "g2", "verdict": "holds", "exploratory": True, "declaration": "c0ffee"},
    {"id": "g3", "verdict": "fails"},
    {"id": "k1", "verdict": "equal", "tolerance": 0.2, "p_equal": 0.001},
    {"id": "k2", "verdict": "undecided", "look": None, "ci_low": None, "ci_high": None},
    {"id": "k5", "verdict": "not tested", "reason": "on digits"} | EMPTY,
)


def test_verdicts_are_counted_best_first():
    counts = "2 hold, 1 fails, 1 equal, 1 undecided, 1 not tested"
    assert summaries.counted(SEVERAL) == counts
    assert summaries.counted(SEVERAL.iloc[[2, 2, 2]]) == "3 fail"
    assert summaries.counted(SEVERAL.iloc[:0]) == "no claims"


def test_a_claim_is_a_line():
    first, *lines = summaries.lines(SEVERAL).splitlines()
    assert first == summaries.counted(SEVERAL)
    assert [line.split()[0] for line in lines] == ["g1", "g2", "g3", "k1", "k2", "k5"]
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("g1    holds         0.5391 [0.251, 0.827]       n 5")
    assert lines[1].split()[1] == "holds*"
    assert "[" not in lines[4]
    assert lines[5].startswith("k5    not tested  ")
    assert lines[5].split()[3:6] == ["A", "claim", "with"]


def test_on_demand_everything_is_there():
    text = summaries.details(SEVERAL)
    assert max(map(len, text.splitlines())) <= 100
    for words in (
        "margin 1; look 5: p holds 0.0001, fails 1, against 0.0017; on new images 0.21 to 0.87",
        "margin 1 +- 0.2; look 5: p holds 0.0001, fails 1, equal 0.001, against 0.0017",
        "exploratory: declaration c0ffee is not that of the first look",
        "on digits",
        "(paper)",
    ):
        assert words in " ".join(text.split())


def test_what_a_user_wrote_moves_no_cursor():
    row = found({"id": "g1", "verdict": "holds", "statement": "a\x1b[2Jb", "reason": "c\x07"})
    assert "\x1b" not in summaries.lines(row) + summaries.details(row)
    assert "\x07" not in summaries.details(row)
