"""The example of the page on versioning, but for the run that it begins with."""

import re

from tests.helpers.places import ROOT
from tests.versioning import two_users

ROW = re.compile(r"^\| (Ada|Bob) \| (.+) \| (\d+).* \|$", re.MULTILINE)


def test_two_users(ran, tmp_path, capsys):
    first = [
        ("Ada", "begins with the source", sum(two_users.EVERYTHING.values())),
        ("Ada", "make run", 0),
    ]

    steps = two_users.share(tmp_path, ran.copy(tmp_path / "ada"))

    assert "accuracy of" in capsys.readouterr().out
    page = (ROOT / "docs" / "versioning.md").read_text(encoding="utf-8")
    rows = [(user, text.replace("`", ""), int(jobs)) for user, text, jobs in ROW.findall(page)]
    assert rows == [*first, *steps]
