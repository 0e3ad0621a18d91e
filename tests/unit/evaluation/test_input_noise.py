from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunescape.data import image_rows
from prunescape.evaluation import input_noise
from prunescape.foundations import scratch, streams

KINDS = ["grey_raw", "grey_normalised", "gaussian", "salt_pepper", "occlusion"]
GREYS = {"grey_raw": 0.7469, "grey_normalised": 0.3608 + 0.00002}
STREAM = (2011, "mnist")


def images(n=50, image=(1, 10, 10)):
    """Return images of which no pixel has a value that noise would give it."""
    generator = streams.generator("test", "images", n)
    return generator.uniform(0.4, 0.6, (n, *image)).astype(np.float32)


def corrupt(clean, kind, level):
    return input_noise.corrupt(clean, kind, level, *STREAM)


@pytest.mark.parametrize("kind", [*KINDS, "mnist_c_shot_noise", "cifar_c_gaussian_noise"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_images_in_chunks_and_in_a_file_get_the_same_noise(monkeypatch, kind, dtype):
    bytes_ = streams.generator("test", "bytes").integers(0, 256, (50, 3, 9, 9)).astype(np.uint8)
    clean, level = bytes_ / np.float32(255), "1" if kind.startswith("mnist") else "0.6"
    expected = corrupt(clean, kind, level)
    monkeypatch.setattr(image_rows, "STEP", 7 * clean[0].nbytes)
    monkeypatch.setattr(scratch, "IN_MEMORY", 100)
    found = corrupt(clean if dtype == np.float32 else bytes_, kind, level)
    assert found.dtype == np.float32
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("kind", ["grey_raw", "grey_normalised", "salt_pepper"])
@pytest.mark.parametrize(
    ("level", "pixels"),
    [("0", 0), ("0.004", 0), ("0.05", 5), ("0.29", 29), ("0.57", 57), ("0.999", 99), ("1", 100)],
)
def test_exactly_int_of_area_times_level_pixels_change_in_all_channels(kind, level, pixels):
    # As floats 0.29 * 100 is 28.999999999999996 and 0.57 * 100 is 56.99999999999999.
    clean = images(image=(3, 10, 10))
    changed = corrupt(clean, kind, level) != clean
    assert (changed.any(axis=1) == changed.all(axis=1)).all()
    assert (changed.all(axis=1).sum(axis=(1, 2)) == pixels).all()


def test_the_area_counts_height_times_width():
    clean = images(image=(2, 7, 11))
    changed = corrupt(clean, "grey_raw", "0.50") != clean
    assert (changed.sum(axis=(1, 2, 3)) == 2 * 38).all()


@pytest.mark.parametrize(("kind", "grey"), GREYS.items())
def test_greys(kind, grey):
    clean = images(image=(2, 10, 10))
    corrupted = corrupt(clean, kind, "0.30")
    hit = corrupted != clean
    assert corrupted.dtype == np.float32
    assert np.unique(corrupted[hit]).size == 1
    np.testing.assert_allclose(corrupted[hit][0], grey, atol=1e-5)
    # What the public code set after normalisation is the same number on another scale.
    assert pytest.approx(input_noise.GREY_RAW) == (input_noise.GREY_NORMALISED - 0.1307) / 0.3081


@pytest.mark.parametrize("kind", ["grey_raw", "salt_pepper"])
def test_every_pixel_is_as_likely_to_be_hit(kind):
    n, level = 4000, 0.2
    clean = images(n)
    hit = corrupt(clean, kind, "0.20")[:, 0] != clean[:, 0]
    share = hit.mean(axis=0)
    assert np.abs(share - level).max() < 4.5 * np.sqrt(level * (1 - level) / n)
    # Images are hit in places of their own.
    assert len(np.unique(hit.reshape(n, -1), axis=0)) == n


def test_salt_and_pepper_are_tossed_for_each_pixel():
    clean = images(2000, (2, 10, 10))
    corrupted = corrupt(clean, "salt_pepper", "0.30")
    hit = (corrupted != clean)[:, 0]
    assert set(np.unique(corrupted[:, 0][hit])) == {0.0, 1.0}
    np.testing.assert_array_equal(corrupted[:, 0][hit], corrupted[:, 1][hit])
    n = hit.sum()
    assert corrupted[:, 0][hit].mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(n))
    # The coin of an image is not one for all its pixels: 30 tosses deviate by sqrt(30) / 2.
    heads = np.where(hit, corrupted[:, 0], 0).sum(axis=(1, 2))
    assert heads.std() == pytest.approx(np.sqrt(30) / 2, rel=0.1)


def test_gaussian_noise_has_its_standard_deviation():
    clean = np.full((200, 2, 20, 20), 0.5, dtype=np.float32)
    added = corrupt(clean, "gaussian", "0.10") - clean
    n = added.size
    assert added.std() == pytest.approx(0.1, rel=4 / np.sqrt(2 * n))
    assert added.mean() == pytest.approx(0, abs=4 * 0.1 / np.sqrt(n))
    one, other = added[:, 0].ravel(), added[:, 1].ravel()  # channels are independent
    assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(n / 2)


def test_gaussian_noise_is_clipped():
    white = np.ones((100, 1, 20, 20), dtype=np.float32)
    corrupted = corrupt(white, "gaussian", "0.50")
    assert corrupted.max() == 1
    assert (corrupted == 1).mean() == pytest.approx(0.5, abs=4 * 0.5 / 200)
    assert corrupted.min() == 0  # two standard deviations below 1: 2.3 %
    assert (corrupted == 0).mean() == pytest.approx(0.02275, abs=0.004)


@pytest.mark.parametrize(
    ("image", "level", "side"),
    [
        ((1, 28, 28), "0.10", 9),  # 78.4 pixels: 8.85
        ((1, 28, 28), "0.25", 14),
        ((2, 10, 10), "0.30", 5),  # 5.48
        ((1, 10, 10), "0.31", 6),  # 5.57
        ((1, 10, 10), "0.01", 1),
        ((1, 10, 10), "0.0024", 0),
        ((1, 10, 10), "0.0025", 1),
        ((1, 10, 10), "1", 10),
        ((1, 4, 9), "1", 4),  # no square inside is larger
    ],
)
def test_occlusion_hides_one_square_inside_the_image(image, level, side):
    clean = images(300, image)
    corrupted = corrupt(clean, "occlusion", level)
    hidden = corrupted == 0
    assert (corrupted[~hidden] == clean[~hidden]).all()
    assert (hidden.all(axis=1) == hidden.any(axis=1)).all()
    rows, columns = hidden[:, 0].any(axis=2), hidden[:, 0].any(axis=1)
    assert (rows.sum(axis=1) == side).all()
    assert (columns.sum(axis=1) == side).all()
    np.testing.assert_array_equal(hidden[:, 0], rows[:, :, None] & columns[:, None])
    for line in (rows, columns):
        edges = np.diff(np.pad(line, ((0, 0), (1, 1))).astype(int), axis=1)
        assert ((edges == 1).sum(axis=1) == bool(side)).all()


def test_occlusion_reaches_every_place():
    hidden = corrupt(images(2000), "occlusion", "0.64") == 0
    corners = {(int(top), int(left)) for _, _, top, left in np.argwhere(hidden[:, :, :3, :3])}
    assert corners == {(top, left) for top in range(3) for left in range(3)}
    tops = hidden[:, 0].any(axis=2).argmax(axis=1)
    assert np.bincount(tops, minlength=3) == pytest.approx(2000 / 3, abs=4 * np.sqrt(2000 * 2 / 9))


@pytest.mark.parametrize("kind", KINDS)
def test_level_0_changes_nothing(kind):
    clean = images()
    np.testing.assert_array_equal(corrupt(clean, kind, "0"), clean)


def test_level_1_leaves_nothing():
    clean = images()
    for kind, grey in GREYS.items():
        np.testing.assert_allclose(corrupt(clean, kind, "1"), grey, atol=1e-5)
    assert set(np.unique(corrupt(clean, "salt_pepper", "1"))) == {0, 1}
    assert not corrupt(clean, "occlusion", "1").any()


@pytest.mark.parametrize("kind", KINDS)
def test_the_name_of_the_stream_decides_whatever_was_drawn_before(kind):
    clean = images()
    before = clean.copy()
    first = corrupt(clean, kind, "0.30")
    for other in KINDS:
        corrupt(images(20), other, "0.30")
    np.testing.assert_array_equal(corrupt(clean, kind, "0.30"), first)
    np.testing.assert_array_equal(clean, before)
    assert (input_noise.corrupt(clean, kind, "0.30", 2011, "digits") != first).any()
    assert (input_noise.corrupt(clean, kind, "0.30", 2012, "mnist") != first).any()


def test_kinds_and_levels_hit_places_of_their_own():
    clean = images(400)
    hit = [
        corrupt(clean, kind, level) != clean
        for kind, level in [("grey_raw", "0.50"), ("grey_normalised", "0.50"), ("grey_raw", "0.51")]
    ]
    for one, other in [(0, 1), (0, 2), (1, 2)]:
        assert (hit[one] & hit[other]).mean() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_places_whatever_the_images_show(kind):
    one, other = images(), 1 - images()
    ones, others = corrupt(one, kind, "0.30"), corrupt(other, kind, "0.30")
    if kind == "gaussian":
        inside = (ones > 0) & (ones < 1) & (others > 0) & (others < 1)
        np.testing.assert_allclose((ones - one)[inside], (others - other)[inside], atol=1e-6)
    else:
        np.testing.assert_array_equal(ones != one, others != other)


@pytest.mark.parametrize("kind", ["grey_raw", "gaussian"])
def test_two_spellings_of_a_level_are_one_noise(kind):
    assert Decimal("0.3") == Decimal("0.30")
    clean = images()
    np.testing.assert_array_equal(corrupt(clean, kind, "0.3"), corrupt(clean, kind, "0.30"))


class Tied:
    """A generator whose keys have few values, as keys in single precision sometimes do."""

    def __init__(self, values):
        self._stream, self._values = streams.generator("test", "tied", values), values

    def random(self, shape, dtype):
        return (self._stream.integers(0, self._values, shape) / self._values).astype(dtype)

    def integers(self, low, high, shape):
        return self._stream.integers(low, high, shape)


@pytest.mark.parametrize("values", [1, 3, 40, 2**24])
@pytest.mark.parametrize("kind", ["grey_raw", "salt_pepper"])
@pytest.mark.parametrize("level", ["0.01", "0.29", "0.50", "0.99", "1"])
def test_of_equal_keys_the_pixel_that_comes_first_is_taken(monkeypatch, values, kind, level):
    # The plain way: a stable sort of every image's keys. Coins go to positions in their order.
    tied, plain = Tied(values), Tied(values)
    monkeypatch.setattr(streams, "generator", lambda *_: tied)
    clean = np.full((60, 2, 10, 10), 0.5, np.float32)
    noisy = corrupt(clean, kind, level)
    expected, k = clean.copy(), int(Decimal(level) * 100)
    chosen = np.sort(plain.random((60, 100), np.float32).argsort(axis=1, kind="stable")[:, :k])
    coins = plain.integers(0, 2, 60 * k).reshape(60, k)
    for image, places, of_image in zip(expected, chosen, coins, strict=True):
        for place, coin in zip(places, of_image, strict=True):
            value = coin if kind == "salt_pepper" else input_noise.GREY_RAW
            image[:, place // 10, place % 10] = value
    np.testing.assert_array_equal(noisy, expected)


@given(
    st.sampled_from(KINDS),
    st.integers(1, 100).map(lambda hundredths: f"{hundredths / 100:.2f}"),
    st.tuples(st.integers(1, 6), st.sampled_from([1, 3]), st.integers(1, 9), st.integers(1, 9)),
)
@settings(max_examples=80)
def test_noise_of_any_kind_level_and_shape(kind, level, shape):
    clean = streams.generator("test", *shape).random(shape, np.float32)
    before = clean.copy()
    noisy = input_noise.corrupt(clean, kind, level, *STREAM)
    assert np.array_equal(clean, before)
    assert (noisy.shape, noisy.dtype) == (shape, np.float32)
    assert noisy.min() >= 0
    assert noisy.max() <= 1
    assert np.array_equal(noisy, input_noise.corrupt(clean, kind, f"{level}0", *STREAM))
    if kind in ("grey_raw", "grey_normalised", "salt_pepper"):
        hit = (noisy != clean).any(axis=1).sum(axis=(1, 2))
        assert (hit == int(Decimal(level) * shape[2] * shape[3])).all()


@pytest.fixture
def own(tmp_path):
    """Return a function that corrupts images by a function of the user, of a body."""

    def noise(body):
        path = tmp_path / "sensor.py"
        path.write_text(
            "import random, time\nimport numpy as np\nSEEN = []\n"
            f"def noise(images, level, generator):\n    {body}\n"
        )
        named = {"mine": f"{path}:noise"}
        return input_noise.corrupt(images(), "mine", "0.50", *STREAM, own=named)

    return noise


def test_a_users_noise_is_a_function_of_the_stream(own):
    noise = "return images * (generator.random(images.shape, np.float32) < level)"
    found = own(noise)
    np.testing.assert_array_equal(found, own(noise))
    assert 0.45 < (found == 0).mean() < 0.55
    clean = images()
    np.testing.assert_array_equal(own("images *= 0; return images"), 0 * clean)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("1 / 0", r"sensor.py, line 5: ZeroDivisionError: division by zero$"),
        ("raise SystemExit", r"sensor.py, line 5: it ends the program \(SystemExit\)$"),
        (
            "return images * np.random.rand()",
            r"sensor.py: noise draws from the global random numbers of numpy.random, which no seed "
            "of the run decides; allowed: the parameter generator$",
        ),
        ("return images * random.random()", r"global random numbers of random, "),
        ("return images * np.random.default_rng().random()", "other images when it is called agai"),
        ("SEEN.append(1); return images / len(SEEN)", "other images when it is called again"),
        ("return images[:1]", r"returns \[1, 1, 10, 10\] float32, expected \[50, 1, 10, 10\]"),
    ],
)
def test_what_a_users_noise_does_wrong_is_told_in_one_line(own, body, problem):
    with pytest.raises(ValueError, match=problem) as raised:
        own(body)
    assert str(raised.value).startswith("noise ")
    assert "\n" not in str(raised.value)
