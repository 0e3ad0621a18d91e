import numpy as np
import pytest

from prunescape.data import image_rows
from prunescape.data.image_rows import Rows

ARRAY = np.arange(20 * 3 * 4 * 5, dtype=np.uint16).reshape(20, 3, 4, 5)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(image_rows, "STEP", 3 * ARRAY[0].nbytes)


def channels_last(folder):
    """Return a memory map whose images are `ARRAY`'s, with the channels last in the file."""
    path = folder / "images.npy"
    np.save(path, np.moveaxis(ARRAY, 1, 3))
    return np.moveaxis(np.load(path, mmap_mode="r"), 3, 1)


def test_rows_are_those_of_the_array(tmp_path):
    rows = Rows.of(channels_last(tmp_path))
    assert (rows.shape, rows.dtype, len(rows)) == (ARRAY.shape, ARRAY.dtype, 20)
    np.testing.assert_array_equal(rows, ARRAY)
    np.testing.assert_array_equal(rows[4:9], ARRAY[4:9])
    np.testing.assert_array_equal(list(rows), list(ARRAY))
    assert [len(chunk) for chunk in rows.chunks()] == [3] * 6 + [2]
    assert b"".join(chunk.data for chunk in rows.chunks()) == ARRAY.tobytes()


def test_rows_are_drawn_changed_and_drawn_again(tmp_path):
    rows = Rows.of(channels_last(tmp_path))
    places, again = np.array([7, 0, 19, 7]), np.array([3, 2])
    changed = rows.take(places).changed(lambda images: (images[:, :1] / 2).astype(np.float32))
    expected = (ARRAY[places][:, :1] / 2).astype(np.float32)
    assert (changed.shape, changed.dtype) == ((4, 1, 4, 5), np.float32)
    np.testing.assert_array_equal(changed, expected)
    np.testing.assert_array_equal(image_rows.taken(changed, again), expected[again])
    np.testing.assert_array_equal(image_rows.taken(expected, again), expected[again])
    assert list(rows.take(np.array([], int)).chunks()) == []


def test_parts_follow_each_other(tmp_path):
    rows = Rows.of(channels_last(tmp_path))
    other = ARRAY[:4] + 1
    found = image_rows.joined([rows, other, rows])
    expected = np.concatenate([ARRAY, other, ARRAY])
    assert isinstance(found, Rows)
    np.testing.assert_array_equal(found, expected)
    order = np.random.default_rng(1).permutation(len(expected))
    np.testing.assert_array_equal(found.take(order), expected[order])
    np.testing.assert_array_equal(image_rows.joined([ARRAY, other]), expected[:24])


def test_nothing_is_read_before_it_is_asked_for():
    def read(places):
        asked.extend(places)
        return ARRAY[places]

    asked = []
    rows = Rows(ARRAY.shape, ARRAY.dtype, read).take(np.arange(19, -1, -1))
    rows = image_rows.joined([rows, rows]).changed(lambda images: images + 1)
    assert not asked
    np.testing.assert_array_equal(rows[18:21], ARRAY[[1, 0, 19]] + 1)
    assert sorted(asked) == [0, 1, 19]
