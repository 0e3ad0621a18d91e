"""torchvision, where it can be imported or its import can be mended. Needs torch (3 s)."""

import importlib
from types import ModuleType

from prunescape.foundations import torchvision_hook


def load() -> ModuleType:
    """Return the module torchvision; ImportError if it is not installed."""
    torchvision_hook.install()
    return importlib.import_module("torchvision")
