"""Text for messages to the user: one line, safe on a terminal (standard library only)."""

from collections.abc import Sequence

MOST = 5  # names that a message lists

JOINERS = "\u200c\u200d"
"""Invisible characters that some languages need inside words."""


def one_line(text: object) -> str:
    r"""Return a text as one line that is safe on a terminal.

    Runs of blanks and line breaks become one blank. Unprintable characters become Python escapes
    such as \x1b: they could clear the screen, colour text or reverse its direction.
    """
    return "".join(
        c if c.isprintable() or c in JOINERS else c.encode("unicode_escape").decode("ascii")
        for c in " ".join(str(text).split())
    )


def few(names: Sequence[object]) -> str:
    """Return names in one line: the first MOST, and how many more there are."""
    shown = ", ".join(one_line(name) for name in names[:MOST])
    return f"{shown} and {len(names) - MOST:,} more" if len(names) > MOST else shown
