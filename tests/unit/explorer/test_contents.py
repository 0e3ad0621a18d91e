"""What the explorer's page is made of; tests/pages looks at it in a browser."""

import pandas as pd
import pytest
from matplotlib.markers import MarkerStyle

from prunescape.drawing import style
from prunescape.explorer import contents
from prunescape.report import intervals
from prunescape.verdicts import claims
from tests.helpers import made_up

VERDICTS = pd.DataFrame(columns=list(claims.COLUMNS))


def row(**changes):
    key = {"study": "s", "dataset": "d", "network": "n", "fit": "f", "criterion": "magnitude"}
    key |= {"scope": "global", "selection": "exact_k", "effect": "zero", "schedule": "fine"}
    key |= {"step": 0, "level": 0.5, "replicate": 1, "noise": "none", "noise_level": 0.0}
    value = {"total_weights": 100, "kept_weights": 50, "frozen_weights": 0, "n_images": 360}
    value |= {"accuracy": 1 / 3, "nll": 0.123456789123, "ece": 0.1, "brier": 0.2}
    return key | value | changes


def known(*rows):
    return contents.contents(pd.DataFrame(rows), VERDICTS, "run")


def test_a_point_has_its_replicates_in_order_and_none_for_a_missing_one():
    found = known(row(replicate=3, accuracy=0.9), row(accuracy=0.8), row(step=1, level=0.9))
    assert found["replicates"] == [1, 3]
    assert found["points"]["accuracy"] == [[80, 90], [33.3333333, None]]
    assert found["points"]["nll"][1] == [0.123456789, None]


def test_every_step_of_a_chain_is_there_also_where_a_level_comes_twice():
    dense = {"criterion": "none", "scope": "none", "selection": "none", "effect": "none"}
    steps = [row(step=step) for step in (0, 1)]
    controls = [row(step=step, level=0.0, **dense) for step in (0, 1)]
    found = known(*steps, *controls)
    steps_of = {}
    for line, step in zip(found["points"]["line"], found["points"]["step"], strict=True):
        steps_of.setdefault(found["lines"][line][4], []).append(step)
    assert steps_of == {"magnitude": [0, 1], "none": [0, 1]}


def test_frozen_weights_are_not_kept():
    found = known(row(kept_weights=100, frozen_weights=75))
    assert found["points"]["kept_percent"] == [25]


def test_the_page_takes_intervals_with_the_quantiles_of_the_library():
    found = known(*(row(replicate=replicate) for replicate in range(1, 6)))
    assert found["quantiles"] == {n: intervals.quantile(n - 1) for n in (2, 3, 4, 5)}
    assert found["quantiles"][5] == pytest.approx(2.7764451051977987)


def test_claims_say_whether_they_are_exploratory():
    verdicts = made_up.verdicts().assign(exploratory=pd.array([True, None], dtype="boolean"))
    found = contents.contents(made_up.scores(), verdicts, "run")["claims"]
    assert [each["exploratory"] for each in found] == [True, False]
    assert [each["tolerance"] for each in found] == [None, None]


def test_a_shuffled_criterion_is_told_from_its_own_by_hollow_symbols():
    looks = contents._looks(["snr", "shuffled_snr"])
    assert looks["snr"]["colour"] == looks["shuffled_snr"]["colour"]
    assert looks["shuffled_snr"]["symbol"] == f"{looks['snr']['symbol']}-open"


def test_every_look_has_a_symbol_of_its_own_on_the_page():
    symbols = {name: contents._SYMBOLS[look.marker] for name, look in style.LOOKS.items()}
    del symbols["none"]  # a line without markers
    assert len(set(symbols.values())) == len(symbols)
    # Others are drawn as lines, which the white edge of figures' markers would hide.
    assert all(MarkerStyle(look.marker).is_filled() for look in style.LOOKS.values() if look.marker)


def test_a_network_has_the_colour_of_the_figures_and_a_user_s_own_has_one_too():
    found = known(row(network="small_sparse_boosted"), row(network="mine"))["network_looks"]
    look = style.network("small_sparse_boosted")
    assert found["small_sparse_boosted"]["colour"] == look.colour
    assert found["small_sparse_boosted"]["dash"] == "dash"
    assert found["mine"]["colour"] == style.network("mine").colour
