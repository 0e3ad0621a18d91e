"""torch without what tracing needs, and with it again."""

import subprocess
import sys

import pytest

from tests.helpers.places import ROOT

BEGIN = f"""
import sys
sys.path.insert(0, {str(ROOT / "workflow")!r})
from prunescape.foundations import light_torch
"""
# An operator that only Python implements for tensors without numbers.
META = 'torch.fft.fft(torch.empty(4, device="meta"))'


def run(program):
    command = [sys.executable, "-c", BEGIN + program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_code_for_tracing_is_left_out_until_it_is_asked_for():
    done = run(f"""
light_torch.install()
import torch
assert not {{"torch._decomp.decompositions", "torch._prims"}} & sys.modules.keys()
weights = torch.ones(2, 3, requires_grad=True)
torch.nn.functional.linear(torch.ones(4, 3), weights).square().sum().backward()
assert weights.grad.tolist() == [[24.0] * 3] * 2
slopes = torch.func.vmap(torch.func.grad(lambda w, x: (w * x).sum()), (None, 0))
assert slopes(torch.ones(3), torch.ones(2, 3)).tolist() == [[1.0] * 3] * 2
try:
    {META}
except NotImplementedError:
    pass
else:
    sys.exit("nothing was left out")
light_torch.complete()
assert {META}.shape == (4,)
""")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "calls",
    ["light_torch.install(); light_torch.complete()", "import torch; light_torch.install()", ""],
)
def test_torch_is_whole_otherwise(calls):
    done = run(f"{calls}\nimport torch\nlight_torch.complete()\nassert {META}.shape == (4,)")
    assert done.returncode == 0, done.stderr
