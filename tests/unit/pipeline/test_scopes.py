"""Scopes: which layers their names mean, and what is said of names that mean none."""

import pytest

from prunescape.pipeline import scopes
from prunescape.pipeline.scopes import Scope

LISTED = {"1": "1", "2": "2", "3": "3"}
MODULE = {
    "1": "conv",
    "2": "layer1.0.conv1",
    "4": "layer1.0.conv2",
    "5": "layer1.1.conv1",
    "6": "fc",
}
SEQUENTIAL = {"1": "0", "2": "2"}
KEY = "catalogue.study.scopes.inner"


@pytest.mark.parametrize(
    ("only", "but", "expected"),
    [
        ([], [], ["1", "2", "4", "5", "6"]),
        ([], [1, -1], ["2", "4", "5"]),
        ([4, 1], [], ["1", "4"]),
        (["layer1.0.conv2", "conv"], [], ["1", "4"]),
        (["layer1.*"], [], ["2", "4", "5"]),
        (["layer1.*"], ["*.conv1"], ["4"]),
        (["layer1.?.conv1"], [], ["2", "5"]),
        ([], ["[cf]*"], ["2", "4", "5"]),
        ([-5], [], ["1"]),
        (["*"], [-2], ["1", "2", "4", "6"]),
    ],
)
def test_layers_by_number_path_and_pattern(only, but, expected):
    assert Scope("global", only, but).layers(MODULE, KEY) == expected


def test_a_text_is_a_path_and_a_number_a_place():
    assert Scope("layer", ["2"]).layers(SEQUENTIAL, KEY) == ["2"]
    assert Scope("layer", ["0"]).layers(SEQUENTIAL, KEY) == ["1"]
    assert Scope("layer", [1]).layers(SEQUENTIAL, KEY) == ["1"]
    assert Scope("layer", but=[2]).layers(LISTED, KEY) == ["1", "3"]


@pytest.mark.parametrize(
    ("scope", "paths", "said"),
    [
        (
            Scope("global", ["layer1.0.con1"]),
            MODULE,
            ".layers: found 'layer1.0.con1', perhaps layer1.0.conv1 is meant; allowed: a number "
            "from 1 to 6, or -1 for the last; a path, or a pattern of paths (conv, layer1.0.conv1, "
            "layer1.0.conv2, layer1.1.conv1, fc)",
        ),
        (
            Scope("global", but=[1, "block.*"]),
            MODULE,
            ".except: found 'block.*'; allowed: a number",
        ),
        (Scope("global", [3]), MODULE, ".layers: found 3; allowed: a number from 1 to 6"),
        (Scope("global", [0]), MODULE, ".layers: found 0; "),
        (Scope("global", [-6]), MODULE, ".layers: found -6; "),
        (Scope("global", [4]), LISTED, ".layers: found 4; allowed: a number from 1 to 3, or -1"),
        (Scope("global", ["CONV"]), MODULE, ".layers: found 'CONV'"),
        (Scope("global", but=["*"]), MODULE, ".except: found all layers that would be pruned"),
        (Scope("global", [1, 2], ["*conv*"]), MODULE, ".except: found all layers that would"),
    ],
)
def test_a_name_of_no_layer_is_refused_in_a_line(scope, paths, said):
    with pytest.raises(ValueError, match=r"^catalogue\.study\.scopes\.inner\.") as caught:
        scope.layers(paths, KEY)
    assert str(caught.value).startswith(KEY + said)
    assert "\n" not in str(caught.value)


def test_long_networks_are_not_listed_whole():
    paths = {str(i): f"block{i}" for i in range(1, 60)}
    [(place, text)] = Scope("layer", ["head"]).problems(paths)
    assert place == ("layers",)
    assert text.endswith("block29, block30, ...)")


def test_a_name_stands_for_the_studys_own_scope_first():
    own = {"inner": {"kind": "layer", "layers": [1, "a*"], "except": [2]}}
    config = {"catalogue": {"study": {"scopes": own}, "other": {}}}
    assert scopes.scope(config, "study", "inner") == Scope("layer", (1, "a*"), (2,))
    assert scopes.scope(config, "other", "global") == Scope("global")
