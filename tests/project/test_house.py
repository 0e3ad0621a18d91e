"""The library's rooms stand on floors, and the picture of them is of this code."""

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.helpers.places import LIBRARY, ROOT, WORKFLOW

sys.path.insert(0, str(ROOT / "tools"))

import house
import house_picture

ARROWS = house.arrows(house.imports(LIBRARY))
ROOMS = sorted(path.name for path in LIBRARY.iterdir() if (path / "__init__.py").exists())


def test_every_room_has_a_floor_and_a_place_in_the_picture():
    floors = [room for rooms in house.FLOORS for room in rooms]
    assert sorted(floors) == ROOMS
    assert sorted(house_picture.ACROSS) == ROOMS


def test_imports_lead_to_floors_below():
    assert len(ARROWS) > 20
    assert house.upward(ARROWS) == []
    assert house.circle(ARROWS) == []


def test_a_way_up_and_a_circle_are_noticed():
    up = ARROWS | {("foundations", "figures"): 1}
    assert house.upward(up) == [("foundations", "figures")]
    assert set(house.circle(up)) >= {"foundations", "figures"}


@pytest.mark.parametrize(
    "folder",
    ["workflow/prunescape", "workflow/scripts", "workflow/commands", "tools", "bench"],
)
def test_a_function_is_read_at_a_glance(folder):
    found = house.functions(ROOT / folder)
    assert found
    assert [each for each in found if each.lines > 60] == []


def test_plain_programs_know_nothing_of_the_library():
    found = sorted((ROOT / "tests" / "plain").rglob("*.py"))
    assert len(found) > 5
    for path in found:
        assert not re.search(
            r"^\s*(import|from) prunescape", path.read_text(encoding="utf-8"), re.M
        )


MODULES = [path for path in house.modules(LIBRARY) if path.stem != "__init__"]


TESTS = [Path("tests", "unit", path.parent, f"test_{path.name}") for path in MODULES]


def test_every_module_has_a_file_of_tests():
    assert len(TESTS) > 100
    assert [str(path) for path in TESTS if not (ROOT / path).exists()] == []


def quick(source):
    """Return the tests in a source that aren't marked slow, as `make test` runs them."""
    tree = ast.parse(source)
    of_file = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign)]
    if any(text.startswith("pytestmark =") and "mark.slow" in text for text in of_file):
        return []
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [
        node.name
        for node in tests
        if node.name.startswith("test_")
        and not any("mark.slow" in ast.unparse(each) for each in node.decorator_list)
    ]


def test_every_module_has_a_test_that_is_not_slow():
    there = [path for path in TESTS if (ROOT / path).exists()]
    assert [str(path) for path in there if not quick((ROOT / path).read_text("utf-8"))] == []


def test_slow_tests_are_told_from_others():
    one, other = "@pytest.mark.slow\ndef test_a(): ...\n", "def test_b(): ...\n"
    assert quick(one + other) == ["test_b"]
    assert quick("pytestmark = [pytest.mark.slow]\n" + other) == quick(one) == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_and_exports_nothing(room):
    tree = ast.parse((LIBRARY / room / "__init__.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


@pytest.mark.parametrize("room", ROOMS)
def test_the_page_describes_a_room(room):
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert f"\n| `{room}` | " in page


def test_the_picture_is_of_this_code():
    kept = house_picture.kept(house_picture.PICTURE)
    assert kept == house_picture.text_of(ARROWS), "draw it anew: python tools/house_picture.py"


def test_an_arrow_that_others_imply():
    arrows = {("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")}
    assert house_picture.implied(arrows) == {("a", "c")}


def test_rules_files_leave_the_name_report_to_snakemake():
    files = [ROOT / "Snakefile", *(WORKFLOW / "rules").glob("*.smk")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert re.search(r"\breport\(", text)
    imports = re.findall(r"^ *(?:from [\w.]+ )?import (.+)", text, re.MULTILINE)
    names = [name.split(" as ")[-1].strip() for line in imports for name in line.split(",")]
    assert len(names) > 20
    assert "report" not in names
    assert not re.search(r"^ *report *=|\bdef report\b|\bfor report\b", text, re.MULTILINE)
