"""Tell colour profiles under which a picture's numbers mean other colours than usual."""

import functools
import io

from prunescape.foundations.messages import one_line

USUAL = ("srgb", "sgray", "gray gamma 2.2")
"""Parts of the names of profiles that mean what pictures without a profile do."""


@functools.lru_cache(maxsize=64)  # pictures of one camera or program have the same
def other(profile: bytes | None) -> str | None:
    """Return a profile in words, such as "the colour profile Adobe RGB (1998)".

    Args:
        profile: an ICC profile as pictures embed it; None if there is none.

    Returns:
        None for no profile and for the usual ones, which change little or nothing.
    """
    if not profile:
        return None
    from PIL import ImageCms  # not at the top, as only pictures need it

    try:
        found = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
        name = one_line(found.profile_description or "without a name")
        space = one_line(found.xcolor_space)
    except (ImportError, OSError):  # Pillow without LittleCMS; a damaged profile
        return "a colour profile that can't be read"
    if space in ("RGB", "GRAY"):
        usual = any(each in name.lower() for each in USUAL)
        return None if usual else f"the colour profile {name[:80]}"
    return f"the colour profile {name[:80]} for {space} numbers"
