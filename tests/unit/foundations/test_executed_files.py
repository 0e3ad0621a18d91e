"""Files are noted whatever executes them, and only those of a folder count."""

import importlib.util
import runpy
import sys

from prunescape.foundations import executed_files


def written(folder, name, text="x = 1\n"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def imported(path):
    spec = importlib.util.spec_from_file_location(f"noted_{path.stem}", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_a_file_is_noted_whatever_executes_it(tmp_path):
    one, two, three = (written(tmp_path, f"{name}.py") for name in ("one", "two", "three"))
    unread = written(tmp_path, "unread.py")
    with executed_files.noted() as names:
        imported(one)
        runpy.run_path(str(two))
        exec(compile(three.read_text(), str(three), "exec"))
        unread.read_text()
    assert executed_files.inside(tmp_path.resolve(), names) == {one, two, three}


def test_blocks_within_each_other_note_by_themselves_and_nothing_after(tmp_path):
    one, two, three = (written(tmp_path, f"{name}.py") for name in ("one", "two", "three"))
    with executed_files.noted() as outer:
        imported(one)
        with executed_files.noted() as inner:
            imported(two)
    imported(three)
    assert executed_files.inside(tmp_path.resolve(), outer) == {one, two}
    assert executed_files.inside(tmp_path.resolve(), inner) == {two}


def test_other_folders_installed_packages_and_texts_do_not_count(tmp_path, monkeypatch):
    folder = tmp_path / "own"
    kept = written(folder, "kept.py")
    installed = written(folder, "lib/installed.py")
    beside = written(tmp_path, "beside.py")
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder / "lib")])
    with executed_files.noted() as names:
        for path in (kept, installed, beside):
            imported(path)
        exec(compile("y = 2", "<string>", "exec"))
    assert executed_files.inside(folder.resolve(), names) == {kept}
