"""The page of a label says what label.json has, and no more."""

import re
from html.parser import HTMLParser

import pytest

from prunescape.label import page
from tests.helpers.label import N, label
from tests.helpers.places import ROOT

TEMPLATE, STYLES = (
    (ROOT / f"workflow/resources/label/page.{kind}").read_text(encoding="utf-8")
    for kind in ("html", "css")
)


class Texts(HTMLParser):
    """Collects text and element names; fails at an element that isn't closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], set(), []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def words(self):
        return re.sub(r"\s+", " ", "".join(self.texts))


def test_the_answers_lead_and_what_breaks_follows():
    text = Texts(page.compose(label(), TEMPLATE, STYLES)).words()
    assert "How far can nets.py:<i>net be pruned?" in text
    assert "50 %of the weights can go" in text.replace("% of", "%of")
    assert "on 4,000 images of images.npz: 99 % are classified correctly" in text
    assert "10 become wrong and 1 right" in text
    assert "McNemar's exact test: p = 0.012" in text
    assert "Gaussian noise 0.1" in text
    assert "make label NETWORK='a & b.py:net'" in text
    assert "A curve ends" not in text
    ended = Texts(page.compose(label() | {"until_lost": 10}, TEMPLATE, STYLES)).words()
    assert "A curve ends at the first sparsity that loses more than 10 points" in ended
    assert "They speak of this network on new images" in text
    assert f"3 of {N:,} evaluated images stand in the training or calibration data too" in text
    assert (
        text.index("of the weights can go") < text.index("What each way") < text.index("Made from")
    )


def test_texts_of_the_user_are_no_elements():
    found = Texts(page.compose(label(), TEMPLATE, STYLES))
    assert not found.tags & {"i", "script"}
    assert "<b>cat</b>" in found.words()


@pytest.mark.parametrize("networks", [2, 3])
def test_several_networks_are_told_apart_from_one(networks):
    text = Texts(page.compose(label(networks), TEMPLATE, STYLES)).words()
    assert f"{networks} networks with" in text
    assert "McNemar" not in text
    assert "They speak of networks trained like these" in text


def test_a_network_that_nothing_may_be_taken_from():
    nothing = label()
    nothing["choices"] = [{"limit": each, "method": None, "level": None} for each in (0.5, 1, 2)]
    nothing |= {"detail": None, "measured": {}}
    text = Texts(page.compose(nothing, TEMPLATE, STYLES)).words()
    assert text.count("nothing shown") == 3
    assert "become wrong" not in text
