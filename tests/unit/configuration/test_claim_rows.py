"""A claim whose rows a run will not have is told before anything runs."""

import time

import pytest
import yaml

from prunescape.configuration import validation
from prunescape.evaluation import columns
from prunescape.pipeline import plan
from tests.helpers.configurations import DEFAULT, SMALL, changed

CLAIM = {
    "id": "c",
    "study": "study",
    "origin": "this project",
    "source": "mine",
    "statement": "It is so",
    "statistic": {
        "measure": "accuracy",
        "where": {"fit": "vi"},
        "of": {"criterion": "snr", "level": "0.50"},
    },
    "comparison": ">=",
    "margin": 1,
}


@pytest.fixture
def told(tmp_path):
    """Return the problems of SMALL with a claim whose statistic is changed."""

    def problems(changes=None, **config):
        stated = {**CLAIM, "statistic": {**CLAIM["statistic"], **(changes or {})}}
        path = tmp_path / "claims.yaml"
        path.write_text(yaml.safe_dump([stated]), encoding="utf-8")
        return validation.problems(changed(SMALL, {"claims": [str(path)], **config}))

    return problems


def test_a_claim_whose_rows_the_run_has(told):
    assert told() == []
    assert told({"of": {"criterion": "snr", "level": "0.9"}, "minus": {"criterion": "none"}}) == []
    noisy = {"noise": "grey_raw", "noise_level": ["0.1", "0.20"]}
    assert told({"of": {"criterion": "snr", "level": "0.90"}, "mean_over": noisy}) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"of": {"criterion": "magnitude", "level": "0.50"}}, "found no rows of this run"),
        ({"of": {"criterion": "snr", "level": "0.70"}}, "found no rows of this run"),
        ({"of": {"criterion": "snr"}}, "found 2 rows a replicate of this run"),
        ({"of": {"criterion": "snr", "levle": "0.50"}}, "found the column 'levle', perhaps level"),
        ({"of": {"criterion": "snr", "level": "0.50", "replicate": 1}}, "the column replicate; a"),
        ({"measure": "acuracy"}, "found the measure 'acuracy', perhaps accuracy is meant"),
        ({"measure": "kept_by_layer"}, "found the measure 'kept_by_layer'"),
        ({"table": "score"}, "found the table 'score'; allowed: scores, gradient_noise"),
        ({"table": "gradient_noise", "measure": "noise_rank_fixed", "of": {}}, "found no rows"),
        ({"each": {"level": ["0.50", "0.60"]}, "of": {"criterion": "snr"}}, "level 0.60"),
        # Of the network's noise only 0 and 0.90 have any.
        ({"where": {"fit": "vi", "noise": "grey_raw", "noise_level": "0.10"}}, "found no rows"),
    ],
)
def test_a_claim_whose_rows_it_lacks(told, changes, line):
    [problem] = told(changes)
    assert problem.startswith("claims[0]: claim c: ")
    assert line in problem
    assert "not_tested: {c: why}" in problem
    assert told(changes, not_tested={"c": "its arm takes too long"}) == []


def test_a_study_that_is_not_run_is_not_asked(told):
    wrong = {"of": {"criterion": "magnitude"}}
    other = changed(SMALL, {})["catalogue"]["study"]
    config = {"catalogue": {"study": other, "second": other}, "studies": ["second"]}
    assert told(wrong, **config) == []


def test_claims_of_the_project_are_asked_too():
    arms = [
        {**arm, "criteria": [each for each in arm["criteria"] if each != "random"]}
        for arm in DEFAULT["catalogue"]["graves"]["arms"]
    ]
    config = changed(DEFAULT, {"catalogue.graves.arms": arms, "studies": ["graves"]})
    lines = validation.problems(config)
    assert any(line.startswith("not_tested: claim g2: found no rows") for line in lines)
    named = {line.split("claim ")[1].split(":")[0]: "no random arm" for line in lines}
    assert validation.problems(changed(config, {"not_tested": named})) == []


def test_columns_are_those_of_the_tables():
    config = changed(SMALL, {})
    validation.validate(config)
    assert len(next(plan.keys(config))) == len(columns.of("scores")) == len(columns.KEY)
    numbers = set(columns.measures("scores")) - {*columns.MADE}
    assert numbers < {*columns.KEY, *columns.VALUE}
    assert not {name for name in numbers if name.endswith("_by_layer")}
    assert set(columns.measures("gradient_noise")) == {
        *("replicate", "noise_rank_fixed", "noise_rank_trained", "floored"),
    }


def test_a_large_run_is_checked_in_a_second():
    levels = [f"0.{i:04}" for i in range(1, 2001)]
    arm = {**DEFAULT["catalogue"]["graves"]["arms"][0], "levels": levels}
    arms = [arm, *DEFAULT["catalogue"]["graves"]["arms"][1:]]
    named = dict.fromkeys(("g1", "g2"), "too long")
    few = {"catalogue.graves.arms": arms, "studies": ["graves"], "replicates": [5]}
    config = changed(DEFAULT, {**few, "catalogue.graves.noise": [], "not_tested": named})
    begin = time.process_time()
    validation.problems(config)
    assert time.process_time() - begin < 5
