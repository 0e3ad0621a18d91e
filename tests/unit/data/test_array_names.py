import pytest

from prunescape.data import array_names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("images", ("train", "images")),
        ("y", ("train", "labels")),
        ("x_train", ("train", "images")),
        ("yTest", ("test", "labels")),
        ("train_images", ("train", "images")),
        ("VAL_LABELS", ("validation", "labels")),
        ("testing/data", ("test", "images")),
        ("valid-targets", ("validation", "labels")),
        ("pixels", None),
        ("label_names", None),
        ("train", None),
        ("train_images_test", None),
        ("images2", None),
    ],
)
def test_a_name_says_part_and_role(name, expected):
    assert array_names.meaning(name) == expected


def test_the_first_part_is_that_to_learn_from_or_the_next():
    assert array_names.first_part({"test": 1, "validation": 2, "train": 3}) == "train"
    assert array_names.first_part(["test", "validation"]) == "validation"
    assert array_names.first_part(["test"]) == "test"


def test_a_files_name_says_a_part_by_a_whole_word():
    assert array_names.part_in("train-00000-of-00002.parquet") == "train"
    assert array_names.part_in("mnist_TEST.csv.gz") == "test"
    assert array_names.part_in("training.csv") == "train"
    assert array_names.part_in("restrained_latest.csv") is None
    assert array_names.part_in("train_test.csv") is None
