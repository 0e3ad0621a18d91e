"""Schedules that nobody knows are refused: what was found, what is allowed."""

import pytest

from prunescape.pipeline.schedules import schedule


def config(kind):
    return {"catalogue": {"graves": {"schedules": {"tuned": {"kind": kind, "epochs": 4}}}}}


def test_an_unknown_schedule_is_refused():
    allowed = "catalogue.graves.schedules: found 'wonder'; allowed: none, oneshot, tuned"
    with pytest.raises(ValueError, match=f"^{allowed}$"):
        schedule(config("retrain"), "graves", "wonder")


def test_an_unknown_kind_of_schedule_is_refused():
    found = "catalogue.graves.schedules.tuned.kind: found 'wonder'"
    allowed = f"{found}; allowed: retrain, chain, gradual, rigl, set"
    with pytest.raises(ValueError, match=f"^{allowed}$"):
        schedule(config("wonder"), "graves", "tuned")
