import gzip

import numpy as np
import pytest

from prunescape.data import own_images
from tests.helpers.images import LABELS, OPENML, SQUARE, N, table

HALF = gzip.compress(b"a", mtime=0)[:9]


def check(path, test=None):
    read = own_images.read(path)
    images, labels = read.parts["train"]
    assert images.dtype == np.uint8
    assert (images[:, 0] == SQUARE).all()
    assert labels.tolist() == LABELS.tolist()
    return read


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
@pytest.mark.parametrize(
    "frame",
    [
        OPENML,
        table([f"pixel{i}" for i in range(25)], "label")[
            ["label", *(f"pixel{i}" for i in range(25))]
        ],
        table([f"{row}x{column}" for row in range(1, 6) for column in range(1, 6)], "label"),
        OPENML[sorted(OPENML.columns)],  # pixel1, pixel10, pixel11, ...
        OPENML.astype(float),
        OPENML.assign(id=range(N)),
    ],
    ids=["openml", "kaggle", "rows and columns", "sorted as text", "floats", "numbered"],
)
def test_tables_as_people_have_them(tmp_path, suffix, frame):
    path = tmp_path / f"mnist_784.{suffix}"
    frame.to_parquet(path) if suffix == "parquet" else frame.to_csv(path, index=False)
    check(path)


def test_floats_stay_floats(tmp_path):
    frame = (OPENML.drop(columns="class") / 255).assign(label=LABELS)
    frame.to_csv(tmp_path / "t.csv", index=False)
    images, _ = own_images.read(tmp_path / "t.csv").parts["train"]
    assert np.allclose(images[:, 0], SQUARE / 255, atol=1e-7)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (OPENML.drop(columns="class"), "0 columns of labels, expected a column class or label"),
        (OPENML.assign(label=1), "labels in class, label"),
        (OPENML.assign(note=1), "columns 'note', expected"),
        (OPENML.drop(columns="pixel7"), "go from 1 to 25, but there are 24"),
        (OPENML.assign(x3=1), "several names"),
        (OPENML.assign(pixel3=np.nan), "row 1 has no number in column of pixel 3"),
        (OPENML.assign(pixel3="x"), "no readable|pixel"),
        (OPENML.drop(columns=[f"pixel{i}" for i in range(21, 26)]), r"numpy\.savez"),
        (OPENML[:0], "no rows"),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_other_tables_are_refused(tmp_path, suffix, frame, message):
    path = tmp_path / f"t.{suffix}"
    frame.to_parquet(path) if suffix == "parquet" else frame.to_csv(path, index=False)
    with pytest.raises(ValueError, match=rf"t\.{suffix}: .*({message})"):
        own_images.read(path)


def test_a_table_without_names_is_told_how_to_convert(tmp_path):
    OPENML[["class", *OPENML.columns[:-1]]].to_csv(tmp_path / "t.csv", index=False, header=False)
    with pytest.raises(ValueError, match=r"has numbers, not names: t = numpy\.loadtxt"):
        own_images.read(tmp_path / "t.csv")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00", HALF])
@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_damaged_tables_are_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name}: ") as told:
        own_images.read(tmp_path / name)
    assert "\n" not in str(told.value)
