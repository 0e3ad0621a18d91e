"""What jobs of several stages share: paths, JSON, model and arms."""

import json

import pytest

from prunescape.jobs import common
from prunescape.pipeline import plan
from prunescape.pipeline.schedules import Chain, OneShot, Point, Retrain
from tests.helpers.configurations import changed
from tests.helpers.jobs import MODEL, filled, job

CONFIG = filled()


def test_the_same_value_is_the_same_text():
    assert common.compact({"b": (1, None), "a": "é"}) == '{"a":"\\u00e9","b":[1,null]}'
    assert common.compact({"b": 1, "a": 2}) == common.compact({"a": 2, "b": 1})


def test_a_path_of_the_run_is_filled_in_or_left_a_pattern():
    assert common.results(CONFIG, "{study}/x.csv") == "results/small/{study}/x.csv"
    assert common.results(CONFIG, "{study}/x.csv", study="s", more=1) == "results/small/s/x.csv"


def test_one_study_alone_is_the_only_one_that_runs():
    config = CONFIG | {"studies": ["first", "study"]}
    assert common.of_study(config, "study") == CONFIG
    assert config["studies"] == ["first", "study"]


def test_studies_are_finished_in_the_order_of_the_config():
    config = {"studies": ["a", "b"]}
    asked = [("a", True), ("a", False), ("b", True), ("b", False)]
    assert [common.priority(config, job(study=study), early) for study, early in asked] == [
        *(3, 2, 1, 0)
    ]
    # One that is not run, but asked for by the name of a file.
    assert common.priority(config, job(study="c"), early=True) == 1


def test_a_job_has_the_fit_and_the_model_of_its_path():
    assert common.fit_of(CONFIG, job(fit="point")) == CONFIG["catalogue"]["study"]["fits"]["point"]
    assert common.model_of(job(network="other")) == ("study", "digits", "other", "vi")
    assert json.loads(common.model(CONFIG, job())) == {
        key: MODEL[key] for key in ("study", "dataset", "network", "fit")
    }


def test_a_job_has_the_arms_of_its_fit_and_network():
    names = [arm.name for arm in common.arms_of(CONFIG, job())]
    assert names == [
        ("none", "none", "none", "none"),
        ("snr", "global", "exact_k", "oneshot"),
        ("random", "global", "exact_k", "oneshot"),
        ("magnitude", "layer", "exact_k", "oneshot"),
    ]
    assert len(common.arms_of(CONFIG, job(fit="point"))) == 1 + 2 + 3  # dense, controls, arms
    narrower = changed(CONFIG, {"catalogue.study.arms[3].networks": ["net"]})
    assert [arm.name for arm in common.arms_of(narrower, job(network="other"))] == names[:3]


@pytest.mark.parametrize(("name", "kind"), [("fine", Chain), ("tuned", Retrain)])
def test_a_job_has_the_schedule_of_its_path(name, kind):
    assert type(common.schedule_of(CONFIG, job(schedule=name))) is kind
    assert type(common.schedule_of(CONFIG, job(schedule="oneshot"))) is OneShot


def test_files_come_once_with_what_they_import(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.py").write_text("import shared\n")
    (tmp_path / "shared.py").touch()
    assert common.with_imports([str(tmp_path / "a.py"), "b.py"]) == ["a.py", "shared.py", "b.py"]


def test_masks_lie_by_level_or_by_step_of_a_chain():
    place = job(fit="point")
    chained = plan.Arm("random", "global", "exact_k", "fine", ("zero",), ())
    assert common.masks_path(CONFIG, place, chained, Point(3, "0.9")) == (
        "results/small/study/digits/net/point/r1-2/prune_step/fine/s3/masks.safetensors"
    )
    tuned = plan.Arm("random", "global", "threshold", "tuned", ("zero",), ())
    assert common.masks_path(CONFIG, place, tuned, Point(0, "0.9")) == (
        "results/small/study/digits/net/point/r1-2/prune/threshold/0.9/masks.safetensors"
    )


def test_json_of_the_users_ends_no_script_of_the_report():
    text = common.compact({"reason": "</script><b>"})
    assert "<" not in text
    assert json.loads(text) == {"reason": "</script><b>"}


@pytest.mark.parametrize(
    ("first", "last", "most", "processes"),
    [("1", "5", 0, 1), ("1", "5", 1, 1), ("1", "5", 4, 3), ("1", "5", 64, 5), ("6", "10_1", 2, 2)],
)
def test_a_job_has_no_more_processes_than_its_replicates_need(first, last, most, processes):
    config = CONFIG | {"device": "cpu"}
    wildcards = job(first=first, last=last)
    assert common.processes(config, wildcards, most) == processes
    for device in ("cuda", "auto"):
        assert common.processes(config | {"device": device}, wildcards, most) == 1
