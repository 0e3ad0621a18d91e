"""What criteria read, found in their source; nothing of the user is executed."""

import pytest

from prunescape.scoring import needs
from prunescape.scoring.needs import Signature
from prunescape.scoring.weight_statistics import WeightStatistics

EXECUTED = 'raise RuntimeError("executed")\n'


@pytest.fixture
def own(tmp_path):
    """Return a function that writes a file of the user and names one of its functions."""

    def write(source, name="score"):
        path = tmp_path / "own.py"
        path.write_text(source, encoding="utf-8")
        return f"{path}:{name}"

    return write


def config(**criteria):
    return {"criteria": criteria}


def test_signatures_are_read_and_nothing_is_executed(own):
    named = own(f"{EXECUTED}def score(weight, gradient, *, sigma, power=2): return weight\n")
    assert needs.of_user(named) == Signature("weight", ("gradient", "sigma"))
    assert needs.of(config(mine=named), "mine") == {"gradient", "sigma"}
    assert needs.of(config(mine=named), "shuffled_mine") == {"gradient", "sigma"}
    assert needs.of({}, "shuffled_obd_empirical") == {"fisher"}
    assert needs.of({}, "lamp") == frozenset()


def test_criteria_that_read_nothing_that_training_made(own):
    known = {name for name in needs.built_in() if needs.before_training({}, name)}
    assert known == {"random", "snip", "grasp", "synflow"}
    assert needs.before_training({}, "shuffled_snip")
    for source, expected in (
        ("def score(weight, initial_weight): return initial_weight.abs()\n", True),
        ("def score(weight, initial_weight): return (weight - initial_weight).abs()\n", False),
        ("def score(weight, initial_weight, sigma): return initial_weight / sigma\n", False),
        ("def score(weights): return {k: -w for k, w in weights.items()}\n", False),
    ):
        assert needs.before_training(config(mine=own(source)), "mine") == expected


def test_what_reads_images_is_known():
    assert needs.STATISTICS.keys() > needs.WITHOUT_IMAGES
    reading = {n for n, each in needs.built_in().items() if needs.reads_images(each.statistics)}
    weights = {"random", "magnitude", "lamp", "snr", "inverse_sigma", "log_alpha", "synflow"}
    assert needs.built_in().keys() - reading == weights
    assert needs.reads_images({"uniform", "fisher"})
    assert not needs.reads_images([])


def test_criteria_are_spelled_as_scripts_take_them(own):
    named = own("def score(weights): return weights\n")
    names = ["magnitude", "mine", "shuffled_mine"]
    path = named.removesuffix(":score")
    assert needs.spelled(config(mine=named), names) == [
        *("magnitude", f"mine={named}", f"shuffled_mine={named}")
    ]
    assert needs.files(config(mine=named, other="x.py:f"), names) == [path]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def score(weight:\n", r"own.py is no Python: line 1: "),
        ("score = abs\n", r"own.py defines no function score \(functions: none\)$"),
        ("def scores(weight): pass\n", r"no function score \(functions: scores\)$"),
        ("class A:\n    def score(weight): pass\n", "defines no function score"),
        ("def score(): pass\n", "first parameter none; allowed: weight or weights$"),
        ("def score(w): pass\n", "first parameter w; allowed: weight or weights$"),
        ("def score(weight, noise): pass\n", "has the parameter noise, which is now uniform$"),
        ("def score(weight, noise=None): pass\n", "parameter noise, which is now uniform$"),
        ("def score(weight, slope): pass\n", "unknown parameter slope; allowed: sigma, "),
        ("def score(weight, **rest): pass\n", r"takes \*, \*\* or unnamed parameters"),
        ("def score(weight, /): pass\n", "unnamed parameters"),
        ("\0", "own.py is no Python: "),
    ],
)
def test_a_faulty_function_is_told_in_one_line(source, problem, own):
    with pytest.raises(ValueError, match=problem) as raised:
        needs.of_user(own(source))
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_or_not_text(own, tmp_path):
    with pytest.raises(ValueError, match=r"missing.py can't be read \(No such file"):
        needs.of_user(f"{tmp_path}/missing.py:score")
    (tmp_path / "latin.py").write_bytes("def score(weight): '\xe9'".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin.py is not text in UTF-8"):
        needs.of_user(f"{tmp_path}/latin.py:score")
    with pytest.raises(ValueError, match="not of the form"):
        needs.of_user("own.py")


def test_the_statistics_that_there_are_have_a_description():
    attributes = {name for name in vars(WeightStatistics) if not name.startswith("_")}
    assert attributes == needs.STATISTICS.keys()
    groups = needs.POSTERIOR | needs.INITIAL | needs.PRECONDITIONER | needs.INPUT_MOMENTS
    assert groups <= needs.STATISTICS.keys()
