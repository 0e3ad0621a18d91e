import io
import json

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from prunescape.data import own_images
from tests.helpers.images import COLOUR, LABELS, N


def png(image):
    opened = io.BytesIO()
    Image.fromarray(np.moveaxis(image, 0, 2)).save(opened, "png")
    return opened.getvalue()


PICTURES = [png(image) for image in COLOUR]


def write(path, some=slice(None), column="image", cells=None, names=None):
    """Write pictures and labels as Hugging Face's datasets does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = cells or [{"bytes": picture, "path": None} for picture in PICTURES]
    table = pa.table({column: cells[some], "label": LABELS[some]})
    if names:
        features = {"label": {"names": names, "_type": "ClassLabel"}}
        described = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": described})
    parquet.write_table(table, path)
    return path


@pytest.mark.parametrize(("column", "plain"), [("image", False), ("img", False), ("image", True)])
def test_pictures_in_a_column(tmp_path, column, plain):
    path = write(tmp_path / "x.parquet", column=column, cells=PICTURES if plain else None)
    images, labels = own_images.read(path).parts["train"]
    assert (images == COLOUR).all()
    assert labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize("below", ["", "data/"])
def test_shards_in_a_folder_are_joined_by_part(tmp_path, below):
    write(tmp_path / f"{below}train-00000-of-00002.parquet", slice(0, 14), names=["x", "y", "z"])
    write(tmp_path / f"{below}train-00001-of-00002.parquet", slice(14, 20))
    write(tmp_path / f"{below}validation-00000-of-00001.parquet", slice(20, 24))
    write(tmp_path / f"{below}test-00000-of-00001.parquet", slice(24, N))
    (tmp_path / "README.md").write_text("x")
    read = own_images.read(tmp_path)
    assert (read.parts["train"][0] == COLOUR[:20]).all()
    assert (read.parts["validation"][0] == COLOUR[20:24]).all()
    assert read.parts["test"][1].tolist() == LABELS[24:].tolist()
    assert read.notes[0].endswith("classes by name: 0 is x, 1 is y, 2 is z")


def test_rows_that_are_no_pictures_are_named(tmp_path):
    cells = [{"bytes": each, "path": "x.png"} for each in PICTURES]
    cells[3]["bytes"], cells[7]["bytes"] = None, PICTURES[7][:50]
    path = write(tmp_path / "x.parquet", cells=cells)
    with pytest.raises(
        ValueError, match=r"2 are no readable pictures: row 4 \(0 bytes\), row 8 \("
    ):
        own_images.read(path)


def test_other_columns_are_refused(tmp_path):
    table = pa.table({"image": PICTURES, "fine_label": LABELS, "coarse_label": LABELS})
    parquet.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(
        ValueError, match="columns image, fine_label, coarse_label, expected one of"
    ):
        own_images.read(tmp_path / "x.parquet")
