"""CSV files are read with their columns checked, and joined to the byte."""

import re

import pytest

from prunescape.foundations import csv_files


def test_a_table_with_its_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,NA\n2,x\n")
    found = csv_files.read(path, ["a", "b"], keep_default_na=False)
    assert found.to_dict("list") == {"a": [1, 2], "b": ["NA", "x"]}
    assert csv_files.read(path, iter("ab"))["b"].isna().tolist() == [True, False]


@pytest.mark.parametrize("columns", [["b", "a"], ["a"], ["a", "b", "c"]])
def test_other_columns_are_told(tmp_path, columns):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    text = f"{path}: expected the columns {columns}, found ['a', 'b']"
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        csv_files.read(path, columns)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n1,2,3,4\n", b"a,b\n\xff,1\n"])
def test_what_is_no_table_is_told_in_one_line(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.csv: not a readable table \(.+\)$") as told:
        csv_files.read(path, ["a", "b"])
    assert "\n" not in str(told.value)


def test_a_file_that_is_missing_is_no_bad_table(tmp_path):
    with pytest.raises(FileNotFoundError):
        csv_files.read(tmp_path / "a.csv", ["a"])


def test_tables_are_joined_to_the_byte(tmp_path):
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    # A quoted newline and a number that reading would write otherwise.
    for path, body in zip(paths, ('0.10,"x\ny"\n', "", "1e-05,\n"), strict=True):
        path.write_text(f"a,b\n{body}")
    assert csv_files.joined(paths) == 'a,b\n0.10,"x\ny"\n1e-05,\n'
    assert csv_files.joined(paths[1:2]) == paths[1].read_text()


def test_tables_of_other_columns_are_not_joined(tmp_path):
    paths = [tmp_path / name for name in ("a.csv", "b.csv")]
    for path, head in zip(paths, ("a,b", "b,a"), strict=True):
        path.write_text(f"{head}\n1,2\n")
    text = f"{paths[1]}: columns b,a, expected those of {paths[0]}: a,b"
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        csv_files.joined(paths)
