"""The whole configuration: valid, or every problem in one line, whatever it holds."""

import copy
import datetime
import itertools
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunescape.configuration import validation
from tests.helpers.configurations import (
    ARM,
    DEFAULT,
    FIT,
    SMALL,
    changed,
    places,
    problems,
    problems_at,
    small,
)
from tests.helpers.places import ROOT


def test_nothing_is_filled_in_when_something_is_wrong():
    config = small(seed=-1)
    before = copy.deepcopy(config)
    with pytest.raises(ValueError, match=r"^seed: found -1; allowed: an integer >= 0$"):
        validation.validate(config)
    assert config == before


def test_every_problem_is_told_at_once():
    config = changed(
        SMALL,
        {
            "seed": "x",
            "device": "gpu",
            f"{FIT}.networks": ["nett"],
            f"{FIT}.epoch": 3,
            f"{ARM}.levels": ["0.90", "0.9"],
        },
    )
    assert [line.partition(":")[0] for line in validation.problems(config)] == [
        f"{ARM}.levels[1]",
        f"{FIT}.epoch",
        f"{FIT}.networks[0]",
        "device",
        "seed",
    ]


@pytest.mark.parametrize("value", [None, [], "text", 3, {}])
def test_whole_configuration_of_another_type(value):
    with pytest.raises(ValueError, match=r"^(config|catalogue): found nothing|^config: found "):
        validation.validate(value)


def test_what_depends_on_a_broken_block_is_not_blamed():
    assert len(problems_at(f"{ARM}.levels", "0.90")) == 1
    assert len(problems(networks=None)) == 1
    assert len(problems(catalogue__study__fits=["vi"])) == 1


VALUES = st.one_of(
    st.sampled_from(
        [None, True, -1, 0, 10**400, 0.5, float("nan"), "", "1e-3", "a\nb", "vi", [], {}, [None]]
    ),
    st.sampled_from([[[]], [{}], {"kind": []}, {1: 2, None: 3}, {"a\nb": 1}, datetime.date.max]),
    st.text(max_size=5),
    st.recursive(
        st.none() | st.floats() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
        ),
        max_leaves=4,
    ),
)
MUTATIONS = st.tuples(
    st.integers(0, 10**6), st.sampled_from(["delete", "retype", "rename", "double"]), VALUES
)


def mutated(config, place, kind, value):
    chosen = list(places(config))[1:]
    if not chosen:
        return
    *parents, last = chosen[place % len(chosen)]
    node = config
    for part in parents:
        node = node[part]
    if kind == "delete":
        del node[last]
    elif kind == "retype":
        node[last] = copy.deepcopy(value)
    elif isinstance(node, list):
        node.append(copy.deepcopy(node[last]))
    elif kind == "rename":
        node[f"{last}x" if isinstance(value, dict | list) else value] = node.pop(last)
    else:
        node[f"{last}2"] = copy.deepcopy(node[last])


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.sampled_from([SMALL, DEFAULT]), st.lists(MUTATIONS, min_size=1, max_size=4))
def test_mutated_configuration_is_accepted_or_explained(original, mutations):
    config = copy.deepcopy(original)
    for mutation in mutations:
        mutated(config, *mutation)
    try:
        validation.validate(config)
    except ValueError as error:
        lines = str(error).splitlines()
        assert lines == validation.problems(config)
        assert all(re.fullmatch(r"\S.*: found .+; allowed: .+", line) for line in lines)
        assert len(set(lines)) == len(lines)
    else:
        assert validation.problems(config) == []


@pytest.mark.slow
def test_every_value_of_another_type_is_explained():
    for path, value in itertools.product(list(places(SMALL))[1:], [None, "", -2]):
        config = copy.deepcopy(SMALL)
        node = config
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = value
        name = "".join(f"[{part}]" if type(part) is int else f".{part}" for part in path)
        start = f"{name.removeprefix('.')}: found "
        assert any(line.startswith(start) for line in validation.problems(config)), (path, value)


def test_order_of_lines_does_not_depend_on_the_process():
    code = (
        "from prunescape.configuration import validation as c\n"
        "wrong = {'run': 1, **dict.fromkeys('zyxwv'), 'catalogue': dict.fromkeys('XYZ')}\n"
        "print('\\n'.join(c.problems(wrong)))"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "workflow"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0].splitlines()) > 15


def test_importing_needs_neither_numpy_nor_pandas_nor_torch():
    code = "import sys; from prunescape.configuration import validation; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": "workflow"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "jsonschema" in modules
    assert not {"numpy", "pandas", "torch", "snakemake"} & set(modules)
