"""Text of the user is shown, and is nothing else: no markup, no link, no code of a terminal."""

import html
import re
import unicodedata
from html.parser import HTMLParser

import pytest
from docutils import nodes
from docutils.core import publish_doctree, publish_parts
from hypothesis import example, given
from hypothesis import strategies as st

from prunescape.foundations.messages import one_line
from prunescape.foundations.plain_text import literal

MARKUP = (
    *(".. raw:: html", ".. include:: /etc/passwd", ".. |x| replace:: y", ".. _target:", "..", "::"),
    *(
        ".. image:: javascript:alert(1)",
        ".. contents::",
        ":field: value",
        "<script>alert(1)</script>",
    ),
    *(
        "&lt;script&gt;",
        "&amp;",
        "<!--",
        "-->",
        "<b>",
        '"onmouseover="x"',
        "'",
        "`text`",
        ":raw:`x`",
    ),
    *("`a <http://b.c>`_", "http://example.org", "mailto:a@example.org", "a@example.org", "name_"),
    *("__ anonymous", "[1]_", "[#]_", "|sub|", "*emphasis*", "**strong**", "``code``", "\\", "\\*"),
    *("* item", "- item", "• item", "1. item", "#. item", "(a) item", "iv) item", "A. item"),
    *("| line", "-a option", "--long=x", "/V", ">>> print(1)", "====", "----", "+---+", "=== ==="),
    *("term\n  definition", "title\n=====", "\n\n    quoted", "\t", "\r", "\x0b", "\x85", "\u2028"),
    *(
        "\x1b[2J",
        "\x1b]0;title\x07",
        "\x9b31m",
        "\x00",
        "\x08",
        "\x7f",
        "\u202e",
        "\u2066",
        "\ufeff",
    ),
    *("$x^2$", "{{ 1 }}", "{% raw %}", "%s", "{}", "\ud800", "I", "x", " ", "1", ".", ")"),
)
TEXTS = st.lists(st.one_of(st.sampled_from(MARKUP), st.text(max_size=8)), max_size=6).map("".join)


def settings():
    """Return what keeps docutils from writing to stderr; all else is as in Snakemake's report."""
    return {"report_level": 1, "halt_level": 6, "warning_stream": False}


def shown(document):
    """Return the only paragraph of a document, which must have nothing in it but text."""
    assert [type(node) for node in document.children] == [nodes.paragraph], document
    [paragraph] = document.children
    assert all(isinstance(node, nodes.Text) for node in paragraph.children), document
    return paragraph.astext()


@given(TEXTS)
@example("\\\\\\\\")
@example("A. b")
@example("x::")
@example("news:comp.lang")
def test_a_paragraph_of_restructuredtext(text):
    if one_line(text):
        document = publish_doctree(literal(text, "rst"), settings_overrides=settings())
        assert shown(document) == one_line(text)


@given(TEXTS, st.sampled_from(["*", "**"]))
def test_emphasised_in_an_item_between_other_words(text, mark):
    if not one_line(text):
        return
    written = literal(text, "rst")
    source = f"* {mark}{written}{mark} (first), {written}\n  and so on.\n* the next\n"
    document = publish_doctree(source, settings_overrides=settings())
    [items] = document.children
    first, second = items.children
    [paragraph] = first.children
    emphasised, between = paragraph.children
    assert isinstance(emphasised, nodes.emphasis | nodes.strong)
    assert emphasised.astext() == one_line(text)
    assert between.astext() == f" (first), {one_line(text)}\nand so on."
    assert second.astext() == "the next"


class Elements(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        self.found.append(("comment", data))


def parsed(page):
    parser = Elements()
    parser.feed(page)
    parser.close()
    return parser


@given(TEXTS)
def test_html_has_no_element_of_the_text(text):
    found = parsed(f'<p title="{literal(text, "html")}">{literal(text, "html")}</p>')
    assert found.found == [("p", [("title", one_line(text))])]
    assert "".join(found.text) == one_line(text)


@given(TEXTS)
def test_restructuredtext_becomes_html_without_an_element_of_the_text(text):
    # As Snakemake makes the report's pages.
    if one_line(text):
        parts = publish_parts(literal(text, "rst"), writer="html", settings_overrides=settings())
        found = parsed(parts["body"])
        assert [tag for tag, _ in found.found] == ["p"]
        assert " ".join("".join(found.text).split()) == one_line(text)


@given(TEXTS)
def test_a_terminal_gets_nothing_but_what_is_seen(text):
    line = literal(text, "terminal")
    assert line == one_line(line)
    for character in line:
        assert unicodedata.category(character)[0] != "Z" or character == " "
        assert unicodedata.category(character) not in {"Cc", "Cs"}
        assert unicodedata.bidirectional(character) not in {
            *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
        }
    line.encode()  # a lone surrogate can't be written


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("two\r\n  lines", "two lines"),
        ("naïve 剪枝 👩\u200d🔬", "naïve 剪枝 👩\u200d🔬"),
    ],
)
def test_what_is_seen(text, line):
    assert literal(text, "terminal") == line
    assert html.unescape(literal(text, "html")) == line


def test_plain_words_stay_as_they_are():
    for text in ("Removing 90 % of the weights costs at most ten points: 1.5, at once", "A claim"):
        assert literal(text, "rst") == text
        assert not re.search(r"\\", literal(text, "html"))
