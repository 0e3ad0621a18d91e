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


def test_an_id_may_be_longer_than_a_line():
    rows = found({"id": "long" * 40, "verdict": "holds", "statement": "Some words of it " * 9})
    [_, line] = summaries.lines(rows).splitlines()
    assert line.startswith("long" * 40)
    assert line.endswith("Some words of it ...")


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


def test_what_a_look_changed_is_a_line_a_claim():
    before = SEVERAL.assign(verdict=["undecided", "holds", *["undecided"] * 4])
    *changed, last = summaries.changes(before.iloc[:4], SEVERAL.iloc[:4])
    assert [line.split()[:2] for line in changed] == [
        *(["g1", "holds"], ["g3", "fails"], ["k1", "equal"])
    ]
    assert last == "0 undecided"
    assert summaries.changes(SEVERAL, SEVERAL) == ["1 undecided"]


def test_the_table_of_what_deciding_took():
    counts, heading, *lines, total = summaries.decided(
        SEVERAL, {"g1": 12.4, "g3": 100.0}
    ).splitlines()
    assert counts == summaries.counted(SEVERAL)
    assert heading.split() == ["claim", "verdict", "n", "look", "CPU", "s"]
    assert lines[0].split() == ["g1", "holds", "5", "5", "12"]
    assert lines[1].split() == ["g2", "holds", "5", "5"]
    assert lines[4].split() == ["k2", "undecided", "5"]
    assert lines[5].split() == ["k5", "not", "tested"]
    assert total.split() == ["all", "112"]
