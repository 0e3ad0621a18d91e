"""The library is installed and used as docs/the_library_alone.md says, far from the pipeline."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from tests.helpers.places import ROOT

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "the_library_alone.md").read_text(encoding="utf-8")
PLAIN = """

import json
import prunescape

net = SmallNet().eval()
net.load_state_dict({path: pruned[name][0] for name, path in network.paths.items()})
removed = sum(int((net.get_submodule(each.path).weight == 0).sum()) for each in network.weighted)
weights = sum(net.get_submodule(each.path).weight.numel() for each in network.weighted)
with torch.no_grad():
    logits = net((images[evaluated] - 0.3055) / 0.3759)
right = (logits.argmax(1) == labels[evaluated]).double().mean().item()
nll = torch.nn.functional.cross_entropy(logits, labels[evaluated]).item()
found = [prunescape.__file__, removed, weights, after["accuracy"][0], right, after["nll"][0], nll]
print(json.dumps(found))
"""


def test_a_script_prunes_and_measures_with_the_installed_library(tmp_path):
    source, site, place = (tmp_path / name for name in ("source", "site", "place"))
    place.mkdir()
    (source / "workflow").mkdir(parents=True)
    shutil.copy2(ROOT / "pyproject.toml", source)
    shutil.copytree(ROOT / "workflow" / "prunescape", source / "workflow" / "prunescape")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site]
    subprocess.run([*command, source], check=True)
    shutil.copy2(ROOT / "tests" / "plain" / "net.py", place)
    [shown] = re.findall(r"```py\n(# alone.py\n.*?)```", PAGE, re.DOTALL)
    (place / "alone.py").write_text(shown + PLAIN, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "alone.py"],
        cwd=place,
        env={"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    file, removed, weights, accuracy, right, nll, expected = json.loads(
        done.stdout.splitlines()[-1]
    )
    assert file.startswith(str(site))
    assert removed == weights // 2
    assert accuracy == right
    assert nll == pytest.approx(expected, rel=1e-5)
