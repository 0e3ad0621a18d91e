"""Kills at random moments: three passes through a workflow, each killed once in every rule."""

import re

import pytest

from tests.helpers import killing
from tests.helpers.killing import Pass
from tests.helpers.outcomes import keep
from tests.helpers.places import ROOT
from tests.helpers.workplace import CONFIG, EVERY_RULE, RUN, counts

ELSEWHERE = {"download_{source}", "fetch_weights"}
"""Rules without a job here: of those that download, one a source, that of digits has one."""


def test_a_job_of_every_rule_is_there_to_be_killed(planned):
    named = {
        name
        for path in sorted((ROOT / "workflow" / "rules").glob("*.smk"))
        for name in re.findall(
            r'^ *rule (\w+):|^use rule \w+ as (\w+) with:|^ +name:\n +f"(\w+\{\w+\})"',
            path.read_text(encoding="utf-8"),
            re.M,
        )
        for name in name
        if name
    }
    assert len(named) > 20
    assert named - ELSEWHERE == set(counts(planned)) - {"download_digits"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_run_that_is_killed_in_every_rule_ends_as_an_undisturbed_one(
    seed, planned, reference, fresh
):
    # One job at a time: beside one that is about to be killed, another could end unnoticed.
    disturbed = Pass(fresh, reference, seed, f"CONFIG={CONFIG} {EVERY_RULE}", "CORES=1", "run")

    disturbed.run(planned)

    assert {kill.rule for kill in disturbed.kills} == set(counts(planned))
    for name in ("scores.csv", "scores.parquet", "claims.csv"):
        assert (fresh.root / RUN / name).read_bytes() == (reference.root / RUN / name).read_bytes()
    assert killing.differing(fresh, reference) == []
    assert killing.leftovers(fresh) == []
    assert fresh.files(RUN) == reference.files(RUN)
    assert fresh.files("data") == reference.files("data")
    keep(
        f"`kill -9` at a random moment, once in every rule, pass {seed}",
        len(disturbed.kills),
        f"{disturbed.starts} starts of `make run`; every result has the bytes of the undisturbed "
        f"run, nothing is left over",
        disturbed.kills,
    )
