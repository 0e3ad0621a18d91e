"""Sources, criteria, noise and claims in files of the user."""

import pytest
import yaml

from prunescape.configuration import own_files, validation
from tests.helpers.configurations import (
    ARM,
    SMALL,
    changed,
    problem_at,
    problems,
    problems_at,
)


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (["file:gone.npz"], "[0]: found 'file:gone.npz', but there is no such file"),
        (["classes:gone"], "[0]: found 'classes:gone', but there is no such folder"),
        (["classes:empty"], "[0]: found 'classes:empty', but the folder has no file"),
        (["file:here.zip"], "[0]: found 'file:here.zip', but its ending is none of .npz, "),
        (
            ["file:~nobody_here/x.npz"],
            "[0]: found 'file:~nobody_here/x.npz', but nobody_here is no user of this machine",
        ),
        (["torchvision:ImageNet"], "[0]: found 'torchvision:ImageNet'; allowed: "),
        (["directory:here"], "[0]: found 'directory:here'; allowed: file:PATH, classes:FOLDER or "),
        (["file:here.npz", "classes:here"], "[1]: found 'classes:here' beside 'file:here.npz'; "),
    ],
)
def test_a_source_of_ones_own_is_one_place_that_is_there(tmp_path, monkeypatch, places, message):
    monkeypatch.chdir(tmp_path)
    for name in ("here.npz", "here.zip"):
        (tmp_path / name).touch()
    for name in ("empty/.hidden/a", "here/a"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "empty/.hidden/a/1.png").touch()
    (tmp_path / "here/a/1.png").touch()
    (line,) = problems(sources__mine=places)
    assert line.startswith(f"sources.mine{message}")
    assert problems(sources__mine=["file:here.npz"]) == []
    assert problems(sources__mine=["classes:here"]) == []
    assert problems(sources__mine=["torchvision:CIFAR10"]) == []


def test_a_known_source_has_mirrors():
    assert problem_at("sources.digits", ["file:digits.npz"]).startswith(
        "sources.digits[0]: found 'file:digits.npz'; allowed: digits has known files, so a mirror"
    )


def own_criterion(tmp_path, source="def score(weight, sigma): return weight / sigma\n", **changes):
    (tmp_path / "own.py").write_text(source, encoding="utf-8")
    named = {"criteria": {"mine": f"{tmp_path}/own.py:score"}, f"{ARM}.criteria": ["mine"]}
    return validation.problems(changed(SMALL, named | changes))


def test_only_images_of_ones_own_are_prepared():
    found = {"source": "mnist", "resize": 32, "colour": False}
    place = ("datasets", "mnist")
    [(where, text)] = own_files.check_preparation(place, found)
    assert where == (*place, "resize")
    assert text == "found 32 of mnist; allowed: for images of your own"
    assert list(own_files.check_preparation(place, found | {"source": "mine"})) == []


def test_a_criterion_of_the_user(tmp_path):
    assert own_criterion(tmp_path) == []
    assert own_criterion(tmp_path, **{f"{ARM}.criteria": ["shuffled_mine", "random"]}) == []
    assert own_criterion(tmp_path, **{f"{ARM}.fits": ["point"]}) == [
        f"{ARM}.criteria[0]: found 'mine', which needs a posterior, for point; "
        "allowed: fits with objective.kind: variational"
    ]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def score(weight, slope): return weight\n", "function score has the unknown parameter"),
        ("def score(weight) return weight\n", "own.py is no Python: line 1: expected ':'"),
        ("def scores(weight): return weight\n", "defines no function score (functions: scores)"),
    ],
)
def test_a_faulty_criterion_of_the_user(source, problem, tmp_path):
    (line,) = own_criterion(tmp_path, source)
    assert line.startswith("criteria.mine: found '")
    assert problem in line


@pytest.mark.parametrize("name", ["none", "lamp", "shuffled_lamp"])
def test_a_criterion_of_the_user_has_a_name_of_its_own(name, tmp_path):
    own = {name: f"{tmp_path}/own.py:score"}
    (line,) = own_criterion(tmp_path, criteria=own, **{f"{ARM}.criteria": ["random"]})
    assert line.startswith(f"criteria.{name}: found {name!r}, which has a meaning of its own; ")


@pytest.mark.parametrize("named", ["own.py", "own:score", "own.py:1st", "a=own:score", 3, None])
def test_where_a_criterion_of_the_user_is(named):
    (line,) = problems_at("criteria", {"mine": named})
    assert line.endswith("; allowed: path/to/file.py:function")


def own_noise(tmp_path, source, name="smear"):
    (tmp_path / "own.py").write_text(source)
    used = [{"kind": name, "levels": ["0.10"]}]
    return problems(noises={name: f"{tmp_path}/own.py:blur"}, catalogue__study__noise=used)


def test_a_kind_of_noise_of_the_user_is_looked_at_and_not_executed(tmp_path):
    source = "def blur(images, level, generator, size=3): pass\nraise RuntimeError\n"
    assert own_noise(tmp_path, source) == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            "def blur(images, level): pass\n",
            "its parameters are images, level; allowed: images,",
        ),
        ("def blur(level, images, generator): pass\n", "its parameters are level, images, generat"),
        ("def blur(images, level, generator, size): pass\n", "and others with a default"),
        ("def blur(images, level, generator, *, size): pass\n", "and others with a default"),
        ("def smear(images, level, generator): pass\n", "defines no function blur"),
        ("def blur(images level): pass\n", "own.py is no Python: line 1"),
    ],
)
def test_a_faulty_kind_of_noise_of_the_user(source, problem, tmp_path):
    (line,) = own_noise(tmp_path, source)
    assert line.startswith("noises.smear: found '")
    assert problem in line


def test_names_of_kinds_of_noise(tmp_path):
    (line,) = own_noise(tmp_path, "def blur(images, level, generator): pass\n", "gaussian")
    assert line.startswith("noises.gaussian: found 'gaussian', which has a meaning of its own; ")
    used = [{"kind": "gausian", "levels": ["0.10"]}]
    (line,) = problems(catalogue__study__noise=used)
    assert line.startswith(
        "catalogue.study.noise[0].kind: found 'gausian', perhaps gaussian is meant; allowed: a "
        "kind of noise (grey_raw, grey_normalised, gaussian, salt_pepper, occlusion, mnist_c_"
    )


CLAIM = {
    "id": "own1",
    "study": "study",
    "origin": "this project",
    "source": "a test",
    "statement": "It holds.",
    "statistic": {"measure": "accuracy", "of": {"fit": "vi", "criterion": "none"}},
    "comparison": ">=",
    "margin": 50,
}


def own_claims(tmp_path, *stated):
    (tmp_path / "own.yaml").write_text(yaml.safe_dump([CLAIM | each for each in stated]))
    return problems(claims=[f"{tmp_path}/own.yaml"], not_tested={})


def test_claims_of_the_user_can_be_left_out_too(tmp_path):
    assert own_claims(tmp_path, {}) == []
    changes = {"claims": [f"{tmp_path}/own.yaml"]}
    assert problems(**changes, not_tested={"own1": "too few epochs"}) == []
    (line,) = problems(**changes, not_tested={"own2": "too few epochs"})
    assert line.startswith("not_tested.own2: found 'own2', perhaps own1 is meant")


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        ([{"id": "g1"}], "the claim's id g1 occurs twice; allowed: files of claims, each id once"),
        ([{}, {}], "the claim's id own1 occurs twice"),
        ([{"margin": "much"}], "claim own1: margin 'much', expected a number"),
        ([{"study": "stdy"}], "found 'stdy', perhaps study is meant; allowed: a study of the cat"),
    ],
)
def test_faulty_claims_of_the_user(stated, problem, tmp_path):
    (line,) = own_claims(tmp_path, *stated)
    assert line.startswith("claims[0]: found ")
    assert problem in line


def test_a_file_of_claims_that_is_not_there():
    (line,) = problems(claims=["nowhere.yaml"])
    assert line.startswith("claims[0]: found 'nowhere.yaml': No such file or directory; allowed: ")


def own_effect(tmp_path, source, name="fade", **arm):
    (tmp_path / "own.py").write_text(source)
    changes = {f"{ARM}.effects": [name], f"{ARM}.schedules": ["oneshot"]} | arm
    return validation.problems(
        changed(SMALL, {"effects": {name: f"{tmp_path}/own.py:fade"}} | changes)
    )


def test_an_effect_of_the_user_is_looked_at_and_not_executed(tmp_path):
    source = "def fade(weight, mask, bias, by=2): pass\nraise RuntimeError\n"
    assert own_effect(tmp_path, source) == []
    (line,) = own_effect(tmp_path, "def fade(weight, kept): pass\n")
    assert line.startswith("effects.fade: found '")
    assert "its parameters are weight, kept; allowed: weight, mask, then any of bias, " in line
    (line,) = own_effect(tmp_path, source, "freeze")
    assert line.startswith("effects.freeze: found 'freeze', which has a meaning of its own; ")
    (line,) = own_effect(tmp_path, source, **{f"{ARM}.effects": ["fad"]})
    assert line == (
        f"{ARM}.effects[0]: found 'fad', perhaps fade is meant; allowed: an effect "
        "(zero, compensate, freeze, recalibrate, reconstruct, fade)"
    )


def test_an_effect_of_the_user_goes_with_oneshot(tmp_path):
    tuned = {"tuned": {"kind": "retrain", "epochs": 1}}
    lines = own_effect(
        tmp_path,
        "def fade(weight, mask): pass\n",
        **{f"{ARM}.schedules": ["tuned"], "catalogue.study.schedules": tuned},
    )
    assert f"{ARM}.schedules[0]: found 'tuned' with effect fade; allowed: oneshot with it" in lines


def test_files_of_code_have_one_spelling():
    named = {
        "one": "./nets//net.py:Net(path='./x//y.py:z')",
        "two": "../nets/./net.py:Net",
        "three": [{"kind": "linear", "units": 10}],
        "four": "torchvision:resnet18",
    }
    found = own_files.with_plain_paths({"networks": named, "criteria": {"c": "././a.py:b"}})
    assert found == {
        "networks": named
        | {"one": "nets/net.py:Net(path='./x//y.py:z')", "two": "../nets/net.py:Net"},
        "criteria": {"c": "a.py:b"},
    }
