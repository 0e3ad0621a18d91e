"""torchvision is imported as it is, mended where its operators are missing, or missed."""

import subprocess
import sys

from tests.helpers.places import WORKFLOW

LIBRARY = """
class Library:
    made = []
    def __init__(self, name, kind): self.made.append(f"{name} {kind}")
    def define(self, schema): self.made.append(schema.partition("(")[0])
"""
TORCH = "from torch import library"
NEEDS_OPERATORS = """
import torch
if "nms" not in torch.library.Library.made:
    raise RuntimeError("operator torchvision::nms does not exist")
"""
LOAD = """
from prunescape.data import torchvision_import
module = torchvision_import.load()
print(module.__name__, module is torchvision_import.load())
import torch
print(torch.library.Library.made)
"""


def load(folder, torchvision):
    """Load a stand-in for torchvision, beside one for torch, where no package is installed."""
    for name, text in {"torch/__init__": TORCH, "torch/library": LIBRARY, **torchvision}.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return subprocess.run(
        [sys.executable, "-S", "-c", LOAD],
        env={"PYTHONPATH": f"{WORKFLOW}:{folder}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_that_works_is_left_alone(tmp_path):
    done = load(tmp_path, {"torchvision/__init__": "import torch"})
    assert done.stdout.splitlines() == ["torchvision True", "[]"], done.stderr


def test_missing_operators_are_declared(tmp_path):
    done = load(tmp_path, {"torchvision/__init__": NEEDS_OPERATORS})
    made = "['torchvision DEF', 'nms', 'qnms']"
    assert done.stdout.splitlines() == ["torchvision True", made], done.stderr


def test_another_fault_of_its_import_is_told(tmp_path):
    done = load(tmp_path, {"torchvision/__init__": "raise RuntimeError('no CUDA')"})
    assert done.returncode == 1
    assert done.stderr.endswith("RuntimeError: no CUDA\n")


def test_one_that_is_not_there_is_an_import_error(tmp_path):
    done = load(tmp_path, {})
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'torchvision'\n")
