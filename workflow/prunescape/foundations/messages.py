"""What is said to the user (standard library only)."""

from collections.abc import Sequence

MOST = 5  # names that a message lists

JOINERS = "\u200c\u200d"
"""Of the characters that can't be seen those that words of some languages have in them."""


def one_line(text: object) -> str:
    r"""Return a text, however it is laid out, as one line that is safe on a terminal.

    Runs of blanks and line breaks become one blank. What can't be printed is shown as Python would
    write it, \x1b: it could clear the screen, colour what follows, or turn the direction of text.
    """
    return "".join(
        c if c.isprintable() or c in JOINERS else c.encode("unicode_escape").decode("ascii")
        for c in " ".join(str(text).split())
    )


def few(names: Sequence[object]) -> str:
    """Return names in one line: all of a few; of many the first, and how many more there are."""
    shown = ", ".join(one_line(name) for name in names[:MOST])
    return f"{shown} and {len(names) - MOST:,} more" if len(names) > MOST else shown
