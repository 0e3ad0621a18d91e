"""Names of one block that another must have."""

import pytest

from tests.helpers.configurations import SMALL, lines_of, problem_at, problems


def test_study_that_is_run_is_in_the_catalogue():
    assert problem_at("studies", ["study", "stady"]) == (
        "studies[1]: found 'stady', perhaps study is meant; "
        "allowed: a study of the catalogue (study)"
    )


def test_studies_are_picked_among_those_that_are_run():
    assert problems(only=["study"]) == []
    assert problem_at("only", ["stady"]) == (
        "only[0]: found 'stady', perhaps study is meant; allowed: a study that is run (study)"
    )


def test_source_of_a_data_set_exists():
    assert problem_at("datasets.digits.source", "mnist") == (
        "datasets.digits.source: found 'mnist'; allowed: one of the sources (digits)"
    )


@pytest.mark.parametrize(
    ("source", "named", "message"),
    [
        ("def net(): ...", "net.py:net", None),
        ("class Net: ...", "net.py:Net", None),
        ("net = make(3)", "net.py:net", None),
        ("raise SystemExit", "net.py:net", "but net.py defines no net (it defines: nothing)"),
        ("def nett(): ...", "net.py:net", "but net.py defines no net (it defines: nett)"),
        ("def net(:", "net.py:net", "but net.py is no Python: line 1: invalid syntax"),
        ("", "gone.py:net", "but gone.py can't be read (No such file or directory)"),
        (
            "",
            "net.py",
            "found 'net.py'; allowed: path/to/file.py:name, path/to/file.py:name(arg",
        ),
        (
            "",
            "net.txt:net",
            "found 'net.txt:net'; allowed: path/to/file.py:name, path/to/file.py:name(arg",
        ),
    ],
)
def test_a_network_in_a_file_is_looked_up_without_running_it(
    tmp_path, monkeypatch, source, named, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(source)
    found = problems(networks__net=named)
    if message is None:
        assert found == []
    else:
        (line,) = found
        assert line.startswith(f"networks.net: found {named!r}")
        assert message in line


def test_data_set_of_a_study_exists():
    assert problem_at("catalogue.study.dataset", "digit") == (
        "catalogue.study.dataset: found 'digit', perhaps digits is meant; "
        "allowed: one of the datasets (digits)"
    )


def test_claims_that_are_not_tested_exist():
    assert problems(not_tested={"g1": "two epochs"}) == []
    assert problem_at("not_tested", {"g99": "two epochs"}).startswith(
        "not_tested.g99: found 'g99'; allowed: a claim of claims.yaml (g1, g2, g3"
    )


def test_schedules_of_both_kinds_are_valid():
    assert lines_of() == []
    assert lines_of(schedules=["tuned"], levels=["0.50", "0.90"]) == []
    assert lines_of(schedules=["tuned"], levels=["0.50"], effects=["zero", "freeze"]) == []
    assert lines_of(schedules=["oneshot", "tuned", "fine"], levels=["0.50"]) == []


def test_fits_that_are_run_exist_and_leave_no_study_out():
    assert problems(fits=["point"]) == []
    (line,) = problems(fits=["pint", "point"])
    assert line.startswith("fits[0]: found 'pint', perhaps point is meant")
    other = SMALL["catalogue"]["study"]
    other = other | {"fits": {"mine": other["fits"]["point"]}, "arms": [], "noise": []}
    (line,) = problems(catalogue__other=other, studies=["study", "other"], fits=["point"])
    assert line == (
        "fits: found none of the study other's (mine); allowed: at least one of every study"
    )


def test_sklearn_splits_off_a_number_of_images():
    dataset = SMALL["datasets"]["digits"] | {"split": "sklearn", "test": "official"}
    assert problems(datasets__digits=dataset) == [
        "datasets.digits.test: found official with split: sklearn; allowed: a number of images"
    ]


def test_accuracy_is_measured_on_images_that_are_held_out():
    assert problems(split="tune", validate_every=3) == []
    assert problems(split="final", validate_every=0) == []
    assert problems(split="final", validate_every=3) == [
        "validate_every: found 3 with split: final, which trains on the validation images too; "
        "allowed: 0, or split: tune"
    ]
