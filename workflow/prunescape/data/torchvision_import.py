"""Import torchvision, if need be with its import mended. Needs torch (3 s)."""

import importlib
from types import ModuleType

from prunescape.foundations import torchvision_hook


def load() -> ModuleType:
    """Return the module torchvision; ImportError if it is not installed."""
    torchvision_hook.install()
    return importlib.import_module("torchvision")
