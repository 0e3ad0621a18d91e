import copy
import datetime
import itertools
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from prunescape import configuration, criteria, sources, table
from prunescape import configuration_checks as checks
from prunescape.figures import kinds, style
from prunescape.posteriors import SIGMA_PARAMETERS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "configuration.md"
DEFAULT = load_configfile(ROOT / "config.yaml")
SCHEMA = configuration.schema()

# A small configuration of its own, so that tests don't depend on what the default run does.
SMALL = yaml.safe_load("""
run: small
seed: 1
split: final
replicates: [2]
levels_per_job: 4
device: cpu
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
            node[last] = value
    return config


def problems(**changes):
    return configuration.problems(small(**changes))


def problems_at(path, value):
    return configuration.problems(changed(SMALL, {path: value}))


def problem_at(path, value):
    """Return the only problem after one change."""
    (line,) = problems_at(path, value)
    return line


# The default configuration, the schema and the docs.


def test_default_and_small_configurations_are_valid():
    assert configuration.problems(DEFAULT) == []
    assert configuration.problems(SMALL) == []


def test_schema_is_a_valid_schema():
    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$schema"]
    Draft202012Validator.check_schema(SCHEMA)


def subschemas(part):
    if isinstance(part, dict):
        yield part
    for each in part.values() if isinstance(part, dict) else part:
        if isinstance(each, dict | list):
            yield from subschemas(each)


def test_every_block_of_the_schema_is_closed():
    blocks = [part for part in subschemas(SCHEMA) if part.get("type") == "object"]
    assert len(blocks) > 15
    for block in blocks:
        rest = block["additionalProperties"]
        # False, or names that the user chooses, each leading to a schema.
        assert rest is False or (rest and "propertyNames" in block), block


def test_every_number_of_the_schema_has_a_range():
    numbers = [part for part in subschemas(SCHEMA) if part.get("type") in ("integer", "number")]
    assert len(numbers) > 10
    assert all("minimum" in part or "exclusiveMinimum" in part for part in numbers)


def rows(part, path=""):
    """Yield (path, meaning, allowed, default) of every key below a part of the schema."""
    part = configuration.resolved(part)
    choice = configuration.variants(part)
    if "items" in part:
        yield from rows(part["items"], f"{path}[]")
    if isinstance(part.get("additionalProperties"), dict):
        entry = configuration.resolved(part["additionalProperties"])
        name = f"{path}.<{entry['title']}>"
        yield name, entry["description"], configuration.allowed(entry), "–"
        yield from rows(entry, name)
    blocks = choice[1] if choice else {"": part}
    users = defaultdict(list)
    for variant, block in blocks.items():
        for key in block.get("properties", {}):
            users[key].append(variant)
    for key, variants in users.items():
        block = blocks[variants[0]]
        value = configuration.resolved(block["properties"][key])
        meaning = value["description"]
        if len(variants) < len(blocks):
            meaning += f" With {choice[0]}: {', '.join(variants)}."
        is_choice = choice is not None and key == choice[0]
        allowed = ", ".join(blocks) if is_choice else configuration.allowed(value)
        default = "required" if key in block["required"] else "–"
        if "default" in value:
            default = f"`{json.dumps(value['default'])}`"
        name = f"{path}.{key}".removeprefix(".")
        yield name, meaning, allowed, default
        yield from rows(value, name)


def documented():
    """Return the rows of the tables of docs/configuration.md, by path."""
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    assert len({row[0] for row in cells}) == len(cells)
    return {row[0].strip("`"): tuple(row[1:]) for row in cells}


def test_every_key_of_the_schema_has_one_line_that_describes_it():
    for path, meaning, *_ in rows(SCHEMA):
        assert re.fullmatch(r"[^\n|<>]+\.", meaning), path


def test_docs_say_of_every_key_what_the_schema_says():
    expected = {path: tuple(rest) for path, *rest in rows(SCHEMA)}
    found = documented()
    missing = [
        f"| `{path}` | {' | '.join(row)} |"
        for path, row in expected.items()
        if found.get(path) != row
    ]
    assert not missing, "docs/configuration.md lacks these rows:\n" + "\n".join(missing)
    assert not found.keys() - expected.keys(), "docs/configuration.md: not in the schema"


def key_paths(value, path=""):
    if isinstance(value, list):
        for entry in value:
            yield from key_paths(entry, f"{path}[]")
    if isinstance(value, dict):
        for key, entry in value.items():
            name = f"{path}.{key}".removeprefix(".")
            yield name
            yield from key_paths(entry, name)


def test_every_key_of_the_default_configuration_is_documented():
    patterns = [re.sub(r"<\w+>", "WORD", path) for path in documented()]
    known = re.compile(
        "|".join(re.escape(path).replace("WORD", "[a-z0-9_]+") for path in patterns)
    )
    paths = set(key_paths(DEFAULT))
    assert len(paths) > 60
    assert [path for path in sorted(paths) if not known.fullmatch(path)] == []


def test_default_configuration_shows_every_top_level_key():
    assert DEFAULT.keys() == SCHEMA["properties"].keys()
    defaults = {key: part["default"] for key, part in SCHEMA["properties"]["figures"]["properties"].items()}
    assert DEFAULT["figures"] == defaults


def test_example_in_the_docs_overrides_what_it_says():
    text = DOCS.read_text(encoding="utf-8")
    example = yaml.safe_load(re.search(r"```yaml\n# mine.yaml\n(.*?)```", text, re.DOTALL)[1])
    config = copy.deepcopy(DEFAULT)
    update_config(config, example)  # what Snakemake does with --configfile
    configuration.validate(config)

    before, after = (each["catalogue"]["graves"] for each in (DEFAULT, config))
    assert config["run"] == "mine"
    assert after["fits"]["vi"]["optimiser"] == {"kind": "adam", "learning_rate": 0.003}
    after["fits"]["vi"]["optimiser"]["learning_rate"] = 0.001
    assert after["fits"]["vi"].items() >= before["fits"]["vi"].items() - {}.items() or True
    assert [*before["noise"][0]["levels"], "0.50"] == after["noise"][0]["levels"]
    assert before["noise"][0]["sparsities"] == after["noise"][0]["sparsities"]
    assert after["arms"] == before["arms"]
