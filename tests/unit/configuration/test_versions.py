"""No name changes its meaning unnoticed: a file that has it says which version it is of."""

import pytest
import yaml

from prunescape.configuration import validation, versions
from prunescape.configuration.schema import schema
from prunescape.scoring import needs
from tests.helpers.configurations import ARM, SMALL, changed
from tests.helpers.places import ROOT

VERSION = schema()["properties"]["version"]["const"]


@pytest.fixture
def problems(tmp_path):
    """Return a function that checks a small run whose arms a file of its own defines."""

    def check(criteria, **version):
        merged = changed(SMALL, {f"{ARM}.criteria": criteria}) | {"version": VERSION}
        written = {"catalogue": merged["catalogue"], **version}
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(written), encoding="utf-8")
        base = tmp_path / "config.yaml"
        base.write_text(f"version: {VERSION}\n", encoding="utf-8")
        return validation.problems(merged, [str(base), str(path), str(tmp_path / "missing.yaml")])

    return check


@pytest.mark.parametrize(
    ("criteria", "named", "now"),
    [
        (["taylor"], "taylor", "taylor now averages |w g| over images; before, it was"),
        (["random", "shuffled_obd"], "obd", "obd now reads the Gauss-Newton matrix; with the emp"),
        (["obd", "taylor"], "taylor, obd", "taylor now averages"),
    ],
)
@pytest.mark.parametrize(("said", "shown"), [({}, "nothing"), ({"version": 2}, "2")])
def test_a_file_with_a_criterion_that_has_changed_must_say_this_version(
    problems, tmp_path, criteria, named, now, said, shown
):
    (line,) = problems(criteria, **said)
    assert line.startswith(
        f"version: found {shown} in {tmp_path / 'mine.yaml'}, which has {named}; "
        f"allowed: {VERSION} there, once you have read that {now}"
    )
    assert problems(criteria, version=VERSION) == []


@pytest.mark.parametrize("side", ["of", "minus"])
def test_a_file_whose_claims_name_such_a_criterion_must_too(tmp_path, side):
    config = changed(SMALL, {f"{ARM}.criteria": ["taylor", "snr"]}) | {"version": VERSION}
    sides = {"of": {"criterion": "snr"}, "minus": {"criterion": "snr"}}
    stated = {
        "id": "x1",
        "study": "study",
        "origin": "this project",
        "source": "s",
        "statement": "s",
        "comparison": ">=",
        "margin": 0,
        "statistic": {"measure": "accuracy", **sides, side: {"criterion": "taylor"}},
    }
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump([stated]), encoding="utf-8")
    mine = {"claims": [str(tmp_path / "claims.yaml")]}
    path = tmp_path / "mine.yaml"

    path.write_text(yaml.safe_dump(mine), encoding="utf-8")
    [(place, line)] = versions.check_versions(config | mine, [str(path)])
    assert place == ("version",)
    assert line.startswith(f"found nothing in {path}, which has taylor; allowed: {VERSION} there")

    path.write_text(yaml.safe_dump(mine | {"version": VERSION}), encoding="utf-8")
    assert list(versions.check_versions(config | mine, [str(path)])) == []


def test_other_criteria_need_no_version(problems):
    assert problems(["magnitude", "obd_empirical", "wanda"]) == []


def test_what_has_changed_is_there_and_the_projects_own_configs_say_their_version():
    assert set(versions.CRITERIA) <= set(needs.built_in())
    shootout = ROOT / "config" / "shootout.yaml"
    config = yaml.safe_load(shootout.read_text(encoding="utf-8"))
    assert config["version"] == VERSION
    assert list(versions.check_versions(config, [str(shootout)])) == []
