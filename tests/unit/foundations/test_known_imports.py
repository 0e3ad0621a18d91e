"""What is remembered of sources is what they say; a record that can't be trusted is not read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from prunescape.foundations import known_imports, python_source
from tests.helpers.places import ROOT

SOURCE = "import json\n\n\ndef later():\n    from math import tau\n"
ASKED = """
import sys
sys.path.insert(0, {!r})
from prunescape.foundations import known_imports, python_source
if sys.argv[2] == "known":  # nothing is parsed
    python_source.read = None
found = known_imports.of(sys.argv[1])
print([[each.module for each in kind] for kind in found])
known_imports.remember()
"""


def asked(source: Path, how: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ASKED.format(str(ROOT / "workflow")), str(source), how]
    return subprocess.run(command, cwd=source.parent, capture_output=True, text=True, check=False)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.py"
    path.write_text(SOURCE)
    return path


def test_the_next_process_parses_nothing(source):
    first, second = asked(source, "new"), asked(source, "known")

    assert first.stdout == "[[('math',), ('json',)], [('json',)]]\n", first.stderr
    assert second.stdout == first.stdout, second.stderr


def test_another_file_with_the_same_contents_is_known(source):
    asked(source, "new")
    copy = source.with_name("copy.py")
    copy.write_text(SOURCE)

    assert asked(copy, "known").returncode == 0


def test_an_edit_is_read_though_size_and_time_stay(source):
    asked(source, "new")
    before = source.stat()
    source.write_text(SOURCE.replace("json", "math"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert "json" not in asked(source, "new").stdout


@pytest.mark.parametrize("text", ["", "[]", "{", '{"reader": "older", "imports": {}}'])
def test_a_record_that_cannot_be_trusted_is_replaced(source, text):
    record = source.parent / known_imports.RECORD
    record.parent.mkdir(parents=True)
    record.write_text(text)

    assert asked(source, "new").returncode == 0
    assert asked(source, "known").returncode == 0


def test_entries_of_another_reader_are_forgotten(source):
    asked(source, "new")
    record = source.parent / known_imports.RECORD
    written = json.loads(record.read_text())
    record.write_text(json.dumps(written | {"reader": "another"}))

    assert "TypeError" in asked(source, "known").stderr  # it had to parse


def test_a_folder_that_cannot_be_written_to(source):
    (source.parent / ".snakemake").write_text("a file")

    assert asked(source, "new").returncode == 0


def test_what_is_no_python_is_named_and_not_remembered(source):
    source.write_text("def")

    for _ in range(2):
        assert f"ValueError: {source} is no Python: line 1" in asked(source, "new").stderr


def test_the_library_says_the_same_as_a_parser():
    for path in sorted((ROOT / "workflow/prunescape").rglob("*.py"))[::10]:
        assert known_imports.of(path) == python_source.read(path).imports
