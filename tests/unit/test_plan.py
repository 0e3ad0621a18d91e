import copy
import json
from itertools import product
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from prunescape import paths, plan

DEFAULT = yaml.safe_load(Path(__file__).parents[2].joinpath("config.yaml").read_text())


def arm(**changes):
    return {
        "fits": ["vi"],
        "criteria": ["snr", "random"],
        "scopes": ["global", "layer"],
        "selection": "exact_k",
        "effects": ["zero", "compensate"],
        "schedules": ["oneshot"],
        "levels": ["0.50", "0.90", "0.95"],
    } | changes


def config(*arms, noise=(), **changes):
    """Return a study with the fits vi (on two networks) and point."""
    return {
        "studies": ["graves"],
        "replicates": [2],
        "levels_per_job": 2,
        "catalogue": {
            "graves": {
                "dataset": "mnist",
                "fits": {"vi": {"networks": ["logistic", "wide"]}, "point": {"networks": ["wide"]}},
                "arms": list(arms),
                "noise": list(noise),
            },
            "other": {"dataset": "digits", "fits": {"vi": {"networks": ["wide"]}}, "arms": []},
        },
    } | changes


def test_blocks_of_replicates():
    assert plan.blocks({"replicates": [5]}) == [(1, 5)]
    assert plan.blocks({"replicates": [5, 3, 1]}) == [(1, 5), (6, 8), (9, 9)]


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(1, 20))
def test_an_appended_block_leaves_the_others_as_they_were(sizes, more):
    blocks = plan.blocks({"replicates": sizes})
    assert plan.blocks({"replicates": [*sizes, more]})[:-1] == blocks
    numbers = [r for first, last in blocks for r in range(first, last + 1)]
    assert numbers == list(range(1, sum(sizes) + 1))


def test_models_of_the_studies_that_run():
    assert plan.models(config()) == [
        ("graves", "mnist", "logistic", "vi"),
        ("graves", "mnist", "wide", "vi"),
        ("graves", "mnist", "wide", "point"),
    ]
    assert len(plan.models(config(studies=["other", "graves"]))) == 4


def test_arms_are_the_combinations_of_an_entry():
    made = config(arm(scopes=["global", "floor"], floor=4), arm(fits=["point"], criteria=["snr"]))
    arms = plan.arms(made, "graves", "vi")
    assert [(a.criterion, a.scope) for a in arms] == list(
        product(["snr", "random"], ["global", "floor"])
    )
    assert {a.floor for a in arms} == {4}
    assert arms[0].effects == ("zero", "compensate")
    assert arms[0].levels == ("0.50", "0.90", "0.95")
    assert [(a.criterion, a.floor) for a in plan.arms(made, "graves", "point")] == [
        ("snr", 0),
        ("snr", 0),
    ]


def test_the_same_arm_twice_is_named():
    twice = config(arm(), arm(criteria=["magnitude", "random"], scopes=["layer"], levels=["0.10"]))
    with pytest.raises(
        ValueError, match=r"graves.*fit vi.*random / layer / exact_k / oneshot twice"
    ):
        plan.arms(twice, "graves", "vi")
    # Another selection, schedule or fit makes another arm.
    for change in ({"selection": "threshold"}, {"schedules": ["fine"]}, {"fits": ["point"]}):
        assert len(plan.arms(config(arm(), arm(**change)), "graves", "vi")) in {4, 8}


def test_batches():
    levels = ("0.10", "0.20", "0.30", "0.40", "0.50")
    assert plan.batches(levels, 2) == [("0.10", "0.20"), ("0.30", "0.40"), ("0.50",)]
    assert plan.batches(levels, 5) == [levels]
    assert plan.batches(levels, 99) == [levels]


@given(st.integers(1, 12), st.integers(1, 40))
def test_an_appended_level_leaves_full_batches_as_they_were(size, many):
    levels = tuple(f"0.{number:02}" for number in range(many))
    before, after = plan.batches(levels, size), plan.batches((*levels, "0.99"), size)
    full = many // size
    assert after[:full] == before[:full]
    assert sum(after, ()) == (*levels, "0.99")
    assert len(after) == full + 1
    assert {len(batch) for batch in after[:full]} <= {size}


NOISE = [
    {"kind": "grey_raw", "levels": ["0.10", "0.2"], "sparsities": ["0", "0.9"]},
    {"kind": "gaussian", "levels": ["0.30"]},
]


def test_noise_at_the_sparsities_that_it_names():
    made = config(arm(), noise=NOISE)
    (some, *_) = plan.arms(made, "graves", "vi")
    grey, gaussian = [("grey_raw", "0.10"), ("grey_raw", "0.2")], [("gaussian", "0.30")]
    clean = [("none", "0")]

    def at(which, level):
        return plan.conditions(made, "graves", which, level)

    assert at(plan.DENSE, "0") == clean + grey + gaussian
    assert at(some, "0.90") == clean + grey + gaussian  # 0.9 and 0.90 are one sparsity
    assert at(some, "0.50") == clean + gaussian
    threshold = plan.Arm("snr", "global", "threshold", "oneshot", ("zero",), ("0.90",))
    assert at(threshold, "0.90") == clean
    assert plan.conditions(config(), "graves", some, "0.90") == clean
    del made["catalogue"]["graves"]["noise"]
    assert at(some, "0.90") == clean


def test_keys_are_complete():
    made = config(
        arm(),
        arm(fits=["vi", "point"], criteria=["magnitude"], selection="threshold", levels=["-1.5"]),
        noise=NOISE,
    )
    keys = list(plan.keys(made))
    assert len(keys) == len(set(keys))
    # Dense: 4 conditions. Exact k: 4 criteria and scopes x 2 effects x (2 + 4 + 2) conditions.
    # Thresholds: 2 scopes x 2 effects, clean. Two networks of vi, one of point, two replicates.
    assert len(keys) == 2 * (2 * (4 + 4 * 2 * 8 + 4) + (4 + 4))
    head = ("graves", "mnist", "wide", "point")
    dense = [key for key in keys if key[:4] == head and key[4] == "none"]
    none = ("none",) * 5
    assert dense == [
        (*head, *none, 0, 0.0, replicate, noise, noise_level)
        for noise, noise_level in [
            ("none", 0.0),
            ("grey_raw", 0.1),
            ("grey_raw", 0.2),
            ("gaussian", 0.3),
        ]
        for replicate in (1, 2)
    ]
    vi = ("graves", "mnist", "logistic", "vi")
    arms = ("random", "layer", "exact_k", "compensate", "oneshot")
    assert (*vi, *arms, 0, 0.9, 2, "grey_raw", 0.1) in keys
    assert (*vi, *arms, 0, 0.5, 2, "grey_raw", 0.1) not in keys
    arms = ("magnitude", "layer", "threshold", "compensate", "oneshot")
    assert (*head, *arms, 0, -1.5, 1, "none", 0.0) in keys


def test_rows_have_files_of_their_own():
    made = config(arm(), replicates=[2, 1])
    files = list(plan.row_files(made))
    assert len(files) == len(set(files))
    # Dense and 4 arms in 2 batches; 2 blocks; 2 networks of vi; dense alone for point.
    assert len(files) == 2 * (2 * (1 + 4 * 2) + 1)
    assert "graves/mnist/wide/vi/r3-3/evaluate/snr/layer/exact_k/oneshot/b2/rows.json" in files
    assert "graves/mnist/wide/point/r1-2/evaluate/none/none/none/none/b1/rows.json" in files


def test_what_is_appended_adds_files_and_moves_none():
    before = config(arm(levels=["0.50", "0.90"]))
    more_levels = config(arm(levels=["0.50", "0.90", "0.95"]))
    more_replicates = before | {"replicates": [2, 4]}
    for after, new in [(more_levels, "/b2/"), (more_replicates, "/r3-6/")]:
        added = set(plan.row_files(after)) - set(plan.row_files(before))
        assert set(plan.row_files(before)) <= set(plan.row_files(after))
        assert added
        assert all(new in path for path in added)
        assert set(plan.keys(before)) < set(plan.keys(after))


def test_the_outline_has_all_that_decides_the_rows():
    for whole in (DEFAULT, config(arm(), noise=NOISE, replicates=[2, 1])):
        outline = json.loads(json.dumps(plan.outline(whole)))
        assert list(plan.keys(outline)) == list(plan.keys(whole))
        assert list(plan.row_files(outline)) == list(plan.row_files(whole))


def test_the_outline_has_nothing_of_training():
    changed = copy.deepcopy(DEFAULT)
    for study in changed["catalogue"].values():
        for fit in study["fits"].values():
            fit |= {"epochs": 1, "batch_size": 2, "optimiser": {}, "objective": {}, "scaling": ""}
    changed |= {"device": "cuda", "seed": 1, "figures": {}, "networks": {}, "sources": {}}
    assert plan.outline(changed) == plan.outline(DEFAULT)


def test_the_default_run():
    keys = list(plan.keys(DEFAULT))
    assert len(keys) == len(set(keys))
    rows = list(plan.row_files(DEFAULT))
    assert len(rows) == len(set(rows))
    blocks = plan.blocks(DEFAULT)
    masks = {
        (model, block, arm.selection, level)
        for model in plan.models(DEFAULT)
        for block in blocks
        for arm in plan.arms(DEFAULT, model.study, model.fit)
        for level in arm.levels
    }
    fitted_and_scored = 2 * len(plan.models(DEFAULT)) * len(blocks)
    # Beside these the run has a handful: data, table, claims, figures.
    assert len(rows) + len(masks) + fitted_and_scored + 30 <= 400


def test_levels_are_never_formatted_floats():
    made = config(arm(levels=["0.50", "0.5000"]))
    (some, *_) = plan.arms(made, "graves", "vi")
    assert [paths.MASKS.format(**FIELDS, level=level) for level in some.levels] == [
        "s/d/n/f/r1-2/prune/exact_k/0.50/masks.safetensors",
        "s/d/n/f/r1-2/prune/exact_k/0.5000/masks.safetensors",
    ]


FIELDS = {
    "study": "s",
    "dataset": "d",
    "network": "n",
    "fit": "f",
    "first": 1,
    "last": 2,
    "selection": "exact_k",
}
