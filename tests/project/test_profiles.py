"""The profile for Slurm: every rule is in a group of small jobs, or submitted alone on purpose."""

import re

import yaml

from tests.helpers.places import ROOT

# Long ones, the first of a run, and `sizes`, which measures latency and wants its node quiet.
ALONE = {
    *(
        "prepare",
        "prepare_calibrated",
        "prepare_evaluated",
        "train",
        "fit_variational",
        "retrain",
        "retrain_rewired",
        "check_network",
    ),
    *("check_gradient_noise", "import_weights", "export", "export_module", "sizes"),
    "fetch_weights",
}


def test_every_rule_has_a_group_or_is_submitted_alone():
    rules = set()
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        named = r"^ *(?:rule|use rule \w+ as) (\w+)(?: with)?:"
        rules.update(re.findall(named, file.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(rules) > 20
    profile = ROOT / "profiles" / "slurm" / "config.yaml"
    grouped = set(yaml.safe_load(profile.read_text(encoding="utf-8"))["groups"])
    assert grouped | ALONE == rules
    assert not grouped & ALONE
