"""A small configuration with its defaults, as jobs read it, and the names of a job's path."""

from prunescape.configuration import validation
from tests.helpers.configurations import CHAINED, SCHEDULES, SMALL, changed

MODEL = {
    "study": "study",
    "dataset": "digits",
    "network": "net",
    "fit": "vi",
    "first": "1",
    "last": "2",
}
TUNED = CHAINED | {
    "criteria": ["magnitude"],
    "effects": ["zero", "freeze"],
    "schedules": ["tuned"],
    "levels": ["0.50", "0.70", "0.90"],
}
MOMENTS = {
    "fits": ["vi"],
    "criteria": ["magnitude"],
    "scopes": ["layer"],
    "selection": "exact_k",
    "effects": ["zero", "compensate"],
    "schedules": ["oneshot"],
    "levels": ["0.90"],
}
"""Arms: of the point fit one that is trained level by level, of the other one with moments."""
EXPORT = {
    "study": "study",
    "network": "net",
    "fit": "point",
    "criterion": "magnitude",
    "scope": "global",
    "selection": "exact_k",
    "schedule": "tuned",
    "effect": "zero",
    "level": "0.90",
    "replicate": 2,
}


class Wildcards(dict):
    """Names of a job's path, as items and as attributes."""

    __getattr__ = dict.__getitem__


def job(**names):
    """Return the names of a job of the fit vi; `names` are others, or more."""
    return Wildcards(MODEL | names)


def filled(changes=()):
    """Return SMALL with arms of every schedule, two levels a job, and the defaults filled in."""
    first = SMALL["catalogue"]["study"]["arms"][0]
    study = {
        "catalogue.study.schedules": SCHEDULES,
        "catalogue.study.arms": [first, CHAINED, TUNED, MOMENTS],
        "levels_per_job": 2,
    }
    config = changed(changed(SMALL, study), dict(changes))
    validation.validate(config)
    return config
