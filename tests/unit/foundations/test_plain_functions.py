"""Functions of numbers in files of the user: what they may do, and that nothing else is run."""

import math

import pytest

from prunescape.foundations import plain_functions


@pytest.fixture
def own(tmp_path):
    """Return a function that writes a file with a function of one number, and names it."""

    def write(body, parameters="share"):
        path = tmp_path / "own.py"
        text = f"import nowhere\nraise SystemExit\ndef rise({parameters}):\n    {body}\n"
        path.write_text(text, encoding="utf-8")
        return f"{path}:rise"

    return write


def test_the_function_alone_is_run(own):
    body = '"""Why."""\n    half: = share'.replace("half: =", "half =")
    body += (
        " / 2\n    if half > 0.4:\n        return math.sqrt(half)\n    return max(half, 0.1) ** p"
    )
    function = plain_functions.load(own(body, "share: float, p=2"), ["share"])
    assert function(1.0) == math.sqrt(0.5)
    assert function(0.5) == 0.25**2
    assert function(0.0) == 0.1**2


def test_a_tuple_may_be_read(own):
    named = own("return sum(shape) / math.prod(shape[:2]) * len(shape)", "shape")
    assert plain_functions.load(named, ["shape"])((2, 3, 5)) == 10 / 6 * 3


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "import os; return 1",
            "line 4: it has import; allowed: arithmetic, conditions, math, abs",
        ),
        ("return open('x')", "line 4: it has a call of open; allowed: arithmetic"),
        ("return share.real", "line 4: it has .real; allowed"),
        ("return math.__dict__", "line 4: it has .__dict__; allowed"),
        ("return __import__", "line 4: it has __import__; allowed"),
        ("while True: pass", "line 4: it has while; allowed"),
        ("return [x for x in (1, 2)]", "line 4: it has listcomp; allowed"),
        ("return (lambda: 1)()", "line 4: it has lambda; allowed"),
        ("return f'{share}'", "line 4: it has joinedstr; allowed"),
    ],
)
def test_what_it_must_not_do(own, body, said):
    with pytest.raises(ValueError, match=said):
        plain_functions.load(own(body), ["share"])


@pytest.mark.parametrize("parameters", ["", "x", "share, x", "*share", "share, *, x"])
def test_other_parameters_are_refused(own, parameters):
    with pytest.raises(ValueError, match=r"its parameters are .*; allowed: share, and others"):
        plain_functions.load(own("return 1", parameters), ["share"])


def test_what_it_raises_is_one_line(own):
    function = plain_functions.load(own("return 1 / (share - 1) + other"), ["share"])
    with pytest.raises(ValueError, match=r"own.py:rise: ZeroDivisionError: .*zero"):
        function(1.0)
    with pytest.raises(ValueError, match=r"own.py:rise: NameError: .*other"):
        function(0.5)
