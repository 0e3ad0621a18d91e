"""A hook of MkDocs: pages that lie outside of docs/, and links that lead to pages of the site.

`make docs` builds the site by mkdocs.yml. Pages are written for readers of the repository, so links
are relative paths in it. Here one leads to the page of that file, or to the file's picture; of a
file that is no page, such as a script, only the text and the path stay.
"""

import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "config/README.md": "config.md",
    "results/README.md": "results.md",
}
"""Files that become pages of the site."""
SOURCES = {page: file for file, page in OUTSIDE.items()}

FENCED = re.compile(r"(^ *```.*?^ *```)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[((?:[^][]|\[[^][]*\])*)\]\(([^()\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:|#")
"""How a link begins that isn't a path."""


def on_files(files: Any, config: Any) -> Any:
    """Add the pages of OUTSIDE to MkDocs' files."""
    from mkdocs.structure.files import File  # the tests of links do without MkDocs

    for file, page in OUTSIDE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / file)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the text of a page with links that lead to pages of the site."""
    return relinked(markdown, page.file.src_uri)


def relinked(markdown: str, page: str) -> str:
    """Return a page's text with its links changed, but for what stands in fenced code.

    Args:
        markdown: the text, with links as in the repository.
        page: the page's path on the site, such as `method.md`.
    """
    file = SOURCES.get(page, f"docs/{page}")
    parts = FENCED.split(markdown)
    parts[::2] = [LINK.sub(lambda found: _link(found, file, page), part) for part in parts[::2]]
    return "".join(parts)


def _link(found: re.Match[str], file: str, page: str) -> str:
    picture, text, link = found.groups()
    if ELSEWHERE.match(link):
        return found[0]
    path, hash_, anchor = link.partition("#")
    target = os.path.normpath(Path(file).parent / path)
    if target in OUTSIDE:
        place = OUTSIDE[target]
    elif target.startswith("docs/") and not target.startswith("docs/examples"):
        place = target.removeprefix("docs/")
    else:
        return text if target in text else f"{text} (`{target}`)"
    return f"{picture}[{text}]({os.path.relpath(place, Path(page).parent)}{hash_}{anchor})"
