"""Old names are told what they are now."""

import pytest

from prunescape.configuration import renamed
from tests.helpers.places import WORKFLOW


def test_every_name_of_today_is_there_and_no_old_one_is():
    rules = "".join(path.read_text() for path in WORKFLOW.glob("rules/*.smk"))
    for old, now in renamed.RULES.items():
        assert f"\nrule {now}:\n" in rules
        assert f"\nrule {old}:\n" not in rules


def test_old_rules():
    renamed.check_rules(["train", "check_network"])
    with pytest.raises(ValueError, match=r"check is now check_network, compare is now compare_pub"):
        renamed.check_rules(["train", "compare", "check"])
