"""Readable names of the table's words, and their order."""

import pytest
import yaml

from prunescape.drawing import labels
from tests.helpers.places import ROOT


@pytest.mark.parametrize(
    ("column", "word", "written"),
    [
        ("criterion", "snr", "signal to noise |μ|/σ"),
        ("criterion", "log_alpha", "dropout rate -log α"),
        ("criterion", "magnitude_x_std", "|w| × std of input"),
        ("criterion", "taylor", "Taylor |w| × mean |gₙ|"),
        ("criterion", "obd_empirical", "empirical OBD w²/2 × mean gₙ²"),
        ("criterion", "mine", "mine"),
        ("criterion", "my_norm_0", "my_norm_0"),
    ],
)
def test_names_are_written_without_mathematical_type(column, word, written):
    assert labels.plain(column, word) == written


def test_no_listed_name_keeps_a_mark_of_mathematical_type():
    for word in labels.CRITERIA:
        assert not set(labels.plain("criterion", word)) & set("$\\")


@pytest.mark.parametrize(
    ("effects", "taken", "left"),
    [
        (["zero", "compensate", "none"], "removed", "kept"),
        ([], "removed", "kept"),
        (["freeze", "none"], "frozen", "not frozen"),
        (["freeze", "zero"], "removed or frozen", "neither removed nor frozen"),
    ],
)
def test_frozen_weights_are_not_called_removed(effects, taken, left):
    assert (labels.taken(effects), labels.left(iter(effects))) == (taken, left)


def test_a_word_is_named_by_its_column_and_a_users_own_as_it_is():
    assert labels.label("scope", "layer") == "each layer alone"
    assert labels.label("effect", "layer") == "layer"
    assert labels.label("criterion", "shuffled_random") == "random, shuffled in each layer"
    assert labels.label("scope", "shuffled_layer") == "shuffled_layer"


def test_no_network_or_fit_of_the_default_run_is_shown_by_its_code_name():
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    for study in config["catalogue"].values():
        for fit, settings in study["fits"].items():
            assert labels.label("fit", fit) != fit
            for network in settings["networks"]:
                assert labels.label("network", network) != network


def test_listed_words_come_first_then_others_by_name_then_what_a_source_did():
    words = ["as_published", "mine", "layer", "another", "global"]
    ordered = sorted(words, key=lambda word: labels.place("scope", word))
    assert ordered == ["global", "layer", "another", "mine", "as_published"]


def test_an_axis_of_thresholds_names_the_score():
    assert labels.score("magnitude") == "$|w|$"
    assert labels.score("mine") == "score of mine"
