"""Jobs of prune.smk: criteria, moments, arms and masks."""

import json

import pytest

from prunescape.jobs import prune
from prunescape.jobs.common import arms_of
from tests.helpers.jobs import filled, job

CONFIG = filled()
VI = job()
POINT = job(fit="point")
FINE = job(fit="point", schedule="fine")
PLACE = "results/small/study/digits/net"


@pytest.fixture
def own(tmp_path, monkeypatch):
    """CONFIG with a criterion in a file for random, which it is no longer."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("import parts\n\ndef mine(weight, input_norm): ...\n")
    (tmp_path / "parts.py").touch()
    config = filled() | {"criteria": {"mine": "own.py:mine"}}
    for arm in config["catalogue"]["study"]["arms"][:2]:  # oneshot of vi, chain of point
        arm["criteria"] = [arm["criteria"][0], "shuffled_mine"]
    return config


def test_weights_are_scored_once_by_the_criteria_of_all_arms(own):
    assert prune.criteria(CONFIG, VI) == ["snr", "random", "magnitude"]
    assert prune.criteria(CONFIG, POINT) == ["magnitude", "random"]
    assert prune.criteria(own, VI) == ["snr", "shuffled_mine=own.py:mine", "magnitude"]


def test_units_are_found_where_a_module_loses_some_as_a_whole():
    arms = CONFIG["catalogue"]["study"]["arms"]
    study = CONFIG["catalogue"]["study"] | {"arms": [arms[0] | {"scopes": ["neuron"]}, *arms[1:]]}
    layers = CONFIG | {"catalogue": {"study": study}}
    module = layers | {"networks": {"net": "net.py:net"}}
    assert prune.whole_units(module, VI) == ["--units"]
    for config, place in ((layers, VI), (module, POINT)):
        assert prune.whole_units(config, place) == []
    assert prune.whole_units(CONFIG | {"networks": {"net": "net.py:net"}}, VI) == []


def test_a_chain_is_scored_by_its_criteria_alone(own):
    assert prune.chained_criteria(CONFIG, FINE) == ["magnitude", "random"]
    assert prune.chained_criteria(CONFIG, job(fit="point", schedule="tuned")) == ["magnitude"]
    assert prune.chained_criteria(own, FINE) == ["magnitude", "shuffled_mine=own.py:mine"]


def test_files_of_criteria_come_with_what_they_import(own):
    assert prune.criterion_files(own, VI) == ["own.py", "parts.py"]
    assert prune.criterion_files(CONFIG, VI) == []
    assert prune.chained_files(own, FINE) == ["own.py", "parts.py"]
    assert prune.chained_files(own, job(fit="point", schedule="tuned")) == []


def test_moments_are_read_by_criteria_of_inputs_and_by_compensation(own):
    pruned = {
        arm.criterion: (prune.reads_moments(config, arm), arm.effects)
        for config in (CONFIG, own)
        for arm in arms_of(config, VI)[1:]
    }
    assert pruned == {
        "snr": (False, ("zero",)),
        "random": (False, ("zero",)),
        "shuffled_mine": (True, ("zero",)),
        "magnitude": (True, ("zero", "compensate")),
    }


def test_scoring_reads_moments_for_its_criteria_only(own):
    assert prune.scored_moments(CONFIG, VI) == []  # compensation is the evaluation's matter
    moments = f"{PLACE}/vi/r1-2/measure/input_moments.safetensors"
    assert prune.scored_moments(own, VI) == moments


def test_a_job_prunes_the_arms_that_have_its_level():
    at = {
        level: json.loads(prune.pruned_arms(CONFIG, job(selection="exact_k", level=level)))
        for level in ("0.50", "0.90")
    }
    both = [
        ["snr", "global", 0, ["global", [], [], [], ""]],
        ["random", "global", 0, ["global", [], [], [], ""]],
    ]
    assert at == {
        "0.50": both,
        "0.90": [*both, ["magnitude", "layer", 0, ["layer", [], [], [], ""]]],
    }
    assert prune.pruned_arms(CONFIG, job(selection="threshold", level="0.90")) == "[]"
    # Steps of the chain at 0.50 are pruned by jobs of their own.
    point = job(fit="point", selection="exact_k", level="0.50")
    assert json.loads(prune.pruned_arms(CONFIG, point)) == [
        ["magnitude", "global", 0, ["global", [], [], [], ""]]
    ]


def test_a_floor_travels_with_its_arm():
    arms = {"scopes": ["floor"], "floor": 7}
    config = filled()
    config["catalogue"]["study"]["arms"][1] |= arms
    assert json.loads(prune.chained_arms(config, FINE)) == [
        ["magnitude", "floor", 7, ["floor", [], [], [], ""]],
        ["random", "floor", 7, ["floor", [], [], [], ""]],
    ]
    config["catalogue"]["study"]["arms"][0] |= arms
    wildcards = job(selection="exact_k", level="0.50")
    assert json.loads(prune.pruned_arms(config, wildcards))[0] == [
        "snr",
        "floor",
        7,
        ["floor", [], [], [], ""],
    ]


def test_the_layers_of_a_studys_own_scope_travel_with_its_arms():
    config = filled()
    study = config["catalogue"]["study"]
    study["scopes"] = {"inner": {"kind": "layer", "except": [1, "fc"]}}
    study["arms"][1]["scopes"] = ["inner", "global"]
    both = json.loads(prune.chained_arms(config, FINE))
    assert both[:2] == [
        ["magnitude", "inner", 0, ["layer", [], [1, "fc"], [], ""]],
        ["magnitude", "global", 0, ["global", [], [], [], ""]],
    ]
    study["arms"][0]["scopes"] = ["inner"]
    found = json.loads(prune.pruned_arms(config, job(selection="exact_k", level="0.50")))
    assert found[0] == ["snr", "inner", 0, ["layer", [], [1, "fc"], [], ""]]


def test_the_control_of_a_chain_is_not_pruned():
    assert json.loads(prune.chained_arms(CONFIG, FINE)) == [
        ["magnitude", "global", 0, ["global", [], [], [], ""]],
        ["random", "global", 0, ["global", [], [], [], ""]],
    ]


def test_a_step_goes_on_from_the_one_before():
    steps = [job(fit="point", schedule="fine", step=str(step)) for step in range(4)]
    assert [prune.step_level(CONFIG, step) for step in steps] == ["0", "0.50", "0.90", "0.9"]
    point = f"{PLACE}/point/r1-2"
    assert [prune.step_scores(CONFIG, step) for step in steps] == [
        f"{point}/score/scores.safetensors",
        *(f"{point}/retrain/fine/s{before}/scores.safetensors" for before in range(3)),
    ]
    assert [prune.previous_masks(CONFIG, step) for step in steps] == [
        [],
        *(f"{point}/prune_step/fine/s{before}/masks.safetensors" for before in range(3)),
    ]


def test_a_scope_in_a_file_is_an_input_of_masks_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("def f(shape, number, layers): return number\n")
    config = filled()
    study = config["catalogue"]["study"]
    study["scopes"] = {"mine": {"kind": "allocation", "density": "own.py:f"}}
    study["arms"][0]["scopes"] = ["mine"]
    assert prune.scope_files(config, VI) == ["own.py"]
    assert prune.scope_files(config, POINT) == []
    [arm, *_] = [each for each in arms_of(config, VI) if each.criterion != "none"]
    assert arm.within.density == "own.py:f"
