"""The explorer's page of a made-up table."""

from pathlib import Path

import pytest

from prunescape.explorer import contents, page
from tests.helpers import made_up
from tests.helpers.places import ROOT

RESOURCES = ROOT / "workflow" / "resources" / "explorer"


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
