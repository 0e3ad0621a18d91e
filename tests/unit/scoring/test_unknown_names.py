"""Criteria that nobody knows are refused: what was found, what is allowed."""

import pytest

from prunescape.scoring import needs
from prunescape.scoring.ranking import Criterion

BUILT_IN = ", ".join(needs.built_in())


@pytest.mark.parametrize("name", ["wonder", "shuffled_wonder"])
def test_an_unknown_criterion_is_refused(name):
    with pytest.raises(ValueError, match=f"^criterion: found 'wonder'; allowed: {BUILT_IN}$"):
        Criterion.of(name)


def test_an_unknown_criterion_has_no_needs():
    config = {"criteria": {"mine": "a.py:mine"}}
    with pytest.raises(ValueError, match=f"^criterion: found 'wonder'; allowed: {BUILT_IN}, mine$"):
        needs.of(config, "wonder")
