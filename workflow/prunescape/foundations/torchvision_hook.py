"""torchvision, importable beside a CPU build of torch, whoever imports it.

Its compiled operators need CUDA libraries. Where they don't load, its import ends with "operator
torchvision::nms does not exist"; with the operators declared it goes through, and what needs none
of them (models, transforms, data sets) works. Where they load, nothing is changed. Standard
library only: torch is there once torchvision has imported it.
"""

import functools
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def install() -> None:
    """Mend the import of torchvision from now on; it costs nothing until there is one."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


class _Finder:
    """Finds torchvision as Python does, and sees to how it is run."""

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
    """Runs torchvision; a second time, with its operators declared, if they are what is missing."""

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
    """Declare the operators that torchvision's import looks for; kept, or torch forgets them."""
    library = sys.modules["torch"].library.Library("torchvision", "DEF")
    library.define(f"nms{BOXES}")
    library.define(f"qnms{BOXES}")
    return library
