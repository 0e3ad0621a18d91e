"""The rows of the default run that its claims read, and the claims that wait."""

import copy

import pytest

from prunescape.configuration import validation
from prunescape.evaluation import columns
from prunescape.verdicts import claim_files
from prunescape.verdicts.looks import Looks
from prunescape.verdicts.rows_read import Rows, waiting
from tests.helpers.configurations import DEFAULT

CLAIMS = {claim.id: claim for claim in claim_files.read(claim_files.PROJECT)}


@pytest.fixture(scope="module")
def config():
    filled = copy.deepcopy(DEFAULT)
    validation.validate(filled)
    return filled


def read(config, claim, *names):
    """Return the values of some key columns of the rows that a claim reads."""
    stated = CLAIMS[claim]
    table = stated.statistic.get("table", "scores")
    at = [columns.of(table).index(name) for name in names]
    return {tuple(key[i] for i in at) for key in Rows(config, stated.study).read_by(stated)}


def test_the_rows_of_a_difference_with_parts(config):
    rows = read(config, "g2", "fit", "criterion", "level", "noise", "replicate")
    assert rows == {
        ("vi", criterion, level, "none", 1)
        for criterion in ("snr", "random")
        for level in (0.7, 0.9)
    }


def test_the_rows_of_a_mean_over_noise(config):
    rows = read(config, "k3", "network", "criterion", "noise", "noise_level")
    assert len(rows) == 2 * 11
    assert {row[:3] for row in rows} == {
        (network, "none", "grey_normalised") for network in ("small_k_winners", "small_sparse")
    }


def test_the_rows_of_two_fits_and_of_another_table(config):
    assert read(config, "v2", "fit", "criterion") == {("ard", "log_alpha"), ("dense", "none")}
    assert read(config, "s1", "network", "fit") == {("tanh_32", "psgd")}


def test_every_tested_claim_reads_one_row_of_every_selection(config):
    for claim in CLAIMS.values():
        if claim.id not in config["not_tested"]:
            rows = Rows(config, claim.study).read_by(claim)
            assert 1 <= len(rows) <= len(list(claim.selections()))


def test_what_is_undecided_waits_for_its_next_look():
    verdicts = [
        {"id": "a", "verdict": "undecided", "look": 5},
        {"id": "b", "verdict": "undecided", "look": None},
        {"id": "c", "verdict": "undecided", "look": 10},
        {"id": "d", "verdict": "holds", "look": 5},
        {"id": "e", "verdict": "not tested", "look": None},
    ]
    assert waiting(verdicts, Looks((5, 10), (0.5, 0.5), 0.05)) == {"a": 10, "b": 5}
