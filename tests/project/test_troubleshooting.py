"""Each line that docs/troubleshooting.md explains is one that the code prints."""

import ast
import re

import pytest

from tests.helpers.places import ROOT, WORKFLOW

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
LINES = re.findall(r"^- (?:`` ?(.+?) ?``|`([^`]+)`)$", PAGE, re.MULTILINE)
MESSAGES = [either or other for either, other in LINES]
SHORTEST = 10  # characters; a shorter constant part is found anywhere
GAP = "\0"


def texts(path):
    """Yield the texts in a Python file as they are printed, with a gap for each value put in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [each.value if isinstance(each, ast.Constant) else GAP for each in node.values]
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.fixture(scope="module")
def printed():
    """All texts of the code, one below the other."""
    python = [*WORKFLOW.rglob("*.py"), ROOT / "tools" / "convert.py"]
    other = [ROOT / "Makefile", *(WORKFLOW / "rules").glob("*.smk")]
    found = [text for path in python for text in texts(path)]
    return "\n".join([*found, *(path.read_text(encoding="utf-8") for path in other)])


def constant(message):
    """Return the parts of a message that don't differ from case to case."""
    parts = [part.strip() for part in re.split(r"<[^>]*>", message)]
    return [part for part in parts if len(part) >= SHORTEST]


def test_there_are_lines_to_look_for():
    assert len(MESSAGES) > 50
    assert len(set(MESSAGES)) == len(MESSAGES)


@pytest.mark.parametrize("message", MESSAGES)
def test_the_code_prints_a_line_that_the_page_explains(message, printed):
    parts = constant(message)
    assert parts
    assert [part for part in parts if part not in printed] == []


def test_a_line_that_nothing_prints_is_noticed(printed):
    [part] = constant("<file>: found no such thing as this; allowed: <another>")
    assert part not in printed
