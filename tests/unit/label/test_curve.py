"""The curve of a label as text of a page."""

import xml.etree.ElementTree as ElementTree

from prunescape.label import curve
from tests.helpers.label import label


def test_the_curve_is_one_element_with_reproducible_text():
    found = label()
    drawn = curve.svg(found["methods"], [0.5, 1, 2])
    assert drawn.startswith("<svg")
    assert drawn == curve.svg(found["methods"], [0.5, 1, 2])
    root = ElementTree.fromstring(drawn)
    assert root.tag.endswith("svg")
    fewer = curve.svg(found["methods"][:1], [0.5, 1, 2])
    assert len(fewer) < len(drawn)
