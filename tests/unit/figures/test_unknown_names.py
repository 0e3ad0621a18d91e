"""Kinds of figures that nobody knows are refused: what was found, what is allowed."""

import pytest

from prunescape.figures import kinds


def test_an_unknown_kind_of_figure_is_refused():
    allowed = ", ".join(kinds.KINDS)
    with pytest.raises(ValueError, match=f"^figures: found 'wonder'; allowed: {allowed}$"):
        kinds.load("wonder")
