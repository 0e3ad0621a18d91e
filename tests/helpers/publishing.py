"""A file of weights as torchvision publishes them, and a stand-in for torchvision that names it."""

import hashlib
import io
from enum import Enum
from types import SimpleNamespace

import torch

from prunescape.foundations import torchvision_hook

torchvision_hook.install()
import torchvision  # noqa: E402 (mended first)


def file(state):
    """Return the name of a file of torch.save, with its checksum, and its bytes."""
    written = io.BytesIO()
    torch.save(state, written)
    content = written.getvalue()
    return f"net-{hashlib.sha256(content).hexdigest()[:8]}.pth", content


def publish(monkeypatch, address):
    """Make torchvision name an address for every model, as its newest weights and as FIRST."""
    kind = Enum("Weights", {"FIRST": SimpleNamespace(url=address)})
    kind.url = property(lambda self: self.value.url)
    kind.DEFAULT = kind.FIRST
    monkeypatch.setattr(torchvision.models, "get_model_weights", lambda model: kind)
