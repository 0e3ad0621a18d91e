"""Make torchvision importable beside a CPU build of torch.

torchvision's compiled operators need CUDA libraries. Where they don't load, importing torchvision
fails with "operator torchvision::nms does not exist". Declaring the operators lets the import
succeed, and models, transforms and data sets, which use none of them, work. Where the operators
load, nothing changes. Standard library only: torchvision has imported torch by then.
"""

import functools
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def install() -> None:
    """Mend every later import of torchvision; without one this costs nothing."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


class _Finder:
    """Finds torchvision as Python does, and has `_Loader` run it."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "torchvision":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Runs torchvision; if its operators are missing, declares them and runs it again."""

    def exec_module(self, module: ModuleType) -> None:
        try:
            super().exec_module(module)
        except RuntimeError as error:
            if "torchvision::nms does not exist" not in str(error):
                raise
            _declare_operators()
            super().exec_module(module)


@functools.cache
def _declare_operators() -> Any:
    """Declare the operators that importing torchvision needs.

    The cache keeps the library alive; torch forgets the operators of one that is deleted.
    """
    library = sys.modules["torch"].library.Library("torchvision", "DEF")
    library.define(f"nms{BOXES}")
    library.define(f"qnms{BOXES}")
    return library
