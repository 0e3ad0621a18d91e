"""A report of claims whose text is code has none of that code in it."""

import base64
import re

import pytest
import yaml

from tests.workflow.test_elsewhere import SNAKEMAKE, Elsewhere

pytestmark = pytest.mark.slow

CODE = (
    "x\n\n.. raw:: html\n\n   <script>alert('hostile')</script>\n\n.. include:: secret.txt\n\n"
    "</script><script>alert('hostile')</script> `a <javascript:hostile>`_ \x1b]0;hostile\x07"
)


def test_a_report_of_hostile_claims(source, tmp_path):
    place = Elsewhere(tmp_path / "hostile")
    place.root.mkdir()
    (place.root / "secret.txt").write_text("not for the report\n", encoding="utf-8")
    claim = {
        "study": "one",
        "origin": "this project",
        "statistic": {"measure": "accuracy", "of": {"criterion": "none"}},
        "comparison": ">=",
        "margin": 1,
    }
    texts = {"source": CODE, "statement": CODE}
    stated = [claim | texts | {"id": CODE}, claim | texts | {"id": "left_out"}]
    (place.root / "claims.yaml").write_text(yaml.safe_dump(stated), encoding="utf-8")
    config = place.settings | {"claims": ["claims.yaml"], "not_tested": {"left_out": CODE}}
    (place.root / "mine.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = (*SNAKEMAKE, "-s", f"{source.root}/Snakefile", "--configfile", "mine.yaml")

    done = place.run(*command)
    assert done.status == 0, done.output
    done = place.run(*command, "--report", "report.html")
    assert done.status == 0, done.output

    page = (place.root / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(" in page  # it is shown
    assert not re.search(r"<script>\s*alert\(", page)
    assert not re.search(r"</script>\s*<script>alert", page)
    assert 'href="javascript:' not in page
    assert "not for the report" not in page
    explorer = (place.root / "results/one/explorer.html").read_text(encoding="utf-8")
    assert "hostile" not in explorer  # but in what its script unpacks, and shows as text
    assert base64.b64encode(b"not for the report") not in page.encode()
