"""Read pictures of one size, from files or bytes, into one array.

Only formats that can't run code are opened.
"""

import io
import struct
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from prunescape.data import own_pixels
from prunescape.data.readers import colour_profiles, stand_ins
from prunescape.data.readers.preparing import Preparation
from prunescape.foundations.choices import choose
from prunescape.foundations.messages import few, one_line

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
ALLOWED = "PNG, JPEG, BMP, GIF, PPM, TIFF or WebP"
GREY = ("1", "L", "LA", "La")
COLOUR = ("P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr")
SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
ORIENTATION = 0x0112  # the EXIF tag; height and width are exchanged if its value is 5 or more
BACKGROUNDS = {"white": 255, "black": 0}

Made = TypeVar("Made")

# A picture: its name for messages, and its file or bytes.
Named = tuple[object, Path | bytes]


@dataclass(frozen=True)
class _Look:
    """A picture's size in pixels as an image, and its kind: grey, colour or 16 bits (grey)."""

    height: int
    width: int
    kind: str

    def __str__(self) -> str:
        return f"{self.height} x {self.width} pixels"


def stack(
    listing: Callable[[], Iterable[Named]], how: Preparation, where: Path
) -> tuple[np.ndarray, list[str]]:
    """Return pictures as one array [N, C, H, W], uint8 or uint16, and notes of what was done.

    Grey pictures among coloured ones become coloured. Palettes are resolved, transparent pixels
    are composed over a background, EXIF orientations are applied, then sizes prepared. Numbers
    are taken as they are, whatever colour profile a picture has.

    Args:
        listing: yields the pictures, in the same order at every call.
        how: the background, and what is done about sizes.
        where: folder or file of the pictures, for messages.

    Raises:
        ValueError: if pictures can't be read, have several sizes or frames, or show nothing; with
            the names of the first ones, and how many more there are.
    """
    choose(BACKGROUNDS, how.background, "datasets.<name>.background")
    broken: dict[object, str] = {}
    looks: dict[_Look, list[object]] = defaultdict(list)
    for name, source in listing():
        look = _attempt(lambda opened: _look(opened, how), name, source, broken)
        if look:
            looks[look].append(name)
    if not looks and not broken:
        raise ValueError(f"{where}: no picture, expected {ALLOWED}")
    _check_one_size(looks, broken, where)
    notes = _check_one_kind(looks, where)
    images, done = _decoded(listing, looks, broken, how)
    if broken:
        raise ValueError(_unreadable(broken, where))
    notes += [f"{where}: {count:,} pictures {what}" for what, count in sorted(done.items())]
    if any(what.startswith("have alpha") for what in done):
        other = next(each for each in BACKGROUNDS if each != how.background)
        way = f"; they are composed over {how.background}, so try datasets.<name>.background: "
        way += other
        own_pixels.check_various(images, str(where), way)
    return images, notes


def _unreadable(broken: dict[object, str], where: Path) -> str:
    listed = few([f"{name} ({reason})" for name, reason in broken.items()])
    verb = "is no readable picture" if len(broken) == 1 else "are no readable pictures"
    return f"{where}: {len(broken):,} {verb}: {listed}; expected {ALLOWED}"


def _check_one_size(
    looks: dict[_Look, list[object]], broken: dict[object, str], where: Path
) -> None:
    by_size: dict[str, list[object]] = defaultdict(list)
    for look, names in looks.items():
        by_size[str(look)] += names
    if len(by_size) < 2:
        return
    [usual, *others] = sorted(by_size, key=lambda each: -len(by_size[each]))
    listed = few([f"{len(by_size[each]):,} of {each} ({few(by_size[each])})" for each in others])
    raise ValueError(
        f"{where}: pictures of several sizes, {len(by_size[usual]):,} of {usual} "
        f"({by_size[usual][0]}), but {listed}; expected images of one shape: "
        "datasets.<name>.resize and crop bring them to one, as torchvision's Resize and CenterCrop"
        f"{'; besides, ' + _unreadable(broken, where) if broken else ''}"
    )


def _check_one_kind(looks: dict[_Look, list[object]], where: Path) -> list[str]:
    """Return a note if only some pictures are grey; raise ValueError if only some have 16 bits."""
    by_kind: dict[str, list[object]] = defaultdict(list)
    for look, names in looks.items():
        by_kind[look.kind] += names
    if len(by_kind) < 2:
        return []
    rare, *_ = sorted(by_kind, key=lambda each: len(by_kind[each]))
    some = f"{len(by_kind[rare]):,} of {sum(map(len, by_kind.values())):,} pictures"
    if "16 bits" in by_kind:
        raise ValueError(
            f"{where}: {some} are {rare} ({few(by_kind[rare])}), expected all with 16 bits a pixel "
            "or none"
        )
    return [f"{where}: {some} are {rare} ({few(by_kind[rare])}); all are read as colour"]


def _decoded(
    listing: Callable[[], Iterable[Named]],
    looks: dict[_Look, list[object]],
    broken: dict[object, str],
    how: Preparation,
) -> tuple[np.ndarray, Counter[str]]:
    """Return the pictures that can be decoded, and conversion -> number of pictures."""
    kinds = {look.kind for look in looks}
    colour = "colour" in kinds
    done: Counter[str] = Counter()
    count, number = sum(map(len, looks.values())), 0
    first = next(iter(looks), _Look(0, 0, "grey"))
    shape = (count, 3 if colour else 1, first.height, first.width)
    try:
        images = np.empty(shape, np.uint16 if "16 bits" in kinds else np.uint8)
    except MemoryError:
        raise ValueError(
            f"{count:,} pictures of {first} don't fit into memory; expected small ones"
        ) from None
    for name, source in listing():
        if name in broken:
            continue
        pixels = _attempt(lambda opened: _pixels(opened, colour, how, done), name, source, broken)
        if pixels is not None:
            images[number] = pixels if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
            number += 1
    return images, done


def _attempt(
    read: Callable[["Image.Image"], Made],
    name: object,
    source: Path | bytes,
    broken: dict[object, str],
) -> Made | None:
    """Return `read` of a picture; if that fails, put the reason into `broken` and return None."""
    from PIL import Image, UnidentifiedImageError  # not at the top, as only pictures need it

    try:
        if isinstance(source, bytes):
            if not source:
                raise ValueError("0 bytes")
            with Image.open(io.BytesIO(source), formats=FORMATS) as opened:
                return read(opened)
        if not source.stat().st_size:
            raise ValueError("0 bytes")
        with Image.open(source, formats=FORMATS) as opened:
            return read(opened)
    except UnidentifiedImageError:
        broken[name] = stand_ins.of_picture(source) or "of another format, or damaged"
    except (
        *(OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError),
        *(TypeError, KeyError, IndexError, AttributeError, EOFError, OverflowError, MemoryError),
        *(ZeroDivisionError, RuntimeError),
    ) as error:
        text = error.strerror if isinstance(error, OSError) and error.strerror else error
        broken[name] = one_line(text)[:200]
    return None


def _look(opened: "Image.Image", how: Preparation) -> _Look:
    if getattr(opened, "is_animated", False) and opened.format != "MPO":
        raise ValueError(f"{getattr(opened, 'n_frames', 'several')} frames, expected one")
    for kind, modes in (("grey", GREY), ("colour", COLOUR), ("16 bits", SIXTEEN_BITS)):
        if opened.mode in modes:
            width, height = opened.size
            if _orientation(opened) >= 5:
                width, height = height, width
            if how.shapes and kind == "16 bits":
                raise ValueError("16 bits, which datasets.<name>.resize and crop don't take")
            return _Look(*how.size(height, width), kind)
    raise ValueError(f"its mode is {opened.mode}, expected 8 bits a channel, or 16 of grey")


def _orientation(opened: "Image.Image") -> int:
    found = opened.getexif().get(ORIENTATION, 1) if "exif" in opened.info else 1
    return found if isinstance(found, int) else 1


def _pixels(
    opened: "Image.Image", colour: bool, how: Preparation, done: Counter[str]
) -> np.ndarray:
    """Return the pixels [H, W] or [H, W, 3] of an open picture, prepared."""
    return how.prepared(_composed(opened, colour, how.background, done))


def _composed(
    opened: "Image.Image", colour: bool, background: str, done: Counter[str]
) -> np.ndarray:
    """Return the pixels of an open picture, transparent ones over the background."""
    if opened.mode in SIXTEEN_BITS:
        return np.asarray(_upright(opened, done)).astype(np.uint16)
    if opened.mode not in (*GREY, "P", "PA", "RGB", "RGBA", "RGBa"):
        done[f"are {opened.mode}, converted to RGB without a colour profile"] += 1
    if profile := colour_profiles.other(opened.info.get("icc_profile")):
        done[f"have {profile}, which is passed over, as torchvision does"] += 1
    flat = "RGB" if colour else "L"
    if not opened.has_transparency_data:
        return np.asarray(_upright(opened, done).convert(flat))
    done[f"have alpha, composed over {background}"] += 1
    layered = np.asarray(_upright(opened, done).convert("RGBA" if colour else "LA"))
    # Integer arithmetic: exact if a pixel is opaque or transparent, else rounded.
    alpha = layered[..., -1:].astype(np.uint16)
    over = layered[..., :-1] * alpha + BACKGROUNDS[background] * (255 - alpha)
    composed = ((over + 127) // 255).astype(np.uint8)
    return composed if colour else composed[..., 0]


def _upright(opened: "Image.Image", done: Counter[str]) -> "Image.Image":
    from PIL import ImageOps

    if _orientation(opened) == 1:
        return opened
    done["are turned as their EXIF says"] += 1
    return ImageOps.exif_transpose(opened)
