"""The schema: closed, described, the same words as docs, defaults and library."""

import copy
import json
import re
from collections import defaultdict

import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from snakemake.utils import update_config

from prunescape.configuration import explanations, schema, validation
from prunescape.data import own_sources, sources
from prunescape.drawing import style
from prunescape.evaluation import input_noise, input_noise_kinds, table
from prunescape.figures import kinds
from prunescape.foundations import levels, network_names, user_files
from prunescape.optimising.posteriors import SIGMA_PARAMETERS
from prunescape.pipeline import scopes
from prunescape.pruning import effect_needs, effects
from tests.helpers.configurations import DEFAULT, SCHEDULES, SMALL, scheduled, small
from tests.helpers.places import ROOT

DOCS = ROOT / "docs" / "configuration.md"
SCHEMA = schema.schema()


def test_default_and_small_configurations_are_valid():
    assert validation.problems(DEFAULT) == []
    assert validation.problems(SMALL) == []


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
    part = schema.resolved(part)
    choice = schema.variants(part)
    if "items" in part:
        yield from rows(part["items"], f"{path}[]")
    if choice is None:
        for alternative in part.get("oneOf", []):
            yield from rows(alternative, path)
    if isinstance(part.get("additionalProperties"), dict):
        entry = schema.resolved(part["additionalProperties"])
        name = f"{path}.<{entry['title']}>"
        yield name, entry["description"], explanations.allowed(entry), "–"
        yield from rows(entry, name)
    blocks = choice[1] if choice else {"": part}
    users = defaultdict(list)
    for variant, block in blocks.items():
        for key in block.get("properties", {}):
            users[key].append(variant)
    for key, variants in users.items():
        block = blocks[variants[0]]
        value = schema.resolved(block["properties"][key])
        meaning = value["description"]
        if len(variants) < len(blocks):
            meaning += f" With {choice[0]}: {', '.join(variants)}."
        is_choice = choice is not None and key == choice[0]
        allowed = ", ".join(blocks) if is_choice else explanations.allowed(value)
        default = "required" if key in block.get("required", []) else "–"
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
    known = re.compile("|".join(re.escape(path).replace("WORD", "[a-z0-9_]+") for path in patterns))
    paths = set(key_paths(DEFAULT))
    assert len(paths) > 60
    assert [path for path in sorted(paths) if not known.fullmatch(path)] == []


def test_default_configuration_shows_every_top_level_key():
    assert DEFAULT.keys() == SCHEMA["properties"].keys() - {"label"}  # whose study has no default
    defaults = {
        key: part["default"] for key, part in SCHEMA["properties"]["figures"]["properties"].items()
    }
    assert DEFAULT["figures"] == defaults


def test_example_in_the_docs_overrides_what_it_says():
    text = DOCS.read_text(encoding="utf-8")
    example = yaml.safe_load(re.search(r"```yaml\n# mine.yaml\n(.*?)```", text, re.DOTALL)[1])
    default, config = copy.deepcopy(DEFAULT), copy.deepcopy(DEFAULT)
    update_config(config, example)  # what Snakemake does with --configfile
    validation.validate(config)

    before, after = (each["catalogue"]["graves"] for each in (default, config))
    assert config["run"] == "mine"
    assert after["fits"]["vi"]["optimiser"] == {"kind": "adam", "learning_rate": 0.003}
    assert after["fits"]["vi"]["epochs"] == before["fits"]["vi"]["epochs"]
    assert after["fits"]["vi_signed"]["optimiser"] == before["fits"]["vi_signed"]["optimiser"]
    assert after["noise"][0].pop("levels") == [*before["noise"][0].pop("levels"), "0.50"]
    assert after["noise"] == before["noise"]
    assert after["arms"] == before["arms"]


def test_defaults_are_filled_in_place_in_the_variant_that_is_used():
    config = small()
    validation.validate(config)
    study = config["catalogue"]["study"]
    assert study["fits"]["point"]["optimiser"]["momentum"] == 0.0
    assert "momentum" not in study["fits"]["vi"]["optimiser"]
    assert study["fits"]["vi"]["objective"]["sigma_in_kl"] == "standard_deviation"
    assert study["fits"]["point"]["objective"] == {"kind": "likelihood", "softmax": "once"}
    assert config["networks"]["net"] == [{"kind": "linear", "units": 10, "bias": True}]
    assert config["figures"] == {"width": 7.0, "font_size": 8.0, "dots_per_inch": 200}
    assert (config["not_tested"], study["figures"]) == ({}, [])


def test_defaults_leave_what_is_written():
    config = small(figures={"width": 3.5}, networks__net__0__bias=False)
    validation.validate(config)
    assert config["figures"] == {"width": 3.5, "font_size": 8.0, "dots_per_inch": 200}
    assert config["networks"]["net"][0]["bias"] is False
    again = copy.deepcopy(config)
    validation.validate(again)
    assert again == config


def test_defaults_are_not_shared_between_configurations():
    first, second = small(), small()
    validation.validate(first)
    first["not_tested"]["g1"] = "changed"
    validation.validate(second)
    assert second["not_tested"] == {}


def pattern_of(definition):
    """Return text that a definition of the schema allows."""
    return st.from_regex(
        SCHEMA["$defs"][definition]["pattern"],
        fullmatch=True,
        alphabet=st.characters(codec="ascii"),
    )


@given(pattern_of("level"), pattern_of("strength"), pattern_of("threshold"))
def test_levels_that_the_schema_allows_are_levels_of_the_library(level, strength, threshold):
    assert 0 <= levels.share(level) <= 1
    assert 0 < levels.share(strength) <= 1
    assert re.fullmatch(levels.PATTERN, threshold)


def test_defaults_are_filled_in_where_a_schedule_changes_the_optimiser():
    config = scheduled(
        {
            "catalogue.study.schedules.tuned.fit": {
                "optimiser": {
                    "kind": "sgd",
                    "learning_rate": 0.1,
                    "decay": {"kind": "linear", "hold": 0.0},
                }
            }
        }
    )
    validation.validate(config)
    schedules = config["catalogue"]["study"]["schedules"]
    assert schedules["tuned"]["fit"]["optimiser"]["momentum"] == 0.0
    assert schedules["fine"] == SCHEDULES["fine"]
    assert config["catalogue"]["study"]["fits"]["vi"]["shuffle"] is True
    untouched = small()
    validation.validate(untouched)
    assert untouched["catalogue"]["study"]["schedules"] == {}


def enum_of(definition, key):
    part = SCHEMA["$defs"][definition]["properties"][key]
    return set(part["items"]["enum"] if "items" in part else part["enum"])


def test_words_of_the_schema_are_those_of_the_table():
    assert SCHEMA["$defs"]["scope"]["properties"]["kind"]["enum"] == list(scopes.KINDS)
    assert ", ".join(scopes.BUILT_IN) in SCHEMA["$defs"]["arm"]["properties"]["scopes"]["x-allowed"]
    assert enum_of("arm", "selection") | {"none"} == set(table.SELECTIONS)
    allowed = SCHEMA["$defs"]["arm"]["properties"]["effects"]["x-allowed"]
    assert f"one of {', '.join(effects.EFFECTS)}, or one of your own" in allowed
    assert list(effects.EFFECTS) == list(effect_needs.BUILT_IN)
    assert list(input_noise._KINDS) == list(input_noise_kinds.BUILT_IN)


def test_words_of_the_schema_are_those_of_the_library():
    places = f"^({sources.MIRROR.pattern}|{own_sources.PLACE.pattern})$"
    assert SCHEMA["$defs"]["source"]["pattern"] == places
    named = f"^{re.sub('[?]P<[a-z]+>', '', user_files.NAMED.pattern)}$"
    assert SCHEMA["properties"]["criteria"]["additionalProperties"]["pattern"] == named
    network = SCHEMA["properties"]["networks"]["additionalProperties"]
    named = f"^{re.sub('[?]P<[a-z]+>', '', network_names.FORM.pattern)}$"
    assert network["oneOf"][0]["pattern"] == named
    sigma = SCHEMA["$defs"]["objective_variational"]["properties"]["sigma"]
    assert sigma["properties"]["parameter"]["enum"] == list(SIGMA_PARAMETERS)
    assert enum_of("study", "figures") == set(kinds.KINDS)
    figures = SCHEMA["properties"]["figures"]["properties"]
    assert (
        style.Settings(**{key: part["default"] for key, part in figures.items()})
        == style.Settings()
    )
