"""What rules spell, scripts read."""

import shlex

import pytest

from prunescape.foundations import spelling, user_files

PATHS = ["own.py", "a=b/own.py", "my criteria/own.py", "a:b=c/ü 'x' $y.py", "--x=/=.py"]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_spelled_is_read_again(path):
    spelled = spelling.spell("mine", f"{path}:score")

    assert spelling.read(spelled) == ("mine", f"{path}:score")
    assert shlex.split(shlex.quote(spelled)) == [spelled]
    assert user_files.split(spelling.read(spelled)[1]) == (path, "score")


def test_a_name_alone_is_the_librarys():
    assert spelling.spell("magnitude") == "magnitude"
    assert spelling.read("magnitude") == ("magnitude", "")


def test_several_are_read_by_name():
    given = {"one": "a=b/own.py:f", "two": "own.py:g", "snr": ""}
    assert spelling.read_all(spelling.spell(*each) for each in given.items()) == given
