"""CSV files are read with their columns checked."""

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
