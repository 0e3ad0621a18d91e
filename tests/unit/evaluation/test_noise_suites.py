"""Suites: one line of a config stands for all kinds of a publication."""

import pytest

from prunescape.evaluation import noise_suites


def test_a_suite_becomes_an_entry_for_each_kind():
    found = noise_suites.expanded({"suite": "mnist_c"})
    assert [each["kind"] for each in found] == list(noise_suites.SUITES["mnist_c"].kinds)
    assert {tuple(each["levels"]) for each in found} == {("1.00",)}
    found = noise_suites.expanded({"suite": "cifar_c", "severities": [1, 5], "networks": ["net"]})
    assert found[0] == {
        "kind": "cifar_c_gaussian_noise",
        "levels": ["0.20", "1.00"],
        "networks": ["net"],
    }
    assert len(found) == 14


def test_a_suites_name_as_kind_stands_for_its_kinds_beside_others():
    other = {"kind": "gaussian", "levels": ["0.1"]}
    found = noise_suites.expanded(
        [other, {"kind": "cifar_c", "levels": ["0.6"], "sparsities": ["0"]}]
    )
    assert found[0] == other
    assert found[1] == {"kind": "cifar_c_gaussian_noise", "levels": ["0.6"], "sparsities": ["0"]}
    assert len(found) == 15


@pytest.mark.parametrize(
    "noise",
    [
        *(
            None,
            3,
            "mnist_c",
            [None, {"kind": ["cifar_c"]}],
            {"suite": "imagenet_c"},
            {"kind": "x"},
        ),
        *({"suite": "cifar_c", "severities": [6]}, {"suite": "cifar_c", "severities": [[1]]}),
    ],
)
def test_what_the_schema_refuses_stays_as_it_is(noise):
    assert noise_suites.expanded(noise) == noise
    assert noise_suites.with_suites({"catalogue": {"a": {"noise": noise}}}) == {
        "catalogue": {"a": {"noise": noise}}
    }


def test_a_config_without_noise_is_as_it_was():
    for config in (None, {}, {"catalogue": 3}, {"catalogue": {"a": None, "b": {"fits": {}}}}):
        assert noise_suites.with_suites(config) == config


def test_levels_are_severities_over_five():
    assert [noise_suites.severity(each) for each in ("0.2", "0.40", "1", "1.00")] == [1, 2, 5, 5]
    for level in ("0.5", "0", "1.2"):
        with pytest.raises(ValueError, match=f"found {level}; allowed: 0.20"):
            noise_suites.severity(level)
