"""The explorer's page: template, style, scripts, plotting library and contents in one file."""

import base64
import gzip
import json
import string
from collections.abc import Sequence
from typing import Any

from prunescape.foundations.plain_text import literal


def compose(
    contents: dict[str, Any], template: str, styles: Sequence[str], scripts: Sequence[str]
) -> str:
    """Return a self-contained page.

    Args:
        contents: what the page shows; JSON, so no NaN.
        template: HTML with $title, $styles, $scripts and $contents.
        styles: style sheets, in their order.
        scripts: classic scripts, in their order.

    Raises:
        ValueError: if a script or a style sheet would end its HTML element.
    """
    for text in (*styles, *scripts):
        if "</script" in text.lower() or "</style" in text.lower():
            raise ValueError("explorer: a script or style sheet contains its own closing tag")
    return string.Template(template).substitute(
        title=literal(f"prunescape: run {contents['run']}", "html"),
        styles="\n".join(styles),
        scripts="\n".join(f"<script>\n{script}</script>" for script in scripts),
        contents=pack(contents),
    )


def pack(contents: dict[str, Any]) -> str:
    """Return JSON as text for the page to unpack: gzip with reproducible bytes, then base64."""
    plain = json.dumps(contents, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return base64.b64encode(gzip.compress(plain.encode(), mtime=0)).decode("ascii")
