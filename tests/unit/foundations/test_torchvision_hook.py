"""torchvision can be imported beside a CPU build of torch."""

import importlib.util
import subprocess
import sys
import textwrap

import pytest

from tests.helpers.places import WORKFLOW


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
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "resnet18\n", done.stderr
