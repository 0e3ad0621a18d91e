"""The site of the documentation: links that work there, pages that are all in its menu."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.helpers.places import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import docs_site


@pytest.mark.parametrize(
    ("page", "written", "expected"),
    [
        ("index.md", "[a](docs/method.md#looks)", "[a](method.md#looks)"),
        ("index.md", "[a](config/README.md)", "[a](config.md)"),
        ("index.md", "![a](docs/images/forest.png)", "![a](images/forest.png)"),
        ("method.md", "[a](../README.md), [b](table.md)", "[a](index.md), [b](table.md)"),
        ("studies.md", "[a](studies/graves.md)", "[a](studies/graves.md)"),
        (
            "studies/graves.md",
            "[a](../../README.md), [b](../method.md)",
            "[a](../index.md), [b](../method.md)",
        ),
        ("method.md", "[its code](../workflow/Snakefile)", "its code (`workflow/Snakefile`)"),
        ("config.md", "[quick.yaml](quick.yaml)", "quick.yaml (`config/quick.yaml`)"),
        ("method.md", "[`tools/x.py`](../tools/x.py)", "`tools/x.py`"),
        ("method.md", "[a](#looks) [b](https://example.org/x.md)", None),
        ("method.md", "```md\n[a](../README.md)\n```", None),
    ],
)
def test_a_link_leads_to_the_page_of_its_file(page, written, expected):
    assert docs_site.relinked(written, page) == (expected or written)


class Links(HTMLParser):
    """What a page links to, what it loads, and its anchors."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors.add(given.get("id", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") == "stylesheet":
            self.loaded.append(given["href"])
        elif "src" in given:
            self.loaded.append(given["src"])


@pytest.mark.slow
def test_every_link_of_the_site_leads_somewhere_and_nothing_comes_from_elsewhere(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    built = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = {path: Links(path) for path in tmp_path.rglob("*.html") if path.name != "404.html"}
    docs = ROOT / "docs"
    written = {path.relative_to(docs).with_suffix(".html") for path in docs.rglob("*.md")}
    pages_of_files = {Path(page).with_suffix(".html") for page in docs_site.OUTSIDE.values()}
    assert {path.relative_to(tmp_path) for path in pages} == written | pages_of_files
    followed = 0
    for path, page in pages.items():
        assert not [each for each in page.loaded if "//" in each], path
        for link in page.links:
            if re.match("https?:", link):
                continue
            name, _, anchor = link.partition("#")
            target = Path(os.path.normpath(path.parent / name)) if name else path
            assert target.exists(), (path.name, link)
            if anchor and target in pages:
                assert anchor in pages[target].anchors, (path.name, link)
            followed += 1
    assert followed > 500
