"""What holds for all tests: one thread a process, the same examples on every machine, a browser."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.helpers.browser import Browser

pytest_plugins = ["tests.helpers.runs"]

# Before torch or numpy is imported, so that scripts that tests start inherit it too.
os.environ["OMP_NUM_THREADS"] = "1"
# pandera imports hypothesis where that is installed, which would import all of its plugins: half a
# second in every script with a table.
os.environ["HYPOTHESIS_NO_PLUGINS"] = "1"

settings.register_profile("prunescape", deadline=None, derandomize=True)
settings.load_profile("prunescape")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse versions of pytest and pytest-xdist that together pass over marks `xdist_group`.

    Every worker would then make the run that the tests of a module share.
    """
    for item in session.items if getattr(session.config.option, "loadgroup", False) else ():
        if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
            raise pytest.UsageError(
                f"{item.nodeid}: pytest {pytest.__version__} and this pytest-xdist don't keep "
                "groups of tests together; constraints.txt has versions that do"
            )


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of pytest-xdist have in common."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    """Debian's chromium without a window; tests that need it are skipped where it is missing."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: chromium, chromium-driver)")
    from tests.helpers.browser import (
        Browser,  # selenium takes a second to import, and few tests need it
    )

    with contextlib.closing(Browser(tmp_path_factory.mktemp("downloads"))) as browser:
        yield browser
