"""The configuration of a run: checked whole before any job, every problem in one line.

Read at every parse of the workflow, so it needs nothing heavier than jsonschema and YAML. The
schema (workflow/schemas/config.schema.yaml) says what each block may hold; configuration_checks
says what blocks must say of each other. A line has the key's path, what was found and what is
allowed:

    catalogue.graves.fits.vi.epochs: found 0; allowed: an integer >= 1
"""

import functools
import itertools
import math
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.protocols import Validator

from prunescape.configuration_checks import cross_checks
from prunescape.configuration_words import Problem, lines, nearest, shown
from prunescape.messages import one_line

SCHEMA = Path(__file__).parents[1] / "schemas" / "config.schema.yaml"


def check_file(path: str | os.PathLike) -> None:
    """Look whether Snakemake can read a file of the configuration: it has no words of its own.

    Raises:
        ValueError: the file is not there, no text in UTF-8, no YAML, or no mapping; with the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        found = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise ValueError(f"{path}: can't be read ({error.strerror}); allowed: a file") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {line}: found bytes that are not UTF-8") from None
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or one_line(error)
        raise ValueError(f"{path}{line}: found no YAML ({what})") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: found {shown(found)}; allowed: keys with their values")


def validate(config: Any) -> None:
    """Check `config` and fill in the schema's defaults, in place.

    Raises:
        ValueError: with one line for every problem, as `problems` lists them; then nothing is
            filled in.
    """
    found = problems(config)
    if found:
        raise ValueError("\n".join(found))
    config.update(_filled(schema(), config))


def problems(config: Any) -> list[str]:
    """Return a line for everything that is wrong with `config`, ordered by place; [] if valid.

    `config` may be anything that YAML can hold: where a block has the wrong type, that is a line,
    and what depends on the block is not checked.
    """
    found = itertools.chain(
        *(_explained(error) for error in _validator().iter_errors(config)), cross_checks(config)
    )
    return lines(found)


def schema() -> dict[str, Any]:
    """Return the JSON schema of the configuration."""
    return _validator().schema


@functools.cache
def _validator() -> Validator:
    with SCHEMA.open(encoding="utf-8") as opened:
        # The loader in C, where PyYAML was built with it, is ten times as fast.
        contents = yaml.load(opened, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    # Stricter than JSON: 5.0 is no integer (it would stand in paths), nan and inf are no numbers.
    types = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda _, value: _is_number(value),
        }
    )
    strict = validators.extend(Draft202012Validator, {"pattern": _pattern}, type_checker=types)
    return strict(contents)


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _pattern(
    _validator: Validator, pattern: str, value: Any, _schema: dict[str, Any]
) -> Iterator[ValidationError]:
    """Match the whole text: Python's $ would let a line break through."""
    if isinstance(value, str) and not re.fullmatch(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


# The schema: which part of it applies, and what it allows in words.


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """Follow $ref; what stands beside it wins."""
    while "$ref" in part:
        own = {key: value for key, value in part.items() if key != "$ref"}
        part = schema()["$defs"][part["$ref"].removeprefix("#/$defs/")] | own
    return part


def variants(part: dict[str, Any]) -> tuple[str, dict[str, dict[str, Any]]] | None:
    """Return the key that tells the variants of a `oneOf` apart, and its value -> the variant.

    None if the alternatives of `part` are not blocks, or if it has none.
    """
    alternatives = [resolved(each) for each in part.get("oneOf", [])]
    for key in alternatives[0].get("properties", {}) if alternatives else ():
        values = [each.get("properties", {}).get(key, {}).get("const") for each in alternatives]
        if None not in values:
            return key, dict(zip(values, alternatives, strict=True))
    return None


def _of_type(part: dict[str, Any], value: Any) -> tuple[int, dict[str, Any]] | None:
    """Return position and contents of the only alternative that has the type of `value`."""
    is_type = _validator().is_type
    alternatives = enumerate(resolved(each) for each in part.get("oneOf", []))
    fitting = [
        (i, each) for i, each in alternatives if "type" in each and is_type(value, each["type"])
    ]
    return fitting[0] if len(fitting) == 1 else None


def _applying(part: dict[str, Any], value: Any) -> dict[str, Any]:
    """Return `part`, or the variant of it that `value` chooses, with $ref followed."""
    part = resolved(part)
    choice = variants(part)
    if choice is None and (found := _of_type(part, value)):
        return found[1]
    if choice is None or not isinstance(value, dict):
        return part
    key, blocks = choice
    chosen = value.get(key)
    return blocks.get(chosen, {}) if isinstance(chosen, str) else {}


def _filled(part: dict[str, Any], value: Any) -> Any:
    """Return a deep copy of `value` in which absent keys have the schema's defaults."""
    part = _applying(part, value)
    if isinstance(value, list):
        return [_filled(part.get("items", {}), entry) for entry in value]
    if not isinstance(value, dict):
        return value
    known = {key: resolved(each) for key, each in part.get("properties", {}).items()}
    defaults = {key: each["default"] for key, each in known.items() if "default" in each}
    other = part.get("additionalProperties") or {}
    return {key: _filled(known.get(key, other), entry) for key, entry in (defaults | value).items()}


def allowed(part: dict[str, Any]) -> str:
    """Say in words which values a part of the schema allows."""
    part = resolved(part)
    if "x-allowed" in part:
        return part["x-allowed"]
    if "oneOf" in part:
        choice = variants(part)
        if choice is None:
            return " or ".join(allowed(each) for each in part["oneOf"])
        return f"a mapping with {choice[0]}: {', '.join(choice[1])}"
    if "const" in part:
        return part["const"]
    if "enum" in part:
        return ", ".join(part["enum"])
    return _ALLOWED[part["type"]](part)


def _allowed_mapping(part: dict[str, Any]) -> str:
    if "properties" in part:
        return f"a mapping with the keys {', '.join(part['properties'])}"
    return f"a mapping with a key for each {resolved(part['additionalProperties'])['title']}"


def _allowed_list(part: dict[str, Any]) -> str:
    least, most = part.get("minItems", 0), part.get("maxItems")
    size = f" of {least}" if least == most else f" of at least {least}" if least else ""
    one_of = "one of " if len(resolved(part["items"]).get("enum", [])) > 1 else ""
    return f"a list{size}, each {one_of}{allowed(part['items'])}"


def _allowed_number(part: dict[str, Any]) -> str:
    signs = {"exclusiveMinimum": ">", "minimum": ">=", "exclusiveMaximum": "<", "maximum": "<="}
    bounds = [f"{sign} {part[bound]}" for bound, sign in signs.items() if bound in part]
    noun = "an integer" if part["type"] == "integer" else "a number"
    return " ".join([noun, " and ".join(bounds)]).strip()


_ALLOWED = {
    "object": _allowed_mapping,
    "array": _allowed_list,
    "integer": _allowed_number,
    "number": _allowed_number,
    "boolean": lambda _: "true or false",
    "string": lambda part: "text that is not empty" if part.get("minLength") else "text",
}


# From an error of jsonschema to our lines.


def _explained(error: ValidationError) -> Iterator[Problem]:
    place, value, part = tuple(error.absolute_path), error.instance, _part(error)
    if error.validator == "required":
        for key in part["required"]:
            if key not in value:
                yield (*place, key), _missing(part["properties"][key])
    elif error.validator == "additionalProperties":
        known = list(part["properties"])
        variant = [
            f" (with {key}: {each['const']})"
            for key, each in part["properties"].items()
            if "const" in each
        ]
        for key in value:
            if key not in known:
                text = f"found an unknown key{nearest(key, known)}; allowed: {', '.join(known)}"
                yield (*place, str(key)), text + "".join(variant)
    elif error.validator == "uniqueItems":
        for i, entry in enumerate(value):
            if entry in value[:i]:
                text = f"found {shown(entry)} again, as in [{value.index(entry)}]"
                yield (*place, i), f"{text}; allowed: each entry once"
    elif error.validator == "oneOf" and isinstance(value, dict) and variants(part):
        yield from _explained_variant(error)
    elif error.validator == "oneOf" and isinstance(value, list) and _of_type(part, value):
        position, _ = _of_type(part, value)
        for child in error.context:
            if child.relative_schema_path[0] == position:
                yield from _explained(child)
    elif "propertyNames" in error.relative_schema_path:
        yield (*place, str(value)), _mismatch(value, part)
    else:
        yield place, _mismatch(value, part)


def _part(error: ValidationError) -> dict[str, Any]:
    """Return the part of the schema that was violated, with what stands beside a $ref to it."""
    part = schema()
    for step in list(error.absolute_schema_path)[:-1]:  # jsonschema leaves $ref out of its paths
        part = resolved(part[step])
    return part


def _explained_variant(error: ValidationError) -> Iterator[Problem]:
    """Explain only what is wrong with the variant that the block itself names."""
    key, blocks = variants(error.schema)
    place, chosen = (*error.absolute_path, key), error.instance.get(key)
    if key not in error.instance:
        yield place, _missing({"enum": list(blocks)})
    elif not isinstance(chosen, str) or chosen not in blocks:
        yield place, _mismatch(chosen, {"enum": list(blocks)})
    else:
        position = list(blocks).index(chosen)
        for child in error.context:
            if child.relative_schema_path[0] == position:
                yield from _explained(child)


def _missing(part: dict[str, Any]) -> str:
    return f"found nothing, but the key is required; allowed: {allowed(part)}"


def _mismatch(value: Any, part: dict[str, Any]) -> str:
    part = resolved(part)
    guess = nearest(value, part["enum"]) if "enum" in part and isinstance(value, str) else ""
    return f"found {shown(value)}{guess}; allowed: {allowed(part)}{_remedy(value, part)}"


def _remedy(value: Any, part: dict[str, Any]) -> str:
    """Say how to write a number that should be text, or text that should be a number."""

    def fits(other: Any) -> bool:
        return _validator().evolve(schema=part).is_valid(other)

    if _is_number(value):
        text = f"{Decimal(repr(value)):f}"  # without an exponent
        if fits(text):
            return f'; it must be text, so quote it: "{text}"'
    if isinstance(value, str):
        # 1e-3 without quotes is text too: YAML wants a point before the exponent.
        for number in (int, float):
            try:
                meant = number(value)
            except ValueError:
                continue
            if fits(meant):
                return f"; it was read as text, so write {meant} without quotes"
    return ""
