"""torchvision can be imported beside a CPU build of torch."""

import importlib.util
import subprocess
import sys
import textwrap

import pytest

from tests.helpers.places import WORKFLOW

TORCH = """
    declared = []

    class library:
        class Library:
            def __init__(self, name, kind):
                self.name = name

            def define(self, schema):
                declared.append(f"{self.name}::{schema.partition('(')[0]}")
"""
NEEDS_NMS = """
    import torch

    if "torchvision::nms" not in torch.declared:
        raise RuntimeError("operator torchvision::nms does not exist")
"""


@pytest.mark.parametrize(
    ("torchvision", "outcome"),
    [
        (NEEDS_NMS, "torchvision::nms torchvision::qnms"),
        ("", ""),
        ("raise RuntimeError('no such file')", "no such file"),
    ],
    ids=["operators missing", "operators there", "another error"],
)
def test_only_missing_operators_are_declared(write, torchvision, outcome):
    """Packages that stand in for torch and torchvision: in a process of its own, for both stay."""
    write(torch=TORCH, torchvision_init=torchvision)
    code = f"""
        import sys
        sys.path.insert(1, {str(WORKFLOW)!r})
        import torch
        from prunescape.foundations import torchvision_hook
        torchvision_hook.install()
        try:
            import torchvision
            print(*torch.declared)
        except RuntimeError as error:
            print(error)
    """
    assert printed(code) == f"{outcome}\n"


def printed(code):
    """Return what code prints that Python runs in this folder."""
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("torchvision"), reason="no torchvision")
def test_torchvision_is_mended_for_whoever_imports_it(write):
    write(net="from torchvision.models import resnet18 as f\nfrom torchvision.ops import nms")
    code = f"""
        import sys
        sys.path.insert(0, {str(WORKFLOW)!r})
        from prunescape.foundations import user_files
        assert "torchvision" not in sys.modules
        print(user_files.load("net.py:f").__name__)
    """
    assert printed(code) == "resnet18\n"
