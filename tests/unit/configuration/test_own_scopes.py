"""A study's own scopes: names, layers of the arms' networks, and what arms may do with them."""

import pytest

from prunescape.configuration import validation
from tests.helpers.configurations import ARM, SMALL, changed, problem_at

DEEP = [{"kind": "conv", "filters": 2, "size": 3}, {"kind": "relu"}] + 2 * [
    {"kind": "linear", "units": 10}
]
SCOPES = "catalogue.study.scopes"
BASE = changed(SMALL, {"networks.net": DEEP, f"{ARM}.scopes": ["global", "inner"]})


def problems(**block):
    return validation.problems(changed(BASE, {SCOPES: {"inner": {"kind": "global"} | block}}))


@pytest.mark.parametrize(
    "block",
    [
        {"layers": [2, 3]},
        {"except": [1, -1]},
        {"kind": "layer", "layers": [1, 2], "except": [2]},
        {"kind": "output_unit", "layers": ["1"]},
        {"kind": "neuron", "except": [1]},
    ],
)
def test_scopes_of_a_study_are_known_to_its_arms(block):
    assert problems(**block) == []


def test_layers_are_those_of_the_arms_networks():
    assert problems(layers=[1, 4]) == [
        f"{SCOPES}.inner.layers: found 4; allowed: a number from 1 to 3, or -1 for the last "
        "(in the network net)"
    ]
    assert problems(**{"except": [1, 2, "conv1", -1]}) == [
        f"{SCOPES}.inner.except: found 'conv1'; allowed: a number from 1 to 3, or -1 for the last "
        "(in the network net)"
    ]
    [line] = problems(**{"except": [1, 2, -1]})
    assert line.startswith(f"{SCOPES}.inner.except: found all layers that would be pruned; ")
    # A scope that no arm has may be one for other networks.
    unused = changed(BASE, {SCOPES: {"inner": {"kind": "layer", "layers": [9]}}})
    assert validation.problems(changed(unused, {f"{ARM}.scopes": ["global"]})) == []


def test_a_network_in_a_file_is_looked_at_later():
    path = "docs/examples/resnet.py:resnet8_narrow"
    config = changed(BASE, {"networks.net": path, SCOPES: {"inner": {"kind": "layer"}}})
    config = changed(config, {f"{SCOPES}.inner.layers": ["layer1.*"]})
    assert validation.problems(config) == []


def test_a_scope_has_a_name_of_its_own_and_names_layers():
    block = {"kind": "layer", "layers": [1]}
    for name in ("global", "neuron", "none"):
        assert problem_at(SCOPES, {name: block}) == (
            f"{SCOPES}.{name}: found {name!r}, a scope of the library; allowed: another name"
        )
    assert problems() == [
        f"{SCOPES}.inner.layers: found neither layers nor except; allowed: either or both"
    ]


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ({"kind": "input_unit", "layers": [1]}, "kind"),
        ({"kind": "neuron", "layers": [1]}, "kind"),
        ({"kind": "neuron", "except": [2]}, "kind"),
        ({"layers": []}, "layers"),
        ({"layers": [1, 1]}, "layers[1]"),
        ({"layers": [True]}, "layers[0]"),
        ({"layers": [1.5]}, "layers[0]"),
        ({"layers": "conv1"}, "layers"),
        ({"except": [""]}, "except[0]"),
        ({"layers": [1], "exept": [1]}, "exept"),
    ],
)
def test_what_a_scope_may_hold(block, place):
    [line] = problems(**block)
    assert line.startswith(f"{SCOPES}.inner.{place}: found ")


def test_unknown_scope_of_an_arm():
    assert problem_at(f"{ARM}.scopes", ["globl"]) == (
        f"{ARM}.scopes[0]: found 'globl', perhaps global is meant; allowed: a scope of the library "
        "or of the study (global, layer, output_unit, floor, erdos_renyi, erk, input_unit, neuron)"
    )


def test_a_scope_of_kind_floor_needs_its_number():
    own = {"inner": {"kind": "floor", "except": [1]}}
    config = changed(BASE, {SCOPES: own, f"{ARM}.scopes": ["inner"]})
    assert validation.problems(config) == [
        f"{ARM}.floor: found nothing, but scope floor needs it; allowed: an integer >= 1"
    ]
    assert validation.problems(changed(config, {f"{ARM}.floor": 3})) == []


def test_biases_are_pruned_where_each_layer_is_counted_alone():
    biased = [layer | {"prune_bias": True} if "units" in layer else layer for layer in DEEP]
    found = {}
    for kind in ("layer", "global"):
        config = changed(BASE, {"networks.net": biased, f"{ARM}.scopes": ["inner"]})
        config = changed(config, {f"{ARM}.fits": ["point"], f"{ARM}.criteria": ["magnitude"]})
        config = changed(config, {f"{ARM}.effects": ["zero"]})
        config = changed(config, {SCOPES: {"inner": {"kind": kind, "except": [1]}}})
        found[kind] = [line for line in validation.problems(config) if "scopes" in line]
    assert found["layer"] == []
    assert found["global"] == [
        f"{ARM}.scopes: found 'inner' with prune_bias in the network net; allowed: layer"
    ]


N_M = {"kind": "n_m", "pattern": "2:4"}


def of_groups(block, **arm):
    """Return what is wrong with an arm at level 0.50 whose only scope is `block`."""
    changes = {"scopes": ["inner"], "levels": ["0.50"], "schedules": ["oneshot"]} | arm
    config = changed(BASE, {SCOPES: {"inner": block}, "catalogue.study.noise": []})
    return validation.problems(
        changed(config, {f"{ARM}.{key}": value for key, value in changes.items()})
    )


def test_groups_need_no_layers():
    assert of_groups(N_M) == []
    assert of_groups(N_M | {"except": [-1]}) == []
    assert of_groups({"kind": "block", "block": [2, 3]}, levels=["0.30", "0.90"]) == []
    assert of_groups({"kind": "n_m", "pattern": "1:3"}, levels=["3x"]) == []
    assert of_groups({"kind": "n_m", "pattern": "3:8"}, levels=["0.625"]) == []


@pytest.mark.parametrize(
    ("block", "arm", "said"),
    [
        ({"kind": "n_m"}, {}, "pattern: found nothing, but kind n_m needs it; allowed: a text"),
        ({"kind": "block"}, {}, "block: found nothing, but kind block needs it; allowed: a list"),
        (
            {"kind": "layer", "layers": [1], "pattern": "2:4"},
            {},
            "pattern: found with kind 'layer'",
        ),
        (N_M | {"block": [1, 4]}, {}, "block: found with kind 'n_m'; allowed: with kind: block"),
        (N_M | {"pattern": "4:4"}, {}, "pattern: found '4:4', which removes nothing; allowed: n"),
        (N_M | {"pattern": "2:3"}, {}, "pattern: found '2:3', whose level 1/3 can't be written"),
        (N_M | {"pattern": 124}, {}, "pattern: found 124; allowed: a text such as"),
        ({"kind": "block", "block": [0, 4]}, {}, "block[0]: found 0; allowed: "),
    ],
)
def test_groups_have_a_size(block, arm, said):
    [line] = of_groups(block, **arm)
    assert line.startswith(f"{SCOPES}.inner.{said}")


def test_n_of_m_has_its_own_level_alone():
    assert of_groups(N_M, levels=["0.50", "0.90"]) == [
        f"{ARM}.levels[1]: found the level '0.90'; allowed: '0.5' (scope inner keeps 2 of 4; other "
        "levels: in an entry with other scopes)"
    ]
    [line] = of_groups({"kind": "n_m", "pattern": "2:6"})
    assert "found the level '0.50'; allowed: '3x' (" in line


def test_a_chain_of_n_of_m_stays_at_its_level():
    chain = {"kind": "chain", "steps": [["0.50", 1], ["0.60", 1]]}
    own = {"catalogue.study.schedules": {"fine": chain}, f"{ARM}.schedules": ["fine"]}
    config = changed(BASE, {SCOPES: {"inner": N_M}, f"{ARM}.scopes": ["inner"]} | own)
    lines = [line for line in validation.problems(config) if "the level '0.60'" in line]
    assert [line.partition(": ")[0] for line in lines] == [f"{ARM}.schedules[0]"]


def test_groups_go_with_exact_k():
    [line] = of_groups(N_M, selection="threshold", levels=["0.50"])
    assert line.startswith(
        f"{ARM}.scopes[0]: found 'inner' with selection threshold, which sees single weights"
    )


@pytest.mark.parametrize("name", ["neuron", "input_unit", "inner"])
def test_units_go_with_exact_k(name):
    arm = {"scopes": [name], "selection": "threshold"}
    [line] = of_groups({"kind": "neuron", "except": [1]}, **arm)
    assert line == (
        f"{ARM}.scopes[0]: found {name!r} with selection threshold, which sees single weights; "
        "allowed: exact_k with it"
    )


def test_neurons_have_weights_in_two_layers_in_a_row():
    assert problems(kind="neuron", layers=[2, 3]) == []
    assert problems(kind="neuron", **{"except": [2]}) == [
        f"{SCOPES}.inner.kind: found no layer with the one that follows it, where its units' "
        "weights are; allowed: two layers in a row (in the network net)"
    ]
    [line] = problems(kind="neuron", layers=[2, 9])
    assert line.startswith(f"{SCOPES}.inner.layers: found 9; ")


def test_an_allocation_is_a_function_in_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = "def f(shape, number, layers): return number\ndef g(shape): return 1\n"
    (tmp_path / "own.py").write_text(source + "def h(shape, number, layers): import os\n")
    own = {"kind": "allocation", "density": "own.py:f"}
    assert problems(**own) == []
    assert problems(**own, layers=[1, 2]) == []
    place = f"{SCOPES}.inner.density"
    assert problems(kind="allocation") == [
        f"{place}: found nothing, but kind allocation needs it; allowed: path/to/file.py:function"
    ]
    assert problems(layers=[1], density="own.py:f") == [
        f"{place}: found with kind 'global'; allowed: with kind: allocation only"
    ]
    for name, said in (
        ("g", "its parameters are shape; allowed: shape, number, layers, and others with a def"),
        ("h", "line 3: it has import; allowed: arithmetic, conditions, math"),
        ("none", "own.py defines no function none"),
    ):
        [line] = problems(kind="allocation", density=f"own.py:{name}")
        assert line.startswith(f"{place}: found 'own.py:{name}': {said}")
