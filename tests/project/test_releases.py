"""The changelog and the citation speak of the same last release."""

import datetime
import re
import tomllib

import yaml

from tests.helpers.places import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def releases():
    """Return version and date of each release as the changelog has them, the newest first."""
    headings = HEADINGS[1:] if HEADINGS[0] == "Unreleased" else HEADINGS
    return [heading.split(" - ") for heading in headings]


def test_releases_have_a_version_and_fall_in_time():
    keys = [
        ([int(number) for number in version.split(".")], datetime.date.fromisoformat(date))
        for version, date in releases()
    ]
    assert keys
    assert keys == sorted(keys, reverse=True)


def test_the_citation_is_of_the_last_release():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert [citation["version"], str(citation["date-released"])] == releases()[0]


def test_the_package_is_the_last_release():
    with (ROOT / "pyproject.toml").open("rb") as opened:
        assert tomllib.load(opened)["project"]["version"] == releases()[0][0]


def test_changes_are_of_the_kinds_that_there_are():
    assert set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)) <= KINDS
