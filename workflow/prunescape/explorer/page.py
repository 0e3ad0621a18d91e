"""The explorer's page: template, style, scripts, plotting library and contents in one file."""

import base64
import gzip
import json
import string
from collections.abc import Sequence
from typing import Any

from plotly.offline import get_plotlyjs

from prunescape.foundations.plain_text import literal


def compose(
    contents: dict[str, Any], template: str, styles: Sequence[str], scripts: Sequence[str]
) -> str:
    """Return a page that needs nothing but itself.

    Args:
        contents: what the page shows; JSON, so no NaN.
        template: HTML with $title, $styles, $library, $scripts and $contents.
        styles: style sheets, in their order.
        scripts: classic scripts, in their order; plotly.js is there before them.

    Raises:
        ValueError: a script or a style sheet would end its own element.
    """
    library = get_plotlyjs()
    for text in (library, *styles, *scripts):
        if "</script" in text.lower() or "</style" in text.lower():
            raise ValueError("explorer: a script or style sheet contains its own closing tag")
    return string.Template(template).substitute(
        title=literal(f"prunescape: run {contents['run']}", "html"),
        styles="\n".join(styles),
        library=library,
        scripts="\n".join(f"<script>\n{script}</script>" for script in scripts),
        contents=pack(contents),
    )


def pack(contents: dict[str, Any]) -> str:
    """Return JSON as text that the page unpacks: gzip (always the same bytes), then base64."""
    plain = json.dumps(contents, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return base64.b64encode(gzip.compress(plain.encode(), mtime=0)).decode("ascii")
