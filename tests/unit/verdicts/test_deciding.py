"""Which replicates are appended for which rows, so that claims reach their next looks."""

import copy

import pytest

from prunescape.configuration import validation
from prunescape.pipeline import plan, replicates
from prunescape.pipeline.replicates import CHECK
from prunescape.verdicts import claim_files, deciding
from prunescape.verdicts.looks import Looks
from tests.helpers.configurations import DEFAULT

CLAIMS = claim_files.read(claim_files.PROJECT)
LOOKS = Looks((5, 10, 20), (0.2, 0.3, 0.5), 0.05)


@pytest.fixture(scope="module")
def config():
    filled = copy.deepcopy(DEFAULT)
    filled["replicates"] = [5]
    for study in filled["catalogue"].values():
        study.pop("replicates", None)
    validation.validate(filled)
    return filled


def waiting(config, **looks):
    """Return the claims that are undecided at some looks."""
    rows = [{"id": name, "verdict": "undecided", "look": look} for name, look in looks.items()]
    return deciding.undecided(config, CLAIMS, rows, LOOKS)


def appended(config, *claims):
    return {**config, "appended": deciding.after(config, claims)}


def blocks(config, study):
    return [(block, len(rows)) for block, rows in replicates.appended(config, study)]


def test_claims_wait_for_their_next_look_with_their_rows(config):
    found = waiting(config, g3=5, m6=None, s1=10, v1=20)
    assert [(each.claim.id, each.number) for each in found] == [("g3", 10), ("m6", 5), ("s1", 20)]
    g3, m6, s1 = (each.rows for each in found)
    assert {row[2] for row in g3} == {"snr", "magnitude"}
    assert {row[7:9] for row in m6} == {(22, 0.99)}
    assert {dict(zip(CHECK, row, strict=True))["fit"] for row in s1} == {"psgd"}


def test_no_claim_waits_for_weights_that_are_given(config):
    study = config["catalogue"]["graves"]
    vi = {"kind": "given", "networks": study["fits"]["vi"]["networks"]}
    given = {**study, "fits": {**study["fits"], "vi": vi}}
    made = {**config, "catalogue": {**config["catalogue"], "graves": given}}
    assert [each.claim.id for each in waiting(made, g3=5, m6=5)] == ["m6"]


def test_a_block_reaches_from_what_there_is_to_the_next_look(config):
    (g3,) = waiting(config, g3=5)
    once = appended(config, g3)
    assert blocks(once, "graves") == [((6, 10, 1), 4)]
    assert blocks(once, "magnitude") == []
    twice = appended(once, *waiting(once, g3=10))
    # No block is larger than the study's own, 5, so that two cores train at the same time.
    assert blocks(twice, "graves") == [((6, 10, 1), 4), ((11, 15, 1), 4), ((16, 20, 1), 4)]
    assert twice["appended"]["graves"][:1] == once["appended"]["graves"]


def test_the_same_again_appends_nothing(config):
    found = waiting(config, g3=5, s1=5)
    once = appended(config, *found)
    assert deciding.after(once, found) == once["appended"]


def test_a_decided_claim_gets_no_more(config):
    g2, g3 = waiting(config, g2=5, g3=5)
    once = appended(config, g2, g3)
    twice = appended(once, *waiting(once, g3=10))
    (_, both), *others = replicates.appended(twice, "graves")
    assert both == g2.rows | g3.rows
    assert [rows for _, rows in others] == [g3.rows] * 2


def test_a_claim_that_comes_later_uses_the_blocks_that_there_are(config):
    (g3,) = waiting(config, g3=5)
    twice = appended(appended(config, g3), g3._replace(number=20))
    (g2,) = waiting(config, g2=5)
    found = appended(twice, g2._replace(number=8))
    later = g2.rows - g3.rows
    assert later
    assert replicates.appended(found, "graves")[3:] == [((6, 10, 2), later)]
    # From 8 on: behind all blocks that there are, and these are taken whole.
    found = appended(found, g2._replace(number=30))
    assert replicates.appended(found, "graves")[4:] == [
        ((11, 15, 2), later),
        ((16, 20, 2), later),
        ((21, 25, 1), g2.rows),
        ((26, 30, 1), g2.rows),
    ]


def test_several_numbers_make_several_blocks(config):
    g2, g3 = waiting(config, g2=5, g3=5)
    found = appended(config, g2, g3._replace(number=20))
    assert replicates.appended(found, "graves") == [
        ((6, 10, 1), g2.rows | g3.rows),
        ((11, 15, 1), g3.rows),
        ((16, 20, 1), g3.rows),
    ]


def test_what_is_new_is_told_study_by_study(config):
    (g3,) = waiting(config, g3=5)
    once = appended(config, g3)
    found = deciding.after(once, waiting(once, g3=10, m6=5))
    told = deciding.new(once, found, "graves")
    assert [(entry["first"], entry["last"]) for entry, _ in told] == [(11, 15), (16, 20)]
    assert [rows for _, rows in told] == [g3.rows] * 2
    assert [entry["last"] for entry, _ in deciding.new(once, found, "magnitude")] == [10]
    assert deciding.new(once, found, "k_winners") == []


def test_the_plan_has_exactly_the_rows_of_all_waiting_claims(config):
    names = {claim.id: 5 for claim in CLAIMS if claim.id not in config["not_tested"]}
    found = waiting(config, **names)
    made = appended(config, *found)
    extra = set(plan.keys(made)) - set(plan.keys(config))
    wanted = {
        (each.claim.study, *row, replicate)
        for each in found
        for row in each.rows
        if len(row) > len(CHECK)
        for replicate in range(6, 11)
    }
    kept = {(key[0], *key[2:11], *key[12:14], key[11]) for key in extra}
    assert kept == wanted
    assert len(extra) == len(kept)
