"""A small configuration, and what is wrong with changed ones."""

import copy
import re

import yaml
from snakemake.common.configfile import load_configfile

from prunescape.configuration import validation
from tests.helpers.places import ROOT

DEFAULT = load_configfile(ROOT / "config.yaml")
# A small configuration of its own, so that tests don't depend on what the default run does.
SMALL = yaml.safe_load("""
run: small
seed: 1
split: final
replicates: [2]
levels_per_job: 4
device: cpu
precision: highest
studies: [study]
sources: {digits: [scikit-learn]}
datasets:
  digits: {source: digits, test: 540, seed: 42}
networks:
  net: [{kind: linear, units: 10}]
  other: [{kind: linear, units: 10}]
catalogue:
  study:
    dataset: digits
    fits:
      point:
        networks: [net]
        scaling: unit
        objective: {kind: likelihood}
        initial_weights: {distribution: zeros}
        optimiser: {kind: sgd, learning_rate: 0.1}
        batch_size: 32
        epochs: 2
      vi:
        networks: [net]
        scaling: unit
        objective:
          kind: variational
          prior: gaussian
          kl: {weight: batches, warm_up: [0, 3]}
          sigma: {parameter: log, initial: 0.05}
          sampling: activations
        warm_start: point
        optimiser: {kind: adam, learning_rate: 0.001}
        batch_size: 32
        epochs: 2
    arms:
      - fits: [vi]
        criteria: [snr, random]
        scopes: [global]
        selection: exact_k
        effects: [zero]
        schedules: [oneshot]
        levels: ["0.50", "0.90"]
    noise:
      - {kind: grey_raw, levels: ["0.10", "0.20"], sparsities: ["0", "0.90"]}
""")
FIT = "catalogue.study.fits.vi"
ARM = "catalogue.study.arms[0]"
NOISE = "catalogue.study.noise[0]"
DELETE = object()


def small(**changes):
    """Return SMALL; a change's name is a path with __ for dots: catalogue__study__arms__0."""
    return changed(SMALL, {name.replace("__", "."): value for name, value in changes.items()})


def changed(config, changes):
    config = copy.deepcopy(config)
    for path, value in changes.items():
        node = config
        *parents, last = [
            int(part) if part.isdigit() else part for part in re.split(r"[.\[\]]+", path.strip("]"))
        ]
        for part in parents:
            node = node[part]
        if value is DELETE:
            del node[last]
        else:
            node[last] = copy.deepcopy(value)
    return config


def problems(**changes):
    return validation.problems(small(**changes))


def problems_at(path, value):
    return validation.problems(changed(SMALL, {path: value}))


def problem_at(path, value):
    """Return the only problem after one change."""
    (line,) = problems_at(path, value)
    return line


SCHEDULES = {
    "tuned": {"kind": "retrain", "epochs": 2},
    "fine": {"kind": "chain", "steps": [["0", 1], ["0.50", 1], ["0.90", 2], ["0.9", 2]]},
}
STEPS = "catalogue.study.schedules.fine.steps"
CHAINED = {
    "fits": ["point"],
    "criteria": ["magnitude", "random"],
    "scopes": ["global"],
    "selection": "exact_k",
    "effects": ["zero"],
    "schedules": ["fine"],
}


def scheduled(changes=(), **arm):
    """Return SMALL with the two schedules and a second arm, which goes through the chain."""
    first = SMALL["catalogue"]["study"]["arms"][0]
    second = {key: value for key, value in (CHAINED | arm).items() if value is not DELETE}
    study = {"catalogue.study.schedules": SCHEDULES, "catalogue.study.arms": [first, second]}
    return changed(changed(SMALL, study), dict(changes))


def lines_of(changes=(), **arm):
    return validation.problems(scheduled(changes, **arm))


def places(value, path=()):
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, entry in entries:
        if isinstance(entry, dict | list):
            yield from places(entry, (*path, key))
        else:
            yield (*path, key)
