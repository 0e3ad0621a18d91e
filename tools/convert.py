"""Turn weights that torch.save wrote into a safetensors file, which nothing has to unpickle.

    python tools/convert.py old.pt new.safetensors
    python tools/convert.py torchvision:resnet18 new.safetensors

The second gets the weights that torchvision publishes for a model, its newest (or those of a name,
torchvision:resnet18/IMAGENET1K_V1), and checks them against the checksum in their file's name.

This is the only program of the project that unpickles, in a process of its own and with torch's
`weights_only=True`, which makes tensors and containers and runs none of the file's code. Numbers of
numpy, settings of argparse and paths, which training scripts keep beside the weights, are passed
over: a stand-in that keeps nothing takes their place. Names stay as they are, but for those of
wrappers (DataParallel's `module.`, torch.compile's `_orig_mod.`).
"""

import argparse
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from prunescape.data import published_weights  # noqa: E402
from prunescape.foundations import files  # noqa: E402
from prunescape.foundations.messages import few, one_line  # noqa: E402

Tensors = dict[str, torch.Tensor]

AROUND = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights")
"""Under which names training scripts keep a state_dict among other things."""
DEEPEST = 5  # mappings in each other; scripts have three at most
WRAPPERS = ("module.", "_orig_mod.")
DENSE = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.\w+)$")
"""Names that torchvision's DenseNet had before modules could have no dot in theirs."""
ARRAYS = ("scalar", "_reconstruct")
PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")
PASSED_OVER = (
    *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core") for name in ARRAYS),
    "numpy.dtype",
    "numpy.ndarray",
    "argparse.Namespace",
    *(f"pathlib.{name}" for name in PATHS),
    *(f"pathlib._local.{name}" for name in PATHS),  # Python 3.13
)
"""Functions and classes that a file may name, since none of them is called: see `StandIn`."""
WAY = "allowed: what torch.save(model.state_dict(), PATH) writes"


def main() -> None:
    """Parse the arguments, convert, say what was done."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", help="file of torch.save, .pt or .pth; or torchvision:MODEL")
    parser.add_argument("new", type=Path, help="safetensors file to write")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            old = Path(arguments.old)
            if arguments.old.startswith(published_weights.PREFIX):
                old = published_weights.download(arguments.old, Path(folder))
            for line in convert(old, arguments.new):
                print(line)
    except (OSError, ValueError) as error:
        sys.exit(f"convert.py: {one_line(error)}")


def convert(old: Path, new: Path) -> Iterator[str]:
    """Write the weights in `old` to `new`; yield lines that say what was changed on the way.

    Raises:
        ValueError: if `old` isn't a file of weights that can be read without running its code, or
            `new` has another ending than .safetensors.
    """
    if new.suffix != ".safetensors":
        raise ValueError(f"{new}: found the ending {new.suffix!r}; allowed: .safetensors")
    notes: list[str] = []
    found = state_dict(loaded(old), str(old), notes)
    tensors = {name: value for name, value in found.items() if isinstance(value, torch.Tensor)}
    if others := [name for name in found if name not in tensors]:
        notes.append(f"left out, as they are no tensors: {few(others)}")
    tensors = renamed(unwrapped(tensors, notes), notes)
    arrays = {name: plain(name, value, str(old)).numpy() for name, value in tensors.items()}
    notes += kinds(tensors)
    files.write_tensors(new, arrays, {})
    numbers = sum(value.numel() for value in tensors.values())
    yield f"{new}: {len(arrays)} tensors, {numbers:,} numbers: {few(sorted(arrays))}"
    yield from notes


class StandIn:
    """In place of what is no tensor: is made and filled like it, and keeps nothing.

    numpy's own functions are not let in, since they trust the state that a file gives a dtype.
    """

    def __init__(self, *_: object) -> None:
        """Take the arguments with which a file makes an object."""

    def __setstate__(self, _: object) -> None:
        """Take the contents that a file gives an object."""


def loaded(path: Path) -> Any:
    """Return the contents of a file of torch.save; ValueError in one line if it has others."""
    try:
        with (
            torch.serialization.safe_globals([(StandIn, name) for name in PASSED_OVER]),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # of what the errors below say
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # zip, pickle and torch have a dozen kinds
        if isinstance(error, OSError) and error.filename:  # of others seeking in half a file is one
            raise
        text = one_line(error)
        if "TorchScript" in text:
            what = "found a program of torch.jit"
        elif found := re.search(r"GLOBAL ([\w.]+)", text):
            what = f"found {found[1]} in it, which only running its code could make"
            raise ValueError(f"{path}: {what}; {WAY}, where that code is") from None
        else:
            what = "not a whole file of torch.save, or one of another pickle protocol than 2"
        raise ValueError(f"{path}: {what}; {WAY}") from None


def state_dict(contents: Any, path: str, notes: list[str]) -> Mapping[str, Any]:
    """Return the mapping in a file that has a network's tensors; note the keys that lead there.

    ValueError if there is none, or if several may be meant.
    """
    if not isinstance(contents, Mapping):
        is_left_out = isinstance(contents, StandIn)
        kind = "something of numpy, argparse or pathlib" if is_left_out else type(contents).__name__
        raise ValueError(f"{path}: found {kind}; {WAY}")
    found: Mapping[str, Any] = contents
    keys: list[str] = []
    while key := inner(found, path):
        if len(keys) == DEEPEST:  # a mapping may hold itself
            raise ValueError(f"{path}: found more than {DEEPEST} mappings in each other; {WAY}")
        keys.append(key)
        if others := [name for name in [*own(found), *nested(found)] if name != key]:
            notes.append(f"passed over, though it has numbers too: {few(others)}")
        found = found[key]
    if any(isinstance(v, torch.Tensor) and not isinstance(k, str) for k, v in found.items()):
        raise ValueError(f"{path}: found tensors under keys that are no text; {WAY}")
    if keys:
        notes.insert(0, f"taken from {'.'.join(keys)}")
    return found


def inner(found: Mapping[Any, Any], path: str) -> str:
    """Return the key under which a mapping holds the network's tensors, "" if by itself.

    A usual key wins over others and over tensors beside it, such as the images' mean.
    ValueError if nothing is sure.
    """
    keys, beside = nested(found), own(found)
    likely = [key for key in keys if key in AROUND] or keys
    if not likely and not beside:
        raise ValueError(f"{path}: found no tensors ({few(list(found)) or 'nothing'}); {WAY}")
    if not likely:
        return ""
    unsure = [*beside, *likely] if likely[0] not in AROUND else likely
    if len(unsure) > 1:
        raise ValueError(
            f"{path}: found several things that may be the weights: {few(unsure)}; allowed: one, "
            f"as torch.save(torch.load(OLD, weights_only=True)[{likely[0]!r}], NEW) does"
        )
    return likely[0]


def own(found: Mapping[Any, Any]) -> list[Any]:
    """Return the keys of a mapping under which there is a tensor that may be a weight."""
    return [key for key, value in found.items() if is_weight(value)]


def nested(found: Mapping[Any, Any]) -> list[str]:
    """Return the keys of a mapping under which another one holds tensors.

    Without what torch's state_dict has of modules with other states than tensors.
    """
    return [
        key
        for key, value in found.items()
        if isinstance(key, str)
        and key
        and not key.endswith("_extra_state")
        and holds(value, DEEPEST)
    ]


def holds(value: Any, depth: int) -> bool:
    """Return whether a value is a mapping with tensors that a network may have, itself or deeper.

    A state of torch's optimisers, which has parameter groups, isn't.
    """
    if not isinstance(value, Mapping) or "param_groups" in value or depth == 0:
        return False
    return any(is_weight(each) or holds(each, depth - 1) for each in value.values())


def is_weight(value: Any) -> bool:
    """Return whether a value may be a weight: no step, loss or state of random numbers."""
    return (
        isinstance(value, torch.Tensor)
        and value.dim() > 0
        and (value.is_floating_point() or value.is_complex() or value.is_quantized)
    )


def unwrapped(tensors: Tensors, notes: list[str]) -> Tensors:
    """Return the tensors without the prefixes of wrappers that all names have."""
    for wrapper in WRAPPERS * 2:  # either may be around the other
        if all(name.startswith(wrapper) for name in tensors):
            tensors = {name.removeprefix(wrapper): value for name, value in tensors.items()}
            notes.append(f"{wrapper} before all names is left out")
    return tensors


def renamed(tensors: Tensors, notes: list[str]) -> Tensors:
    """Return the tensors under the names that torchvision's DenseNet has now.

    The weights that are published still have old ones, norm.1.weight in place of norm1.weight.
    """
    new = {name: DENSE.sub(r"\1\2", name) for name in tensors}
    if old := [name for name in tensors if new[name] != name]:
        notes.append(f"of DenseNet's dense layers, norm.1 is now norm1, and so on: {few(old)}")
    return {new[name]: value for name, value in tensors.items()}


def plain(name: str, value: torch.Tensor, path: str) -> torch.Tensor:
    """Return a tensor with memory of its own; halves become float32, which has all their numbers.

    ValueError if it is sparse, quantised, complex or has no numbers.
    """
    if value.layout != torch.strided or value.is_quantized or value.is_complex() or value.is_meta:
        raise ValueError(
            f"{path}: {name} is sparse, quantised, complex or without numbers; allowed: plain "
            "tensors"
        )
    is_half = value.is_floating_point() and value.dtype.itemsize < 4
    return value.detach().to(torch.float32 if is_half else value.dtype).clone().contiguous()


def kinds(tensors: Tensors) -> list[str]:
    """Return lines on tensors that are halves, strided or one under several names."""
    halves = [name for name, t in tensors.items() if t.is_floating_point() and t.dtype.itemsize < 4]
    strided = [name for name, value in tensors.items() if not value.is_contiguous()]
    first: dict[tuple[Any, ...], str] = {}
    twins = []
    for name, value in tensors.items():
        key = value.data_ptr(), value.shape, value.stride()
        if value.numel() and first.setdefault(key, name) != name:
            twins.append(f"{name} is {first[key]}")
    lines = []
    if halves:
        dtypes = sorted({str(tensors[name].dtype).removeprefix("torch.") for name in halves})
        lines.append(f"{', '.join(dtypes)} written as float32: {few(halves)}")
    if strided:
        lines.append(f"laid out row by row: {few(strided)}")
    if twins:
        lines.append(f"one tensor under several names, written as copies: {few(twins)}")
    return lines


if __name__ == "__main__":
    main()
