"""Files that a user might write."""

import textwrap
from pathlib import Path

import pytest


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes files into the working directory, name -> source."""
    monkeypatch.chdir(tmp_path)

    def write(**sources):
        for name, source in sources.items():
            path = Path(*name.split("__")).with_suffix(".py")
            if name.endswith("_init"):
                path = Path(*name.removesuffix("_init").split("__")) / "__init__.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source), encoding="utf-8")

    return write
