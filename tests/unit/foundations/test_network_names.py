"""Names of networks: files, arguments, models of torchvision."""

import pytest

from prunescape.foundations import network_names
from prunescape.foundations.network_names import NetworkName


@pytest.fixture
def file(tmp_path):
    """A file with a class that keeps what it is called with."""
    path = tmp_path / "a (b).py"
    head = "class Net:\n    def __init__(self, depth=1, widths=()):\n"
    path.write_text(f"{head}        self.seen = depth, widths\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("nets.py:Net", ("nets.py", "Net", {})),
        ("a b/nets.py:net()", ("a b/nets.py", "net", {})),
        (
            "n.py:net(depth=20, a='x)', b=[1, -2.5])",
            ("n.py", "net", {"depth": 20, "a": "x)", "b": [1, -2.5]}),
        ),
        ("torchvision:resnet18(num_classes=10)", ("torchvision", "resnet18", {"num_classes": 10})),
    ],
)
def test_a_name_is_split(named, expected):
    assert network_names.split(named) == NetworkName(*expected)
    assert network_names.split(named).is_file == (expected[0] != "torchvision")


@pytest.mark.parametrize(
    ("named", "what"),
    [
        ("net.txt:Net", "is not of the form path/to/file.py:name, "),
        ("net.py:Net(20)", "found arguments with an argument without its keyword"),
        ("net.py:Net(**{})", "found arguments with \\*\\*"),
        ("net.py:Net(depth=open('x'))", r"found arguments with depth that is computed; allowed"),
        ("net.py:Net(depth=1)(2)", "found arguments with "),
        (f"net.py:Net(a={'(' * 20_000})", r"^net\.py:Net\(a=\(+ \.\.\.: found arguments with"),
        (f"net.py:Net(a={'(' * 20_000}", r"^'net\.py:Net\(a=\(+ \.\.\.' is not of the form"),
        ("net.py:Net(depth=)", "found arguments with "),
        ("net.py:Net(a=1, a=2)", "found arguments with "),
    ],
)
def test_what_is_no_name(named, what):
    with pytest.raises(ValueError, match=what) as told:
        network_names.split(named)
    assert "\n" not in str(told.value)


def test_a_file_is_called_with_its_arguments(file):
    assert network_names.load(f"{file}:Net")().seen == (1, ())
    made = network_names.load(f"{file}:Net(depth=3, widths=[4])")
    assert made().seen == (3, [4])
    network_names.check(f"{file}:Net(depth=3)")
    with pytest.raises(ValueError, match="defines no Other"):
        network_names.check(f"{file}:Other(depth=3)")


def test_a_model_of_torchvision_has_new_weights_and_the_classes_that_are_asked_for():
    make = network_names.load("torchvision:squeezenet1_1(num_classes=7)")
    assert make.keywords == {"weights": None, "num_classes": 7}
    assert type(make()).__name__ == "SqueezeNet"
    with pytest.raises(ValueError, match=r"torchvision has no model resnet19; allowed: .*resnet18"):
        network_names.load("torchvision:resnet19")
