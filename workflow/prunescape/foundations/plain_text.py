"""Text of the user where text can be code: every such text goes through `literal`.

Claims, reasons, names of files: whoever shares a configuration writes them, and whoever runs it
opens the report. Standard library only.
"""

import html
import re
from typing import Literal

from prunescape.foundations.messages import one_line


def literal(text: object, where: Literal["terminal", "rst", "html"]) -> str:
    """Return a text as it must be written for a reader to see just these characters, in one line.

    Args:
        text: of the user. Runs of blanks and line breaks become one blank, what can't be printed
            is shown as an escape.
        where: "terminal"; "rst", within a paragraph or as one, between `**` or `*` too;
            "html", in an element or a quoted attribute.
    """
    line = one_line(text)
    if where == "rst":
        # Markup, and addresses, which become links without any.
        line = re.sub(r"([\\*`|_<>@]|:(?=\S)|:$)", r"\\\1", line)
        # A word begins no list, directive, rule or table, unless it numbers an item; all else may.
        begins_plainly = re.match(r"(?:[^\W_]|\\_)++(?![.)])", line)
        return line if begins_plainly else rf"\ {line}"
    return html.escape(line) if where == "html" else line
