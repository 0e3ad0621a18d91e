"""What is said to the user: one line, safe on a terminal."""

import pytest

from prunescape.foundations import messages


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  two\r\n\tlines ", "two lines"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("\ud800", r"\ud800"),
        ("\U000e0001", r"\U000e0001"),
        ("naïve 剪枝 👩\u200d🔬", "naïve 剪枝 👩\u200d🔬"),
        (ValueError("a\nb"), "a b"),
        ("", ""),
    ],
)
def test_a_text_on_one_line(text, line):
    assert messages.one_line(text) == line


def test_of_many_names_the_first_are_listed():
    names = [f"n{i}" for i in range(1005)]
    assert messages.few(names[:5]) == "n0, n1, n2, n3, n4"
    assert messages.few(names[:6]) == "n0, n1, n2, n3, n4 and 1 more"
    assert messages.few(names) == "n0, n1, n2, n3, n4 and 1,000 more"
    assert messages.few(["a\nb", 2]) == "a b, 2"
