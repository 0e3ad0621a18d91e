"""Verdicts in words: everything is said, and nothing in a statement is taken for markup."""

import pandas as pd
from docutils.core import publish_doctree

from prunescape.report import front_page
from prunescape.verdicts import claims


def found(**changes):
    row = {"id": "g1", "study": "sgd_noise", "origin": "paper", "verdict": "holds", "n": 5}
    row |= {"estimate": -1.23456, "ci_low": -2.0, "ci_high": -0.5, "margin": 0.0}
    row |= {"statement": "|mu| of *all* `a_` beats |w|.", "reason": "it is so"}
    return row | changes


def page(*rows):
    frame = pd.DataFrame(rows, columns=list(claims.COLUMNS)).astype(claims.TYPES)
    text = front_page.verdicts(frame)
    document = publish_doctree(text, settings_overrides={"report_level": 1, "halt_level": 2})
    return text, document.astext()


def test_a_claim_is_said_with_its_numbers_and_without_markup():
    _, text = page(found())
    assert "g1 holds: |mu| of *all* `a_` beats |w|." in text
    assert "(paper) −1.235 (−2 to −0.5), margin 0, n = 5." in text
    _, text = page(found(unit="points"))
    assert "(paper) −1.235 points (−2 to −0.5), margin 0, n = 5." in text
    _, text = page(found(new_low=-2.1, new_high=-0.4))
    assert "−1.235 (−2 to −0.5; on new images −2.1 to −0.4), margin 0" in text
    _, text = page(found(verdict="equal", tolerance=0.3, exploratory=True))
    assert "g1 equal, exploratory: |mu|" in text
    assert "margin 0 ± 0.3" in text


def test_what_is_not_tested_has_no_numbers():
    _, text = page(found(verdict="not tested", estimate=None, ci_low=None, ci_high=None, n=None))
    assert "g1 not tested" in text
    assert "margin" not in text
    assert "(paper) It is so." in text


def test_claims_are_counted_for_the_run_and_each_study():
    rows = [found(), found(id="g2", verdict="fails"), found(id="k1", study="k_winners")]
    _, text = page(*rows)
    assert text.startswith("2 hold, 1 fails")
    assert "Study sgd_noise: 1 holds, 1 fails" in text
    assert "Study k_winners: 1 holds" in text


def test_a_run_without_claims_says_so():
    assert page()[1] == "no claims"


def test_networks_that_keep_nothing_in_a_layer_are_named():
    arm = {"study": "sgd_noise", "network": "tanh_32", "fit": "psgd", "criterion": "magnitude"}
    arm |= {"scope": "layer", "effect": "zero", "schedule": "oneshot", "noise": "none"}
    rows = [
        arm | {"level": level, "noise": noise, "effect": effect, "min_layer_kept": kept}
        for level, noise, effect, kept in (
            *((0.9, "none", "zero", 3), (0.98, "none", "zero", 0), (0.99, "none", "zero", 0)),
            *((0.99, "gaussian", "zero", 0), (1.0, "none", "freeze", 0)),
        )
    ]
    text = front_page.empty_layers(pd.DataFrame(rows))
    document = publish_doctree(text, settings_overrides={"report_level": 1, "halt_level": 2})
    assert "that keep nothing in a layer" in document.astext()
    [line] = [line for line in document.astext().splitlines() if "tanh_32" in line]
    assert (
        line
        == "sgd_noise / tanh_32 / psgd / magnitude / layer / zero / oneshot: 2, from level 0.98"
    )
    assert front_page.empty_layers(pd.DataFrame(rows[:1])) == ""
