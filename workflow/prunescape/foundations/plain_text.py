"""Escape the user's text for places where text can be code: terminals, reStructuredText and HTML.

A shared configuration's author writes claims, reasons and file names; whoever runs it opens the
report. Standard library only.
"""

import html
import re
from typing import Literal

from prunescape.foundations.messages import one_line


def literal(text: object, where: Literal["terminal", "rst", "html"]) -> str:
    """Return a text in one line, escaped so that a reader sees just its characters.

    Args:
        text: the user's text. Runs of blanks and line breaks become one blank, unprintable
            characters become escapes.
        where: "terminal"; "rst", as a paragraph, inside one, or between `**` or `*`; "html", in
            an element or a quoted attribute.
    """
    line = one_line(text)
    if where == "rst":
        # Markup characters, and those of addresses, which become links without markup.
        line = re.sub(r"([\\*`|_<>@]|:(?=\S)|:$)", r"\\\1", line)
        # A line that begins with a word is plain text, unless the word numbers a list item; any
        # other beginning may start a list, directive, rule or table.
        begins_plainly = re.match(r"(?:[^\W_]|\\_)++(?![.)])", line)
        return line if begins_plainly else rf"\ {line}"
    return html.escape(line) if where == "html" else line
