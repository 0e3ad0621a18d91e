import numpy as np
import pytest

from prunescape.data import own_labels
from prunescape.data.readers.found import Found
from tests.helpers.images import GREY, LABELS, N


def numbered(train, test=None):
    parts = {"train": Found(GREY, train, "x: images", "x: labels")}
    if test is not None:
        parts["test"] = Found(GREY[: len(test)], test, "x: test_images", "x: test_labels")
    labels, classes, names, _ = own_labels.numbered(parts)
    assert all(array.dtype == np.int64 for array in labels.values())
    return labels["train"].tolist(), classes, names


TEN = np.arange(N) % 11


@pytest.mark.parametrize(
    ("labels", "expected", "names"),
    [
        (LABELS, LABELS, None),
        (LABELS.astype(np.float32), LABELS, None),
        (LABELS == 1, LABELS == 1, None),
        (LABELS[:, None], LABELS, None),
        (LABELS[None], LABELS, None),
        (np.eye(3)[LABELS], LABELS, None),
        (np.eye(3, dtype=bool)[LABELS], LABELS, None),
        (LABELS + 1, LABELS, ["1", "2", "3"]),
        (LABELS + 1.0, LABELS, ["1", "2", "3"]),
        (np.array(["cat", "dog", "ant"])[LABELS], (LABELS + 1) % 3, ["ant", "cat", "dog"]),
        (np.array([b"b", b"a", b"c"])[LABELS], [1, 0, 2] * 10, ["a", "b", "c"]),
        (TEN.astype(str), TEN, None),  # numbers in text are ordered as numbers: 2 before 10
        ((TEN + 1).astype(str), TEN, [str(number) for number in range(1, 12)]),
    ],
)
def test_labels_as_people_write_them(labels, expected, names):
    found, classes, told = numbered(labels)
    assert found == np.asarray(expected).astype(int).tolist()
    assert told == names
    assert classes == max(found) + 1


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS - 1, r"-1 \.\. 1, expected integers from 0 on; numpy\.unique"),
        (LABELS * 2, "class 1 has no image"),
        (LABELS + 2, "class 0 has no image"),
        (np.where(LABELS == 1, np.nan, LABELS), "10 are NaN"),
        (LABELS / 2, "expected integers"),
        (LABELS.astype(complex), "complex128, expected integers or text"),
        (np.array([b"\xff", b"a", b"b"])[LABELS], "no UTF-8"),
        (np.array([[0, 1, 1]] * N), "30 rows have no 1 or several"),
        (np.array([[0.2, 0.3, 0.5]] * N), r"labels\.argmax\(1\)"),
        (LABELS[:9], r"\(9,\), expected \(30,\), one for each image"),
        (LABELS.reshape(N, 1, 1), "one for each image"),
    ],
)
def test_other_labels_are_refused(labels, message):
    with pytest.raises(ValueError, match=f"x: labels.*{message}"):
        numbered(labels)


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (LABELS + 1, LABELS, r"test_labels 0 \.\. 2, expected 1 \.\. 3"),
        (LABELS, LABELS + 1, r"test_labels 1 \.\. 3, expected 0 \.\. 2"),
        (LABELS.astype(str), np.array(["x"] * N), "test_labels are text|are numbers, but"),
        (np.array(["a", "b", "c"])[LABELS], np.array(["a", "d"]), "test_labels: 'd', which"),
        (np.eye(3)[LABELS], LABELS, "expected labels of one kind"),
    ],
)
def test_parts_have_the_same_labels(train, test, message):
    with pytest.raises(ValueError, match=message):
        numbered(train, test)


def test_a_test_part_alone_decides_the_classes():
    parts = {"test": Found(GREY, LABELS * 2, "x: images", "x: labels")}
    with pytest.raises(ValueError, match="x: labels: class 1 has no image, but the labels go up"):
        own_labels.numbered(parts)
    parts = {"test": Found(GREY, LABELS + 1, "x: images", "x: labels")}
    assert own_labels.numbered(parts)[2] == ["1", "2", "3"]


def test_a_test_part_may_lack_classes():
    assert numbered(np.array(["a", "b", "c"])[LABELS], np.array(["c", "a"]))[1] == 3
