"""Claims as files state them: what is read, what is refused, and how they are put in words."""

import dataclasses

import pytest
import yaml

from prunescape.verdicts import claim_files
from tests.helpers.places import RESOURCES, ROOT

CLAIMS = RESOURCES / "claims.yaml"
STATED = claim_files.Claim(
    id="c1",
    study="graves",
    origin="this project",
    source="prunescape",
    statement="Something.",
    statistic={"measure": "accuracy", "of": {"criterion": "none"}, "minus": {"level": "0.90"}},
    comparison="<=",
    margin=1.0,
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"statistic": {"of": {}}}, "claim c1: statistic has the words"),
        ({"statistic": {"measure": "nll", "of": {}, "over": {}}}, "claim c1: statistic has"),
        (
            {"statistic": {"measure": "nll", "of": {}, "mean_over": {}, "sum_over": {}}},
            "claim c1: expected mean_over or sum_over",
        ),
        ({"comparison": "=="}, "claim c1: comparison '=='"),
        ({"origin": "hearsay"}, "claim c1: origin 'hearsay'"),
        ({"margin": "1"}, "claim c1: margin '1', expected a number"),
        ({"margin": True}, "claim c1: margin True, expected a number"),
        ({"id": ""}, "claim '': id '', expected text"),
        ({"statement": " "}, "claim 'c1': statement ' ', expected text"),
        (
            {"statistic": {"measure": "nll", "of": {}, "each": {"noise_level": ["0.3", 0.35]}}},
            "claim c1: each: level 0.35: expected a string",
        ),
        ({"id": ["a"]}, r"claim \['a'\]: id \['a'\], expected text"),
        ({"margin": float("nan")}, "claim c1: margin nan, expected a number"),
        ({"statistic": {"measure": ["nll"], "of": {}}}, "claim c1: measure: expected a name"),
        ({"statistic": {"measure": "nll", "of": [{}]}}, "claim c1: of: expected filters"),
        (
            {"statistic": {"measure": "nll", "of": {"level": ["0.7", "0.9"]}}},
            "claim c1: of: expected one value a column",
        ),
        (
            {"statistic": {"measure": "nll", "of": {}, "mean_over": []}},
            "claim c1: mean_over: expected filters",
        ),
        (
            {"statistic": {"measure": "nll", "of": {}, "each": {"level": []}}},
            "claim c1: each: found an empty list of values",
        ),
    ],
)
def test_a_claim_that_is_not_well_formed_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(STATED, **changes)


def test_claims_files_that_are_not_well_formed(tmp_path):
    path, stated = tmp_path / "claims.yaml", yaml.safe_load(CLAIMS.read_text())
    for text, message in [
        (yaml.safe_dump([stated[0], stated[0]]), "the claim's id g1 occurs twice"),
        (yaml.safe_dump([{**stated[0], "extra": 1}]), r"unknown keys \['extra'\]; expected"),
        (yaml.safe_dump([{"id": "x1"}]), r"claim 'x1': lacks the keys \['study', "),
        ("- just words", "expected a claim with the keys"),
        ("- {", "not a YAML file"),
    ]:
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            claim_files.read(path)


def test_files_are_read_in_their_order_and_share_no_id(tmp_path):
    optional = {"tolerance", "reason", "file"}
    stated = {key: value for key, value in vars(STATED).items() if key not in optional}
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(yaml.safe_dump([stated, {**stated, "id": "c2"}]))
    second.write_text(yaml.safe_dump([{**stated, "id": "a1"}]))
    found = claim_files.read(first, second)
    assert [each.id for each in found] == ["c1", "c2", "a1"]
    assert found[0] == dataclasses.replace(STATED, file=str(first))
    first.write_text(yaml.safe_dump([{**stated, "tolerance": 0.3, "reason": "It is little."}]))
    assert claim_files.read(first)[0].tolerance == 0.3
    second.write_text(yaml.safe_dump([stated]))
    with pytest.raises(ValueError, match=r"second\.yaml: the claim's id c1 occurs twice"):
        claim_files.read(first, second)
    second.write_text("")
    assert claim_files.read(second) == []


def test_filters_are_one_mapping_for_each_combination_of_values():
    assert claim_files.expanded({"criterion": ["snr", "random"], "level": ["0.70", "0.90"]}) == [
        {"criterion": criterion, "level": level}
        for criterion in ("snr", "random")
        for level in ("0.70", "0.90")
    ]
    assert claim_files.expanded([{"noise": "none"}, {"level": ["0.70", "0.90"]}]) == [
        {"noise": "none"},
        {"level": "0.70"},
        {"level": "0.90"},
    ]
    assert claim_files.expanded({}) == [{}]


def test_a_claim_in_words():
    statistic = {
        "table": "gradient_noise",
        "measure": "error",
        "of": {"criterion": "snr"},
        "each": {"level": ["0.70", "0.90"]},
        "sum_over": [{"noise": "none"}, {"noise": "grey_raw", "noise_level": "0.30"}],
        "where": {"fit": "vi"},
    }
    assert dataclasses.replace(STATED, statistic=statistic, margin=2).text() == (
        "gradient_noise: error of (criterion snr); where fit vi; each level 0.70 0.90; sum over "
        "noise none and noise grey_raw, noise_level 0.30; <= 2"
    )
    assert STATED.text() == "accuracy of (criterion none) - (level 0.90); <= 1.0"


GREY = {"noise": "grey_raw", "noise_level": "0.3"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tolerance": 0.3}, "tolerance 0.3 and reason None, expected both or neither"),
        ({"reason": "x"}, "tolerance None and reason 'x', expected both or neither"),
        ({"tolerance": 0.3, "reason": " "}, "reason ' ', expected text"),
        ({"tolerance": 0, "reason": "x"}, "tolerance 0, expected a number > 0"),
        ({"tolerance": "0.3", "reason": "x"}, "tolerance '0.3', expected a number > 0"),
        ({"tolerance": 0.6, "reason": "x"}, "tolerance 0.6, expected at most 0.5 points on clean"),
    ],
)
def test_a_tolerance_is_small_and_has_a_reason(changes, message):
    with pytest.raises(ValueError, match=f"claim c1: {message}"):
        dataclasses.replace(STATED, **changes)


@pytest.mark.parametrize("changes", [{"where": GREY}, {"measure": "nll"}])
def test_what_is_not_accuracy_on_clean_images_has_a_scale_of_its_own(changes):
    statistic = STATED.statistic | changes
    found = dataclasses.replace(STATED, statistic=statistic, tolerance=2, reason="a tenth of it")
    assert found.tolerance == 2


@pytest.mark.parametrize(
    ("comparison", "at_most"), [("<=", True), ("<", True), (">=", False), (">", False)]
)
def test_the_claimed_side(comparison, at_most):
    assert dataclasses.replace(STATED, comparison=comparison).at_most == at_most


def test_selections_are_those_of_every_part_side_and_cell():
    grey = {"noise": "grey_raw", "noise_level": ["0.3", "0.4"]}
    statistic = STATED.statistic | {"each": {"scope": ["layer", "global"]}, "mean_over": grey}
    found = list(dataclasses.replace(STATED, statistic=statistic).selections())
    assert [(side, each["scope"], each["noise_level"]) for side, each in found] == [
        (side, scope, level)
        for scope in ("layer", "global")
        for side in ("of", "minus")
        for level in ("0.3", "0.4")
    ]
    assert found[0][1]["criterion"] == "none"


def test_the_projects_tolerances_are_more_than_one_test_image():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    tolerant = [each for each in claim_files.read(CLAIMS) if each.tolerance is not None]
    assert len(tolerant) >= 20
    for claim in tolerant:
        dataset = config["catalogue"][claim.study]["dataset"]
        test = config["datasets"][dataset]["test"]
        assert claim.statistic["measure"] in ("accuracy", "error")
        assert claim.tolerance > 100 / (10_000 if test == "official" else test), claim.id
