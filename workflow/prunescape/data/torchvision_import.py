"""torchvision, importable beside a CPU build of torch. Needs torch and torchvision (3 s)."""

import functools
from types import ModuleType

import torch

BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@functools.cache
def _declare_operators() -> torch.library.Library:
    """Declare the operators that torchvision's import looks for; kept, or torch forgets them."""
    library = torch.library.Library("torchvision", "DEF")
    library.define(f"nms{BOXES}")
    library.define(f"qnms{BOXES}")
    return library


def load() -> ModuleType:
    """Return the module torchvision.

    Its compiled operators need CUDA libraries. Where they don't load, its import ends with
    "operator torchvision::nms does not exist"; with the operators declared it goes through, and
    the data sets, which need none of them, work. Where they load, nothing is changed.

    Raises:
        ImportError: torchvision is not installed.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        _declare_operators()
        import torchvision
    return torchvision
