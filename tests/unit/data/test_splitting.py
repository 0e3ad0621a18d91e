import re

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from prunescape.data import datasets, image_rows, own_images, splitting
from prunescape.data.readers.preparing import Preparation
from tests.helpers.raw_files import DIGITS, numbers, write_raw


@pytest.fixture
def raw(tmp_path):
    """MNIST's four raw files and sizes, with numbered images."""
    return write_raw(tmp_path / "raw", 60_000, 10_000)


def test_official_split_keeps_the_test_set(raw):
    parts = datasets.read_raw(raw)
    split = splitting.split(parts, "mnist", "official", 100)
    found = {name: numbers(part) for name, part in split.items()}
    assert {name: len(n) for name, n in found.items()} == {
        "train": 54_000,
        "validation": 6_000,
        "test": 10_000,
    }
    assert (found["test"] == np.arange(60_000, 70_000)).all()
    fitted = np.concatenate([found["train"], found["validation"]])
    assert (np.sort(fitted) == np.arange(60_000)).all()
    # Shuffled: the validation set is a fair sample, and hardly anything is where it was.
    assert 28_000 < found["validation"].mean() < 32_000
    assert (fitted == np.arange(60_000)).mean() < 0.001


def test_pooled_split_takes_the_test_set_from_the_shuffled_whole(raw):
    split = splitting.split(datasets.read_raw(raw), "mnist", 21_000, 100)
    found = {name: numbers(part) for name, part in split.items()}
    assert [len(n) for n in found.values()] == [44_100, 4_900, 21_000]
    assert (np.sort(np.concatenate(list(found.values()))) == np.arange(70_000)).all()
    # One image in seven comes from the official test set: standard deviation 42.
    assert abs((found["test"] >= 60_000).sum() - 3_000) < 210


def test_split_is_a_function_of_source_and_seed(tmp_path):
    parts = datasets.read_raw(write_raw(tmp_path / "raw", 900, 100))

    def validation(source="mnist", seed=1, test=100):
        return numbers(splitting.split(parts, source, test, seed)["validation"]).tolist()

    assert validation() == validation()
    assert validation() != validation(seed=2)
    assert validation() != validation(source="fashion_mnist")


def test_digits():
    images, labels = datasets.read_raw([DIGITS])["train"]
    assert images.shape == (1797, 1, 8, 8)
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0, 1)
    # The file's first line, in sixteenths.
    assert (images[0, 0, 0] * 16).tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert labels[:11].tolist() == [*range(10), 0]
    split = splitting.split({"train": (images, labels)}, "digits", 540, 42)
    assert [len(part[1]) for part in split.values()] == [1131, 126, 540]
    seen = np.concatenate([part[0] for part in split.values()]).reshape(1797, 64)
    assert (np.unique(seen, axis=0) == np.unique(images.reshape(1797, 64), axis=0)).all()


def test_a_split_by_sklearn_is_sklearns_own(tmp_path, raw):
    """Training and test set in its order; the end of the training set is for validation."""
    digits = datasets.read_raw([DIGITS])
    whole = {"digits": (digits, 540, 0.3, 42), "mnist": (datasets.read_raw(raw), 21_000, 0.3, 100)}
    for source, (parts, test, share, seed) in whole.items():
        images = np.concatenate([part[0] for part in parts.values()])
        labels = np.concatenate([part[1] for part in parts.values()])
        expected = train_test_split(images, labels, test_size=share, random_state=seed)
        found = splitting.split(parts, source, test, seed, "sklearn")
        fitted = [np.concatenate([found["train"][i], found["validation"][i]]) for i in (0, 1)]
        for ours, theirs in zip((*fitted, *found["test"]), (0, 2, 1, 3), strict=True):
            np.testing.assert_array_equal(ours, expected[theirs])
    with pytest.raises(ValueError, match="found official with split: sklearn; allowed: a number"):
        splitting.split(datasets.read_raw(raw), "mnist", "official", 1, "sklearn")


def test_the_digits_of_the_public_code_have_61_pixels_that_change():
    found = splitting.split(datasets.read_raw([DIGITS]), "digits", 540, 42, "sklearn")
    fitted = np.concatenate([found["train"][0], found["validation"][0]]).reshape(1257, 64)
    assert (fitted.std(0) > 0).sum() == 61


@pytest.mark.parametrize("test", ["official", 0, 1788, -5])
def test_impossible_test_sets(test):
    parts = datasets.read_raw([DIGITS])
    with pytest.raises(ValueError, match=r"datasets\.<name>\.test: .*digits"):
        splitting.split(parts, "digits", test, 42)


def test_images_that_stand_in_both_parts_are_counted():
    images = np.random.default_rng(1).integers(0, 256, (9, 3, 4, 4), dtype=np.uint8)
    held_out = np.concatenate([images[:2], images[:1], 255 - images[:4]])
    assert splitting.repeated(held_out, [images[5:], images[:5]]) == 3
    assert splitting.repeated(held_out, [images[5:]]) == 0


@pytest.mark.parametrize(("test", "expected"), [("official", 5), (5, 0)])
def test_of_an_official_training_set_images_that_are_left_out_count_too(test, expected):
    images = (np.arange(40 * 16) // 16).astype(np.uint8).reshape(40, 1, 4, 4)  # all different
    labels = np.arange(40) % 4
    parts = {"train": (images, labels), "test": (images[:5], labels[:5])}
    splits = splitting.split(parts, "own", "official", 1, train=20)
    if test == 5:  # a source without a test set
        parts = {"train": parts["train"]}
        splits = splitting.split(parts, "own", test, 1)
    assert splitting.repeated_in_test(splits, parts) == expected


def test_learning_from_some_images_leaves_the_official_test_set(raw):
    parts = datasets.read_raw(raw)
    few = splitting.split(parts, "mnist", "rest", 100, train=500)
    assert [len(labels) for _, labels in few.values()] == [450, 50, 10_000]
    whole = splitting.split(parts, "mnist", "official", 100)
    # The first of the same order, so that more images are these and others.
    assert numbers(few["train"]).tolist() == numbers(whole["train"])[:450].tolist()
    assert numbers(few["validation"]).tolist() == numbers(whole["train"])[450:500].tolist()
    assert (numbers(few["test"]) == numbers(whole["test"])).all()


def test_without_a_test_set_all_images_are_evaluated_but_those_that_are_learnt_from():
    parts = datasets.read_raw([DIGITS])
    found = splitting.split(parts, "digits", "rest", 1, train=100)
    assert [len(labels) for _, labels in found.values()] == [90, 10, 1697]
    number = splitting.split(parts, "digits", 1697, 1)
    assert (found["test"][0] == number["test"][0]).all()


@pytest.mark.parametrize("train", [9, 1797, None])
def test_too_few_and_too_many_images_to_learn_from(train):
    with pytest.raises(
        ValueError, match=r"datasets.<name>.train: .* test set|expected 10 \.\. 1796"
    ):
        splitting.split(datasets.read_raw([DIGITS]), "digits", "rest", 1, train=train)


def numbered(first, last):
    """Return a part of images that are all different, numbered from first to last - 1."""
    numbers = np.arange(first, last, dtype=np.uint16)
    images = np.repeat(numbers.view(np.uint8).reshape(-1, 1, 1, 2), 2, 2)
    return images, (numbers % 3).astype(np.int64)


def of(part):
    """Return the numbers of a part's images."""
    images, labels = part
    found = images[:, 0, 0].copy().view(np.uint16)[:, 0]
    assert (found % 3 == labels).all()
    return found.tolist()


TRAIN, VALIDATION, TEST = numbered(0, 200), numbered(300, 340), numbered(500, 600)


@pytest.mark.parametrize(
    ("parts", "test", "drawn_from", "evaluated"),
    [
        ({"train": TRAIN}, "rest", TRAIN, 170),
        ({"train": TRAIN}, 50, TRAIN, 50),
        ({"train": TRAIN, "test": TEST}, "official", TRAIN, 100),
        ({"train": TRAIN, "validation": VALIDATION, "test": TEST}, "rest", TRAIN, 100),
        ({"test": TEST}, "official", TEST, 70),
        ({"test": TEST}, "rest", TEST, 70),
        ({"test": TEST}, 60, TEST, 60),
        ({"validation": VALIDATION}, "rest", VALIDATION, 10),
        ({"validation": VALIDATION, "test": TEST}, "official", VALIDATION, 100),
    ],
)
def test_calibration_images_are_drawn_and_never_evaluated(parts, test, drawn_from, evaluated):
    made = splitting.split(parts, "own", test, 1, train=0, calibration=30)
    found = {name: of(part) for name, part in made.items()}
    assert {name: len(numbers) for name, numbers in found.items()} == {
        "calibration": 30,
        "test": evaluated,
    }
    apart = set(found["calibration"])
    assert len(apart) == 30
    assert apart <= set(of(drawn_from))
    assert not apart & set(found["test"])
    assert len(set(found["test"])) == evaluated
    # By the seed, and by nothing else: neither their number nor what lies beside moves an image.
    assert (
        of(splitting.split(parts, "own", test, 1, train=0, calibration=30)["calibration"])
        == (found["calibration"])
    )
    other = splitting.split(parts, "own", test, 2, train=0, calibration=30)
    assert of(other["calibration"]) != found["calibration"]
    fewer = splitting.split(parts, "own", test, 1, train=0, calibration=9)
    assert of(fewer["calibration"]) == found["calibration"][:9]
    nothing = splitting.split(parts, "own", test, 1, train=0)
    assert of(nothing["calibration"]) == []
    assert nothing["calibration"][0].shape == (0, 1, 2, 2)


def test_images_to_evaluate_stay_in_their_order_without_those_for_calibration():
    made = splitting.split({"test": TEST}, "own", "official", 1, train=0, calibration=30)
    assert of(made["test"]) == [n for n in of(TEST) if n not in of(made["calibration"])]
    alone = splitting.split({"test": TEST}, "own", "official", 1, train=0)
    assert (alone["test"][0] == TEST[0]).all()


def test_beside_a_training_the_next_images_of_its_part_are_set_apart():
    parts = {"train": TRAIN, "test": TEST}
    made = splitting.split(parts, "own", "official", 1, train=50, calibration=30)
    plain = splitting.split(parts, "own", "official", 1, train=50)
    assert list(made) == ["train", "validation", "calibration", "test"]
    for name, part in plain.items():  # what is learnt and evaluated doesn't change
        assert of(made[name]) == of(part)
    whole = splitting.split(parts, "own", "official", 1)
    order = of(whole["train"]) + of(whole["validation"])
    assert of(made["calibration"]) == order[50:80]
    rest = splitting.split(parts, "own", "official", 1, calibration=30)
    assert of(rest["calibration"]) == order[-30:]
    assert of(rest["train"]) + of(rest["validation"]) == order[:-30]
    ranked = splitting.split(parts, "own", "official", 1, train=0, calibration=30)
    assert of(ranked["calibration"]) == order[:30]


def test_calibration_under_sklearns_split_leaves_its_test_set():
    parts = {"train": TRAIN}
    plain = splitting.split(parts, "own", 60, 1, "sklearn")
    made = splitting.split(parts, "own", 60, 1, "sklearn", 0, 30)
    assert of(made["test"]) == of(plain["test"])
    assert of(made["calibration"]) == of(plain["train"])[:30]
    with pytest.raises(ValueError, match=r"test: 200 of own's 200 images, expected 1 \.\. 199"):
        splitting.split(parts, "own", 200, 1, "sklearn", 0)


@pytest.mark.parametrize(
    ("parts", "settings", "message"),
    [
        ({"test": TEST}, {}, "train: found nothing, but own has no images to learn from (it has "),
        ({"test": TEST}, {"train": 20}, "train: found 20, but own has no images to learn from "),
        ({"validation": VALIDATION, "test": TEST}, {}, "(it has validation and test); allowed: 0"),
        (
            {"train": TRAIN},
            {"train": 0},
            "test: own has no official test set, expected a number, or rest beside",
        ),
        ({"test": TEST}, {"train": 0, "calibration": 100}, "100 of own's images, expected at mo"),
        (
            {"train": TRAIN, "test": TEST},
            {"calibration": 191},
            "calibration: 191 of own's images, expected at most 190",
        ),
        (
            {"train": TRAIN, "test": TEST},
            {"train": 171, "calibration": 30},
            "train: 171 of own's images, expected 10 .. 170",
        ),
    ],
)
def test_images_that_are_not_there_are_a_line(parts, settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        splitting.split(parts, "own", "official", 1, **settings)


def test_evaluated_images_that_are_copies_of_calibration_images_are_counted():
    images = np.concatenate([TEST[0], TEST[0][:40]])
    parts = {"test": (images, np.zeros(140, np.int64))}
    made = splitting.split(parts, "own", "official", 1, train=0, calibration=30)
    apart = {image.tobytes() for image in made["calibration"][0]}
    expected = sum(image.tobytes() in apart for image in made["test"][0])
    assert expected > 0
    assert splitting.repeated_in_test(made, parts) == expected


BYTES = np.random.default_rng(3).integers(0, 256, (45, 6, 5, 3)).astype(np.uint8)
OPAQUE = np.concatenate([BYTES, np.full((45, 6, 5, 1), 255, np.uint8)], axis=3)
KINDS = {
    "bytes": BYTES,
    "channels first": np.moveaxis(BYTES, 3, 1).copy(),
    "grey": BYTES[..., 0].copy(),
    "two values": (BYTES > 127)[..., 0],
    "with alpha": OPAQUE,
    "whole floats": BYTES.astype(np.float64),
    "floats": BYTES / 255,
    "rounded beyond": (BYTES / 255 * 1.00005).astype(np.float32),
    "16 bits": BYTES.astype(np.uint16) * 257,
    "columns first": np.asfortranarray(BYTES[..., 0]),
    "rows": BYTES[:, :5, :, 0].reshape(45, 25).copy(),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("test", [12, "official"])
@pytest.mark.parametrize("how", [Preparation(), Preparation(colour=True)])
def test_mapped_images_are_divided_into_the_same_bytes(tmp_path, monkeypatch, kind, test, how):
    monkeypatch.setattr(image_rows, "STEP", 700)
    images, labels = KINDS[kind], np.arange(45) % 3
    arrays = {"images": images, "labels": labels}
    arrays |= {"test_images": images[:20], "test_labels": labels[:20]}
    (tmp_path / "apart").mkdir()
    for name, array in arrays.items():
        np.save(tmp_path / "apart" / f"{name}.npy", array)
    np.savez(tmp_path / "together.npz", **arrays)
    written = []
    for source in ("together.npz", "apart"):
        read = own_images.read(tmp_path / source, how)
        assert isinstance(read.parts["train"][0], image_rows.Rows) == (source == "apart")
        parts = splitting.split(read.parts, "mine", test, 1)
        repeated = splitting.repeated_in_test(parts, read.parts)
        for name, part in parts.items():
            path = tmp_path / f"{name}.safetensors"
            datasets.write(path, part, "mine", name, "mine", 3, repeated=repeated)
        read = [tmp_path / f"{name}.safetensors" for name in parts]
        written.append([path.read_bytes() for path in read])
    assert repeated > 0
    assert written[0] == written[1]
