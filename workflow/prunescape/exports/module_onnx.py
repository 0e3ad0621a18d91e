"""Modules of the user as ONNX, where torch can write them (needs torch, onnx and onnxruntime).

torch follows one run of the module and writes down what is computed. What its code decides, from
the number of images for one, is lost by that; so the graph is compared with the module on batches
of other sizes before it is written. torch can't follow its own attention, but can as
`module_attention` writes it. Input and output are those of `onnx_files`.

torch's newer exporter (dynamo=True) needs onnxscript, which the environment doesn't have.
"""

import io
import warnings
from pathlib import Path

import onnx
import torch
from torch import nn

from prunescape.exports.onnx_files import OPSET
from prunescape.exports.onnx_sessions import session
from prunescape.exports.portable_modules import PortableModule
from prunescape.foundations import files, user_files
from prunescape.foundations.messages import one_line
from prunescape.networks import module_attention
from prunescape.networks.module_starts import fenced
from prunescape.networks.scaling import Scaling

TRACED, TRIED = 2, (1, 5)
"""Images of the run that is followed, and of those with which the graph is compared."""
TOLERANCE = 1e-4
"""Difference of logits, relative to the largest."""


class _Whole(nn.Module):
    """A module behind its input scaling."""

    def __init__(self, scaling: Scaling, module: nn.Module) -> None:
        super().__init__()
        self._scaling, self._inner = scaling, module

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits [N, classes] of intensities [N, C, H, W]."""
        values, scaling = images.to(self._scaling.scale.dtype), self._scaling
        if scaling.features is not None:
            values = values.flatten(1)[:, scaling.features]
        logits: torch.Tensor = self._inner((values - scaling.shift) / scaling.scale)
        return logits


def write(model: PortableModule, path: Path) -> str:
    """Write a network, checked by ONNX's own checker; or return why there is no such file."""
    path.unlink(missing_ok=True)
    try:
        made = graph(model)
    except user_files.INTERRUPTIONS:
        raise
    except user_files.FAILURES as error:  # of torch, of onnx, or of the user's module
        text = one_line(error)
        shown = f"{text[: user_files.LONGEST]} ..." if len(text) > user_files.LONGEST else text
        return f"{type(error).__name__}: {shown}"
    with files.replacing(path) as temporary:
        temporary.write_bytes(made)
    return ""


def graph(model: PortableModule) -> bytes:
    """Return a network as ONNX.

    Raises:
        ValueError: if the graph has other logits than the module.
        Exception: of any kind, if torch can't follow or write the module.
    """
    module = model.module()
    module_attention.convert(module, model.scaling.shape(model.image))
    whole = _Whole(model.scaling, module).eval()
    written, names = io.BytesIO(), ("images", "logits")
    with fenced(0), model.network.slowly(), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what may have gone wrong is tried afterwards
        torch.onnx.export(
            whole,
            (_images(model, TRACED),),
            written,
            dynamo=False,
            opset_version=OPSET,
            input_names=names[:1],
            output_names=names[1:],
            dynamic_axes={name: {0: "N"} for name in names},
        )
    made = onnx.load_model_from_string(written.getvalue())
    onnx.checker.check_model(made, full_check=True)
    text: bytes = made.SerializeToString(deterministic=True)
    _compare(model, text)
    return text


def _compare(model: PortableModule, text: bytes) -> None:
    """Raise ValueError if a graph fails, or has other logits than the module."""
    opened = session(text)
    for number in TRIED:
        images = _images(model, number)
        expected = model.logits(images)
        what = f"the graph that torch made of {TRACED} images"
        try:
            found = torch.from_numpy(opened.run(None, {"images": images.numpy()})[0])
        except Exception as error:  # onnxruntime's own kinds, which it doesn't name
            raise ValueError(f"{what} fails on a batch of {number}: {error}") from None
        atol = TOLERANCE * max(1.0, float(expected.abs().max()))
        same = found.shape == expected.shape
        if not same or not torch.allclose(found, expected, rtol=0, atol=atol):
            raise ValueError(f"{what} has other logits than the module on a batch of {number}")


def _images(model: PortableModule, number: int) -> torch.Tensor:
    """Return random intensities [number, C, H, W]."""
    generator = torch.Generator().manual_seed(number)
    return torch.rand(number, *model.image, generator=generator)
