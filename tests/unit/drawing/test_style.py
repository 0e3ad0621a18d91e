import itertools

import numpy as np
import pytest

from prunescape.drawing import style

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(colour, sight):
    """CIELAB of an sRGB colour as someone with `sight` sees it."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]
    xyz = to_xyz @ np.clip(np.asarray(sight) @ linear, 0, 1) / [0.9505, 1, 1.0888]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_stay_apart_for_colour_blind_readers(sight):
    seen = {name: lab(look.colour, SIGHT[sight]) for name, look in style.LOOKS.items()}
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 14, (one, other)


def contrast(colour):
    """Contrast to white, as the Web Content Accessibility Guidelines define it."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)


def test_every_line_can_be_seen_on_white():
    looks = {**style.LOOKS, **style.NETWORKS, "mine": style.look("mine")}
    for name, look in looks.items():
        assert contrast(look.colour) >= 3, name


def test_networks_can_be_told_apart():
    assert len(set(style.NETWORKS.values())) == len(style.NETWORKS)
    assert style.network("mine") == style.network("mine")


def test_markers_tell_criteria_apart_in_black_and_white():
    markers = [look.marker for look in style.LOOKS.values()]
    assert len(set(markers)) == len(markers)


def test_a_shuffled_criterion_has_the_colour_of_its_criterion_and_a_dotted_line():
    plain, shuffled = style.look("lamp"), style.look("shuffled_lamp")
    assert shuffled == plain._replace(line=":")
    assert style.look("shuffled_mine").colour == style.look("mine").colour


def test_a_new_criterion_has_the_same_look_in_every_run():
    assert style.look("mine") == style.look("mine")
    assert style.look("mine").line == "-."
    assert style.order(["random", "mine", "magnitude", "snr"])[2:] == ["mine", "random"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"height": 3}, "figures.height: unknown key"),
        ({"width": 2}, "figures.width: 2 inches, expected at least 3"),
        ({"font_size": "big"}, "figures.font_size: 'big'"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        style.Settings.of(settings)
