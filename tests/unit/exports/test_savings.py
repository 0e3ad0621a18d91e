"""What sparsity buys, beside the dense networks."""

import pytest
from docutils.core import publish_doctree

from prunescape.exports import savings
from prunescape.report import front_page
from tests.helpers.exported import measured


def test_sizes_are_beside_the_dense_networks():
    found = measured().set_index(["form", "quantity", "way", "batch"])[["relative", "buys"]]
    assert found.loc[("masked", savings.BYTES, "dense", 0)].tolist() == [1, False]
    assert found.loc[("masked", savings.BYTES, "csr", 0)].tolist() == [0.5, True]
    # Latency is compared with the faster dense runtime; quartiles that overlap buy nothing.
    assert found.loc[("masked", savings.LATENCY, "torch CSR", 1)].tolist() == [1.5, False]
    assert not found.loc[("compact", savings.LATENCY, "onnxruntime", 1)]["buys"]
    assert found.loc[("compact", savings.LATENCY, "torch dense", 1)]["buys"]
    assert found.loc[("masked", savings.MULTIPLY_ADDS, "all weights", 1)]["relative"] == 1


def test_the_front_page_says_where_sparsity_buys_nothing(tmp_path):
    measured().to_csv(tmp_path / "sizes.csv", index=False)
    text = front_page.savings(savings.read(tmp_path / "sizes.csv"))
    document = publish_doctree(text, settings_overrides={"report_level": 1, "halt_level": 2})
    said = document.astext().replace("\n", " ")
    bought, nothing = said.split("It buys nothing in: ")
    assert "small (x, 90 % of the weights removed). It buys: " in bought
    assert "bytes (masked, csr) 50 %" in bought
    assert "latency (masked, torch CSR, batch 1) 150 %" in nothing
    assert "multiply-adds (masked, all weights) 100 %" in nothing


def test_sizes_with_other_columns_are_refused(tmp_path):
    (tmp_path / "sizes.csv").write_text("export,value\n")
    with pytest.raises(ValueError, match=r"sizes.csv: expected the columns"):
        savings.read(tmp_path / "sizes.csv")
