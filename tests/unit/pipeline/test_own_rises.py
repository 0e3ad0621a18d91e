"""Gradual schedules whose levels rise by a function in a file of the user."""

import copy
import math

import pytest

from prunescape.configuration import validation
from prunescape.pipeline import own_rises
from prunescape.pipeline.schedules import gradual_steps, schedule
from tests.helpers.configurations import SCHEDULES, lines_of, scheduled
from tests.helpers.places import ROOT

COSINE = f"{ROOT / 'docs' / 'examples' / 'cosine.py'}:cosine"
BLOCK = {"kind": "gradual", "level": "0.90", "prunings": 4, "every": 2, "last": 3}
RISE = "catalogue.study.schedules.slow.rise"


@pytest.fixture
def own(tmp_path):
    """Return a function that writes a file with a rise, and names it."""

    def write(body):
        (tmp_path / "own.py").write_text(f"def rise(share):\n    return {body}\n")
        return f"{tmp_path}/own.py:rise"

    return write


def with_slow(**changes):
    """Changes of the config that add a gradual schedule."""
    return {"catalogue.study.schedules": SCHEDULES | {"slow": BLOCK | changes}}


def arm():
    return {"schedules": ["slow"], "fits": ["point"], "criteria": ["magnitude"]}


def test_the_cubic_written_anew_is_the_librarys(own):
    found = own_rises.chain(BLOCK | {"rise": own("1 - (1 - share) ** 3")})
    assert [tuple(step) for step in found["steps"]] == gradual_steps(BLOCK)


def test_the_example_rises_along_half_a_cosine():
    found = own_rises.chain(BLOCK | {"rise": COSINE, "fit": {"batch_size": 8}})
    levels = [0.9 * (1 - math.cos(math.pi * t / 4)) / 2 for t in (1, 2, 3)]
    expected = [*([f"{level:.6f}", 2] for level in levels), ["0.90", 3]]
    assert found == {
        "kind": "chain",
        "steps": expected,
        "new_optimiser": [],
        "fit": {"batch_size": 8},
    }


def test_a_valid_config_has_the_chain_that_jobs_depend_on():
    config = copy.deepcopy(scheduled(with_slow(rise=COSINE), **arm()))
    validation.validate(config)
    course = schedule(config, "study", "slow")
    assert [point.level for point in course.points(())] == [
        *("0.131802", "0.450000", "0.768198", "0.90")
    ]
    assert course.optimiser_state("s1") == "kept"
    again = copy.deepcopy(config)
    validation.validate(again)  # as a job does that is started with it
    assert again == config


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("share / 2", "it gives 0.5 at share 1; allowed: 1, the final level"),
        ("1 - share", "it gives 0.5 after 0.75; allowed: numbers that don't fall, from 0 to 1"),
        ("2 * share", "it gives 1.5 after 1.0; allowed: numbers"),
        ("share - 0.5", "it gives -0.25 after 0; allowed: numbers"),
        ("'x'", "it gives 'x' after 0; allowed: numbers"),
        ("1 / (share - 0.5)", "ZeroDivisionError"),
        ("open('x')", "it has a call of open; allowed: arithmetic"),
    ],
)
def test_what_rises_wrongly_is_said_before_anything_runs(own, body, said):
    named = own(body)
    [line] = lines_of(with_slow(rise=named), **arm())
    assert line.startswith(f"{RISE}: found ")
    assert said in line


def test_a_file_that_is_not_there(tmp_path):
    [line] = lines_of(with_slow(rise=f"{tmp_path}/none.py:rise"), **arm())
    assert line.startswith(f"{RISE}: found ")
