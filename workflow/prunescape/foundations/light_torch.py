"""Import torch without the code that only tracing and compiling need: a quarter of the time.

`import torch` ends by registering Python implementations of its operators for tensors without
numbers (device "meta"), with all that these import. Jobs compute with numbers. So a place holder
stands in, until code that isn't ours runs in the process: that may trace, and gets all of torch.
Standard library only; without a torch this costs nothing.
"""

import importlib
import sys
from types import ModuleType

LEFT_OUT = "torch._meta_registrations"


class _PlaceHolder(ModuleType):
    """Stands for the module that is left out."""


def install() -> None:
    """Leave that code out of a later import of torch in this process."""
    if "torch" not in sys.modules:
        sys.modules.setdefault(LEFT_OUT, _PlaceHolder(LEFT_OUT))


def complete() -> None:
    """Bring back what was left out, now or when torch is imported."""
    if isinstance(sys.modules.get(LEFT_OUT), _PlaceHolder):
        del sys.modules[LEFT_OUT]
        if "torch" in sys.modules:
            importlib.import_module(LEFT_OUT)
