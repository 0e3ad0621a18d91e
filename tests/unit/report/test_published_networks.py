import pytest

from prunescape.report import published_networks
from tests.helpers.figure_maps import LITERATURE


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("method", "way", "columns"),
        ("quantised and coded", "all", "counts"),
        (",12.5,", ",0.5,", "compression >= 1"),
    ],
)
def test_a_faulty_file_of_literature_is_named(old, new, message, tmp_path):
    path = tmp_path / "literature.csv"
    path.write_text(LITERATURE.read_text().replace(old, new))
    with pytest.raises(ValueError, match=rf"literature.csv: .*{message}"):
        published_networks.read(path)
