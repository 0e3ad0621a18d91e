"""Names that no folder can have are told with their key and the limit."""

import pytest

from prunescape.configuration import validation
from tests.helpers.configurations import SMALL, changed

LONG = "ab" * 5 + "c" + "de" * 145
STUDY = SMALL["catalogue"]["study"]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"run": LONG}, "run"),
        ({"catalogue": {"study": STUDY, LONG: STUDY}}, "catalogue."),
        ({"networks": {**SMALL["networks"], LONG: [{"kind": "linear", "units": 10}]}}, "networks."),
        ({"catalogue.study.fits": {**STUDY["fits"], LONG: STUDY["fits"]["point"]}}, "catalogue."),
        ({"catalogue.study.arms[0].levels": ["0.50", "0.9" + "12" * 149]}, "catalogue.study.arms"),
        ({"catalogue.study.noise[0].levels": ["0.1" + "12" * 149]}, "catalogue.study.noise"),
    ],
)
def test_a_long_name(changes, place):
    lines = validation.problems(changed(SMALL, changes))
    found = [line for line in lines if "characters; allowed: at most 100" in line]
    assert found
    assert all(line.startswith(place) and len(line) < 250 for line in found)


def test_a_name_of_the_greatest_length():
    assert validation.problems(changed(SMALL, {"run": (LONG * 2)[:100]})) == []


@pytest.mark.parametrize("name", ["a" * 20, "x" + "ab" * 20])
def test_a_name_that_snakemake_takes_for_a_circle(name):
    catalogue = {"study": STUDY, name: STUDY}
    [line] = validation.problems(changed(SMALL, {"catalogue": catalogue, "run": name}))
    assert line.startswith(f"catalogue.{name}: found")
    assert "20 times" in line


def test_a_level_of_a_third():
    levels = ["0.90", f"0.{'3' * 16}"]
    assert validation.problems(changed(SMALL, {"catalogue.study.arms[0].levels": levels})) == []
