"""The explorer's page: what travels in it, and what is refused."""

import base64
import gzip
import json

import pytest

from prunescape.explorer import page


def test_contents_travel_unchanged_and_to_the_same_bytes():
    packed = page.pack({"text": "μ </script>", "none": None})
    assert json.loads(gzip.decompress(base64.b64decode(packed))) == {
        "text": "μ </script>",
        "none": None,
    }
    assert packed == page.pack({"text": "μ </script>", "none": None})
    with pytest.raises(ValueError, match="not JSON compliant"):
        page.pack({"x": float("nan")})


def test_a_script_cannot_end_its_element_early():
    with pytest.raises(ValueError, match="its own closing tag"):
        page.compose({"run": "r"}, "$title", [], ["'</SCRIPT>'"])


def test_a_run_is_written_as_text():
    text = page.compose({"run": "<i>"}, "$title", [], [])
    assert text == "prunescape: run &lt;i&gt;"


def test_a_page_has_all_that_it_needs_in_its_order():
    template = "$title|$styles|$scripts|$contents"
    text = page.compose({"run": "r"}, template, ["a{}", "b{}"], ["one()", "two()"])
    title, styles, scripts, contents = text.split("|", 3)
    assert title == "prunescape: run r"
    assert styles == "a{}\nb{}"
    assert scripts == "<script>\none()</script>\n<script>\ntwo()</script>"
    assert contents == page.pack({"run": "r"})
    with pytest.raises(ValueError, match="its own closing tag"):
        page.compose({"run": "r"}, "$title", ["</style>"], [])
