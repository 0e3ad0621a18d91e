"""A rule's script in the process of the tests, which has imported what scripts import."""

import contextlib
import io
import runpy
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from tests.helpers.places import WORKFLOW

SCRIPTS = WORKFLOW / "scripts"


class Ended(NamedTuple):
    """How a script ended, and what it printed."""

    status: int
    output: str
    error: str


def run(name: str, *arguments: str | Path) -> Ended:
    """Run workflow/scripts/`name` as a program would run it, from the folder of the tests."""
    path = SCRIPTS / name
    output, error, status = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.object(sys, "argv", [str(path), *map(str, arguments)]),
        mock.patch.object(sys, "path", [str(SCRIPTS), *sys.path]),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(error),
    ):
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
    return Ended(status, output.getvalue(), error.getvalue())
