"""Old names are told what they are now."""

import pytest

from prunescape.configuration import blocks, renamed
from prunescape.scoring import needs
from tests.helpers.places import WORKFLOW


def test_every_name_of_today_is_there_and_no_old_one_is():
    assert set(renamed.CRITERIA.values()) <= set(needs.built_in())
    assert not set(renamed.CRITERIA) & set(needs.built_in())
    rules = "".join(path.read_text() for path in WORKFLOW.glob("rules/*.smk"))
    for old, now in renamed.RULES.items():
        assert f"\nrule {now}:\n" in rules
        assert f"\nrule {old}:\n" not in rules


def test_an_old_criterion():
    known = dict.fromkeys(needs.built_in())
    ((place, text),) = blocks.unknown_name(("here",), "obd", known, "a criterion")
    assert place == ("here",)
    assert text.startswith("found 'obd', which is now obd_empirical; allowed: a criterion (")
    # A user's own file may have that name.
    assert not list(blocks.unknown_name(("here",), "obd", known | {"obd": None}, "a criterion"))


def test_old_rules():
    renamed.check_rules(["train", "check_network"])
    with pytest.raises(ValueError, match=r"check is now check_network, compare is now compare_pub"):
        renamed.check_rules(["train", "compare", "check"])
