"""Arms and schedules: possible, different, and with what their criteria need."""

import pytest

from prunescape.configuration import validation
from prunescape.scoring import needs
from tests.helpers.configurations import (
    ARM,
    SCHEDULES,
    SMALL,
    STEPS,
    changed,
    lines_of,
    problem_at,
    problems,
    problems_at,
)

POSTERIOR = [
    name for name, read in needs.built_in().items() if needs.POSTERIOR & set(read.statistics)
]


def test_fits_of_an_arm_exist():
    assert problem_at(f"{ARM}.fits", ["vi", "v"]) == (
        f"{ARM}.fits[1]: found 'v', perhaps vi is meant; allowed: a fit of the study (point, vi)"
    )


@pytest.mark.parametrize("level", ["1", "1.0", "1.000"])
def test_level_1_only_with_freeze(level):
    levels = ["0.50", "0.90", level]
    config = changed(SMALL, {f"{ARM}.levels": levels, f"{ARM}.effects": ["freeze", "zero"]})
    assert validation.problems(config) == [
        f"{ARM}.levels[2]: found {level!r}; allowed: below 1, or effects: [freeze] "
        "(no weight would be left)"
    ]
    config = changed(SMALL, {f"{ARM}.levels": levels, f"{ARM}.effects": ["freeze"]})
    assert validation.problems(config) == []


def test_level_twice_by_value():
    assert problem_at(f"{ARM}.levels", ["0.90", "0.5", "0.900"]) == (
        f"{ARM}.levels[2]: found '0.900', the same as '0.90' in [0]; allowed: each level once"
    )


@pytest.mark.parametrize("key", ["fits", "criteria", "scopes", "effects", "schedules"])
def test_entry_of_an_arm_twice(key):
    entries = SMALL["catalogue"]["study"]["arms"][0][key]
    path = f"{ARM}.{key}[{len(entries)}]"
    assert problem_at(f"{ARM}.{key}", [*entries, entries[0]]) == (
        f"{path}: found {entries[0]!r} again, as in [0]; allowed: each entry once"
    )


def test_same_arm_in_two_entries():
    arm = SMALL["catalogue"]["study"]["arms"][0]
    again = arm | {"criteria": ["magnitude", "random"], "levels": ["0.75"]}
    assert problem_at("catalogue.study.arms", [arm, again]) == (
        "catalogue.study.arms[1]: found vi / random / global / oneshot again, as in [0]; "
        "allowed: each once, with all its effects and levels"
    )
    for change in ({"fits": ["point"]}, {"scopes": ["layer"]}, {"selection": "threshold"}):
        assert problems_at("catalogue.study.arms", [arm, again | change]) == []


def test_scope_floor_needs_floor():
    assert problem_at(f"{ARM}.scopes", ["floor"]) == (
        f"{ARM}.floor: found nothing, but scope floor needs it; allowed: an integer >= 1"
    )
    config = changed(SMALL, {f"{ARM}.scopes": ["global", "floor"], f"{ARM}.floor": 2})
    assert validation.problems(config) == []


def test_what_is_trained_on_or_has_thresholds_is_evaluated_at_all_levels():
    path = f"{ARM}.until_lost"
    assert validation.problems(changed(SMALL, {path: 10})) == []
    assert problems_at(path, 0) == [f"{path}: found 0; allowed: a number > 0 and <= 100"]
    threshold = changed(SMALL, {path: 10, f"{ARM}.selection": "threshold"})
    text = "allowed: with exact_k and oneshot only"
    assert f"{path}: found with 'threshold'; {text}" in validation.problems(threshold)
    trained = lines_of(until_lost=10, schedules=["oneshot", "tuned"], levels=["0.90"])
    assert f"catalogue.study.arms[1].until_lost: found with 'tuned'; {text}" in trained


def test_floor_only_with_scope_floor():
    assert problem_at(f"{ARM}.floor", 2) == (
        f"{ARM}.floor: found without scope floor; allowed: only where scopes has floor"
    )


@pytest.mark.parametrize("criterion", [*POSTERIOR, "shuffled_snr"])
def test_criterion_that_needs_a_posterior(criterion):
    config = changed(
        SMALL, {f"{ARM}.fits": ["vi", "point"], f"{ARM}.criteria": ["random", criterion]}
    )
    assert validation.problems(config) == [
        f"{ARM}.criteria[1]: found {criterion!r}, which needs a posterior, for point; "
        "allowed: fits with objective.kind: variational"
    ]


def test_criterion_that_needs_a_preconditioner():
    psgd = {"kind": "psgd", "floor": 0.01}
    config = changed(SMALL, {"catalogue.study.fits.point.optimiser": psgd})
    config = changed(config, {f"{ARM}.fits": ["point"], f"{ARM}.criteria": ["hg", "g"]})
    assert validation.problems(config) == []
    config = changed(config, {f"{ARM}.fits": ["point", "vi"]})
    assert validation.problems(config) == [
        f"{ARM}.criteria[0]: found 'hg', which needs a preconditioner, for vi; "
        "allowed: fits with optimiser.kind: psgd",
    ]


def test_criterion_that_reads_the_weights_before_training():
    config = changed(SMALL, {f"{ARM}.fits": ["point"], f"{ARM}.criteria": ["snip", "taylor"]})
    assert validation.problems(config) == []
    config = changed(config, {f"{ARM}.fits": ["point", "vi"]})
    assert validation.problems(config) == [
        f"{ARM}.criteria[0]: found 'snip', which needs initial weights, for vi; "
        "allowed: fits with initial_weights"
    ]


@pytest.mark.parametrize("criterion", ["tailor", "shuffled_tailor"])
def test_unknown_criterion(criterion):
    (line,) = problems_at(f"{ARM}.criteria", ["random", criterion])
    assert line.startswith(f"{ARM}.criteria[1]: found 'tailor', perhaps taylor is meant; allowed: ")
    assert f"a criterion ({', '.join(needs.built_in())})" in line


def test_a_start_of_retraining_needs_initial_weights():
    tuned = {"kind": "retrain", "epochs": 1, "start": "redrawn"}
    study = {"catalogue.study.schedules": {"tuned": tuned}, f"{ARM}.schedules": ["tuned"]}
    assert (
        validation.problems(
            changed(SMALL, study | {f"{ARM}.fits": ["point"], f"{ARM}.criteria": ["random"]})
        )
        == []
    )
    assert validation.problems(changed(SMALL, study)) == [
        f"{ARM}.schedules[0]: found 'tuned', whose start needs initial weights, for vi; "
        "allowed: fits with initial_weights"
    ]


def test_networks_of_an_arm_exist():
    assert problem_at(f"{ARM}.networks", ["net", "nett"]) == (
        f"{ARM}.networks[1]: found 'nett', perhaps net is meant; "
        "allowed: one of the networks (net, other)"
    )
    assert problems_at(f"{ARM}.networks", ["net"]) == []


def test_network_of_an_arm_that_its_fits_do_not_train():
    assert problem_at(f"{ARM}.networks", ["net", "other"]) == (
        f"{ARM}.networks[1]: found 'other'; allowed: a network of the arm's fits (net)"
    )


def test_same_arm_for_a_network_and_for_all():
    arm = SMALL["catalogue"]["study"]["arms"][0]
    line = (
        "catalogue.study.arms[1]: found vi / snr / global / oneshot again, as in [0]; "
        "allowed: each once, with all its effects and levels"
    )
    assert problems_at("catalogue.study.arms", [arm, arm | {"networks": ["net"]}]) == [line]
    assert problems_at("catalogue.study.arms", [arm | {"networks": ["net"]}, arm]) == [line]
    fits = "catalogue.study.fits"
    two = {f"{fits}.point.networks": ["net", "other"], f"{fits}.vi.networks": ["net", "other"]}
    arms = [arm | {"networks": [name]} for name in ("net", "other")]
    assert validation.problems(changed(SMALL, two | {"catalogue.study.arms": arms})) == []


CHAINED_ARM = "catalogue.study.arms[1]"


@pytest.mark.parametrize("name", ["none", "oneshot"])
def test_names_of_schedules_that_mean_no_training(name):
    schedules = SCHEDULES | {name: SCHEDULES["tuned"]}
    assert lines_of({"catalogue.study.schedules": schedules}) == [
        f"catalogue.study.schedules.{name}: found '{name}', which means no training after pruning; "
        "allowed: another name"
    ]


def test_levels_of_a_chain_do_not_fall():
    steps = [["0.50", 1], ["0.49", 1], ["0.90", 1], ["8x", 1], ["0.875", 1]]
    reason = "allowed: levels that don't fall (a removed weight stays removed)"
    assert lines_of({STEPS: steps}) == [
        f"{STEPS}[1][0]: found '0.49' after '0.50'; {reason}",
        f"{STEPS}[3][0]: found '8x' after '0.90'; {reason}",
    ]
    assert lines_of({STEPS: [["0.90", 1], ["0.9", 1], ["0.900", 1], ["10x", 1]]}) == []


def test_an_optimiser_starts_anew_at_a_step_of_the_chain():
    steps, place = [["0.50", 1], ["0.90", 1]], STEPS.removesuffix("steps") + "new_optimiser"
    assert lines_of({STEPS: steps, place: [1]}) == []
    assert lines_of({STEPS: steps, place: [2]}) == [
        f"{place}[0]: found 2; allowed: the number of a step, at most 1"
    ]


def test_schedules_of_an_arm_exist():
    assert lines_of(schedules=["fines"]) == [
        f"{CHAINED_ARM}.schedules[0]: found 'fines', perhaps fine is meant; "
        "allowed: oneshot or a schedule of the study (oneshot, tuned, fine)",
    ]
    assert lines_of(schedules=["oneshot", "tune"], levels=["0.50"]) == [
        f"{CHAINED_ARM}.schedules[1]: found 'tune', perhaps tuned is meant; "
        "allowed: oneshot or a schedule of the study (oneshot, tuned, fine)"
    ]


NET = {"networks.net": "tests/helpers/modules.py:Mixed"}


@pytest.mark.parametrize(
    ("effect", "also"), [("compensate", {}), ("recalibrate", NET), ("reconstruct", {})]
)
@pytest.mark.parametrize("name", ["tuned", "fine"])
def test_some_effects_only_with_oneshot(name, effect, also):
    levels = {"levels": ["0.50"]} if name == "tuned" else {}
    line = (
        f"{CHAINED_ARM}.schedules[0]: found '{name}' with effect {effect}; allowed: oneshot with it"
    )
    assert lines_of(also, schedules=[name], effects=[effect], **levels) == [line]
    assert lines_of(also, schedules=["oneshot"], effects=[effect], levels=["0.50"]) == []


def test_layers_of_the_config_have_nothing_to_recalibrate():
    effects = ["zero", "recalibrate"]
    assert lines_of(schedules=["oneshot"], effects=effects, levels=["0.50"]) == [
        f"{CHAINED_ARM}.effects: found 'recalibrate' with the network net, which is a list of "
        "layers, none of which normalises; allowed: a network that is a module"
    ]


def back(**block):
    """Return what is wrong if the chain's arm has a schedule that goes back, for fit point."""
    schedules = SCHEDULES | {"back": {"kind": "retrain", "epochs": 2, "start": "rewound"} | block}
    also = {"catalogue.study.schedules": schedules}
    return lines_of(also, schedules=["back"], levels=["0.50"], fits=["point"])


def test_what_goes_back_has_epochs_of_a_likelihood_to_go_back_to():
    assert back() == []
    assert back(start="rewound_rate") == []
    assert back(start="initial", epochs=9) == []
    assert back(epochs=3) == [
        f"{CHAINED_ARM}.schedules[0]: found 'back', which goes back 3 epochs, for point; allowed: "
        "fits with as many epochs, not 2"
    ]
    place = "catalogue.study.schedules.back.fit"
    assert back(fit={"batch_size": 8}) == [
        f"{place}: found with start: rewound, which trains as the fit did; allowed: left out"
    ]
    schedules = {"back": {"kind": "chain", "steps": [["0.50", 1], ["0.90", 1]], "start": "rewound"}}
    for fit, wrong in (("point", 0), ("vi", 1)):
        found = lines_of(
            {"catalogue.study.schedules": SCHEDULES | schedules}, schedules=["back"], fits=[fit]
        )
        assert (
            sum("which repeats a training, for the posterior vi" in line for line in found) == wrong
        )


def test_a_chain_that_goes_back_has_a_new_optimiser_at_every_step():
    chain = SCHEDULES["fine"] | {"start": "initial", "new_optimiser": []}
    found = lines_of({"catalogue.study.schedules": SCHEDULES | {"fine": chain}})
    assert found == [
        "catalogue.study.schedules.fine.new_optimiser: found with start, at which every step's "
        "optimiser is new; allowed: one of the two"
    ]


def test_a_gradual_schedule_is_a_chain():
    slow = {"kind": "gradual", "level": "0.90", "prunings": 3, "every": 1, "last": 1}
    also = {"catalogue.study.schedules": SCHEDULES | {"fine": slow}}
    assert lines_of(also) == []
    assert lines_of(also, levels=["0.50"]) == [
        f"{CHAINED_ARM}.levels: found with chains only; allowed: left out, as a chain has its own"
    ]
    [line] = lines_of(also, effects=["zero", "freeze"])
    assert "found the chain fine with 2 effects" in line
    whole = {"catalogue.study.schedules": SCHEDULES | {"fine": slow | {"level": "1"}}}
    [line] = lines_of(whole)
    assert "which has the level '1'; allowed: below 1" in line


@pytest.mark.parametrize("name", ["tuned", "fine"])
def test_threshold_only_with_oneshot(name):
    levels = {"levels": ["0.5"]} if name == "tuned" else {}
    line = (
        f"{CHAINED_ARM}.schedules[0]: found '{name}' with selection threshold; "
        "allowed: oneshot with it"
    )
    assert lines_of(schedules=[name], selection="threshold", **levels) == [line]
    assert lines_of(schedules=["oneshot"], selection="threshold", levels=["0.5"]) == []


def test_levels_are_left_out_only_where_every_schedule_is_a_chain():
    line = (
        f"{CHAINED_ARM}.levels: found nothing; allowed: a list of levels, which only a chain has "
        "of its own"
    )
    for names in (["oneshot"], ["tuned"], ["fine", "oneshot"], ["fine", "tuned"]):
        assert lines_of(schedules=names) == [line]
        assert lines_of(schedules=names, levels=["0.50"]) == []


def test_levels_beside_chains_only_would_be_ignored():
    assert lines_of(levels=["0.50"]) == [
        f"{CHAINED_ARM}.levels: found with chains only; allowed: left out, as a chain has its own"
    ]


def test_an_arm_of_a_chain_has_one_effect():
    """The next step is pruned by the weights that an arm has: they must be one network's."""
    assert lines_of(effects=["zero", "freeze"]) == [
        f"{CHAINED_ARM}.schedules[0]: found the chain fine with 2 effects; allowed: one effect "
        "(every step is pruned by the weights that its arm has)"
    ]
    assert lines_of(effects=["freeze"]) == []


@pytest.mark.parametrize("criterion", POSTERIOR)
def test_a_chain_needs_criteria_of_weights(criterion):
    assert lines_of(fits=["vi"], criteria=["magnitude", criterion]) == [
        f"{CHAINED_ARM}.schedules[0]: found the chain fine with {criterion!r}, which needs a "
        "posterior; allowed: criteria of weights (a step leaves no posterior)"
    ]
    # Levels that are trained on their own are pruned by the fit's scores.
    tuned = {"schedules": ["tuned"], "levels": ["0.50"]}
    assert lines_of(fits=["vi"], criteria=[criterion], **tuned) == []


def test_a_chain_takes_no_criterion_that_looks_back():
    assert lines_of(criteria=["magnitude", "snip", "shuffled_lamp"], fits=["point"]) == [
        f"{CHAINED_ARM}.schedules[0]: found the chain fine with 'shuffled_lamp'; allowed: "
        "a criterion that is not shuffled (an earlier step's choice would count)",
        f"{CHAINED_ARM}.schedules[0]: found the chain fine with 'snip', which reads initial "
        "weights; allowed: criteria of weights (a step starts at those of the one before)",
    ]


def test_a_chain_leaves_some_weights_unless_it_freezes():
    steps = [["0.50", 1], ["1", 1]]
    assert lines_of({STEPS: steps}) == [
        f"{CHAINED_ARM}.schedules[0]: found the chain fine, which has the level '1'; "
        "allowed: below 1, or effects: [freeze]"
    ]
    assert lines_of({STEPS: steps}, effects=["freeze"]) == []


def test_pruned_biases_go_with_single_tensors_and_criteria_of_any_tensor():
    layers = [{"kind": "linear", "units": 10, "prune_bias": True}]
    arm = SMALL["catalogue"]["study"]["arms"][0] | {
        "fits": ["point"],
        "criteria": ["magnitude", "g"],
    }
    layer = arm | {"scopes": ["layer"], "effects": ["zero"]}
    assert problems(networks__net=layers, catalogue__study__arms=[layer]) == []
    wrong = layer | {"scopes": ["global"], "effects": ["compensate"], "criteria": ["wanda"]}
    found = problems(networks__net=layers, catalogue__study__arms=[wrong])
    place, what = "catalogue.study.arms[0]", "with prune_bias in the network net"
    assert found == [
        f"{place}.criteria: found 'wanda' {what}; allowed: criteria that read no more than "
        "gradient, hessian, initial_gradient, initial_hessian_gradient, initial_weight, movement, "
        "preconditioner, uniform",
        f"{place}.effects: found 'compensate' {what}; allowed: zero, freeze",
        f"{place}.scopes: found 'global' {what}; allowed: layer",
    ]
