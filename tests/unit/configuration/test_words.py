"""Messages stay on one short line."""

from prunescape.configuration import validation
from tests.helpers.configurations import ARM, NOISE, SMALL, changed, problems


def test_names_with_odd_characters_stay_on_one_line():
    lines = problems(networks={"a\nb\u2028c": [], 3: []}, catalogue__study__fits__vi__networks=[])
    assert any(line.startswith(r"networks.'a\nb\u2028c': found ") for line in lines)
    assert all(len(line.splitlines()) == 1 for line in lines)


def test_names_that_are_no_text():
    fits = {None: SMALL["catalogue"]["study"]["fits"]["point"], 3: {}}
    lines = "\n".join(problems(catalogue__study__fits=fits))
    allowed = "allowed: a name of lower-case letters"
    assert f"catalogue.study.fits.None: found nothing (an empty value); {allowed}" in lines
    assert f"catalogue.study.fits.3: found 3; {allowed}" in lines


def test_ten_thousand_levels_are_not_listed_in_a_message():
    levels = [f"0.{i:05}" for i in range(1, 10_000)]
    changes = {f"{ARM}.levels": levels, f"{NOISE}.sparsities": ["0.95"]}
    [line] = validation.problems(changed(SMALL, changes))
    assert len(line) < 500
    assert "(0, 0.00001, 0.00002, " in line
    assert line.endswith(", ..., 0.09999: 10000 in all)")
