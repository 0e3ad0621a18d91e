"""Jobs of label.smk: which files a label is made of."""

import json
from pathlib import Path

import pytest

from prunescape.jobs import label
from tests.helpers.jobs import CHAINED, MOMENTS, TUNED, filled
from tests.helpers.places import ROOT

NOISE = [{"kind": "gaussian", "levels": ["0.10", "0.20"]}]
CONFIG = filled(
    {
        "replicates": [2, 3],
        "fits": ["point"],
        "catalogue.study.arms": [CHAINED, TUNED],
        "label": {"study": "study", "noise": NOISE},
    }
)
PLACE = "results/small/study/digits/net/point"


def test_a_run_without_a_label_makes_none():
    assert label.targets(filled()) == []
    assert label.targets(CONFIG) == ["results/small/label.json", "results/small/label.html"]
    assert label.targets(CONFIG | {"studies": []}) == []


def test_blocks_name_the_files_of_every_point():
    blocks = json.loads(label.blocks(CONFIG))
    assert [block["checkpoint"] for block in blocks] == [
        f"{PLACE}/r1-2/train/checkpoint.safetensors",
        f"{PLACE}/r3-5/train/checkpoint.safetensors",
    ]
    assert {block["moments"] for block in blocks} == {None}
    tuned = next(arm for arm in blocks[1]["arms"] if arm["schedule"] == "tuned")
    assert [level for _, level in tuned["points"]] == ["0.50", "0.70", "0.90"]
    assert tuned["masks"][0] == f"{PLACE}/r3-5/prune/exact_k/0.50/masks.safetensors"
    assert tuned["retrained"][2] == [f"{PLACE}/r3-5/retrain/tuned/b2/checkpoint.safetensors"]
    chained = next(arm for arm in blocks[0]["arms"] if arm["schedule"] == "fine")
    assert "/prune_step/fine/s0/" in chained["masks"][0]
    found = label.files(CONFIG)
    assert len(found) == len(set(found))
    for block in blocks:
        assert block["checkpoint"] in found
        for arm in block["arms"]:
            assert {*arm["masks"], *(path for each in arm["retrained"] for path in each)} <= {
                *found
            }


def test_moments_are_read_where_an_effect_needs_them():
    config = filled(
        {
            "fits": ["vi"],
            "catalogue.study.arms": [MOMENTS],
            "label": {"study": "study"},
        }
    )
    [block] = json.loads(label.blocks(config))
    assert block["moments"].endswith("/vi/r1-2/measure/input_moments.safetensors")
    assert block["moments"] in label.files(config)


def test_what_a_label_says_and_measures():
    said = json.loads(label.said(CONFIG, f"{ROOT}/CITATION.cff"))
    assert said == {
        "run": "small",
        "network": "net",
        "fit": "point",
        "dataset": "digits",
        "source": "scikit-learn",
        "version": said["version"],
        "command": "",
        "origins": {},
    }
    assert said["version"][0].isdecimal()
    arms = [arm | {"until_lost": 10} for arm in CONFIG["catalogue"]["study"]["arms"]]
    ending = CONFIG | {"catalogue": {"study": CONFIG["catalogue"]["study"] | {"arms": arms}}}
    assert json.loads(label.said(ending, f"{ROOT}/CITATION.cff")) == said | {"until_lost": 10}
    assert label.conditions(CONFIG) == [("gaussian", "0.10"), ("gaussian", "0.20")]
    assert label.images(CONFIG) == "data/digits/test.safetensors"
    assert label.training(CONFIG) == [
        "data/digits/train.safetensors",
        "data/digits/validation.safetensors",
    ]
    assert label.measured_on(CONFIG) == label.effects(CONFIG) == []
    assert label.limits(CONFIG) == [0.5, 1, 2]
    assert label.made_from(CONFIG) == label.own_files(CONFIG) == []
    own = CONFIG | {"sources": CONFIG["sources"] | {"own": ["file:images.npz"]}}
    own |= {"datasets": {"digits": CONFIG["datasets"]["digits"] | {"source": "own"}}}
    assert label.made_from(own) == ["images.npz"]
    assert all("/evaluate/" in path for path in label.outcomes(CONFIG))
    assert label.table(CONFIG) == "results/small/study/scores.parquet"


@pytest.mark.parametrize("effect", ["zero", "compensate", "recalibrate", "reconstruct", "halve"])
def test_what_the_effects_read_is_given(tmp_path, monkeypatch, effect):
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(
        "def halve(weight, mask, second_moment):\n    return weight * mask / 2\n"
    )
    arm = CHAINED | {"schedules": ["oneshot"], "levels": ["0.50"], "effects": [effect]}
    study = CONFIG["catalogue"]["study"] | {"arms": [arm]}
    config = CONFIG | {"catalogue": {"study": study}, "effects": {"halve": "own.py:halve"}}
    on_images = effect in ("recalibrate", "reconstruct", "halve")
    assert label.measured_on(config) == (label.training(config) if on_images else [])
    moments = {block["moments"] is None for block in json.loads(label.blocks(config))}
    assert moments == {effect != "compensate"}
    named = (["halve=own.py:halve"], ["own.py"]) if effect == "halve" else ([], [])
    assert (label.effects(config), label.own_files(config)) == named
    assert label.made_from(config) == named[1]
