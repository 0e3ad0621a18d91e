import gzip

import numpy as np
import pytest

from prunescape.data import own_images
from prunescape.data.readers import csv_tables
from tests.helpers.images import LABELS, OPENML, SQUARE, N


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_text_and_a_mark_in_front(tmp_path, separator):
    labels = np.array(["b", "a,", "c"])[LABELS]
    frame = OPENML.assign(**{"class": labels})
    frame.to_csv(tmp_path / "t.csv", index=False, sep=separator, encoding="utf-8-sig", quoting=1)
    read = own_images.read(tmp_path / "t.csv")
    assert read.names == ["a,", "b", "c"]
    assert (read.parts["train"][0][:, 0] == SQUARE).all()


def test_a_table_larger_than_a_block_keeps_its_rows(tmp_path, monkeypatch):
    OPENML.to_csv(tmp_path / "t.csv", index=False)
    monkeypatch.setattr(csv_tables, "BLOCK", 500)  # some rows
    found, notes = csv_tables.read(tmp_path / "t.csv")
    assert np.array_equal(found.images, SQUARE.reshape(N, 25))
    assert found.labels.tolist() == [str(label) for label in LABELS]
    assert notes == []


def test_a_compressed_table_that_ends_early_is_named(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(OPENML.to_csv(index=False).encode(), mtime=0)[:-20])
    with pytest.raises(ValueError, match=r"t\.csv\.gz: no readable CSV file \("):
        csv_tables.read(path)


def test_a_missing_table_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"t\.csv"):
        csv_tables.read(tmp_path / "t.csv")
