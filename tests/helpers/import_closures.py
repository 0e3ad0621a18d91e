"""Made-up projects and what they import."""

import subprocess
import sys

from tests.helpers.places import WORKFLOW


def python(*arguments):
    result = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=WORKFLOW
    )
    assert not result.returncode, result.stderr
    return result.stdout
