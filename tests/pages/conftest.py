"""A real browser, and the page made of a made-up table in it."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import made_up
import pytest
from browser import Browser

from prunescape.explorer import contents, page

ROOT = Path(__file__).parents[2]
RESOURCES = ROOT / "workflow" / "resources" / "explorer"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Debian's chromium without a window; tests that need it are skipped where it is missing."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: chromium, chromium-driver)")
    with contextlib.closing(Browser(tmp_path_factory.mktemp("downloads"))) as browser:
        yield browser


@pytest.fixture(scope="session")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The explorer's page of the made-up table."""
    known = contents.contents(made_up.scores(), made_up.verdicts(), "made_up")
    texts = [path.read_text(encoding="utf-8") for path in sorted(RESOURCES.glob("*.js"))]
    template = (RESOURCES / "page.html").read_text(encoding="utf-8")
    style = (RESOURCES / "page.css").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("page") / "explorer.html"
    path.write_text(page.compose(known, template, [style], texts), encoding="utf-8")
    return path
