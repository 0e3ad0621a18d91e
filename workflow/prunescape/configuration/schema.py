"""The schema of the configuration: its validator, its variants and its defaults."""

import functools
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.protocols import Validator

LARGEST = 2**53
"""The largest integer that is allowed: above it float64, and so JSON elsewhere, skips some."""
SCHEMA = Path(__file__).parents[2] / "schemas" / "config.schema.yaml"


@functools.cache
def schema() -> dict[str, Any]:
    """Return the JSON schema of the configuration."""
    with SCHEMA.open(encoding="utf-8") as opened:
        # The loader in C is ten times as fast; PyYAML may have been built without it.
        contents: dict[str, Any] = yaml.load(opened, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return contents


@functools.cache
def validator() -> Validator:
    """Return the schema's validator: numbers stricter than JSON's, patterns match whole texts."""
    # 5.0 is no integer, since paths would have it; nan and inf are no numbers.
    types = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: is_number(value) and isinstance(value, int),
            "number": lambda _, value: is_number(value),
        }
    )
    strict = validators.extend(Draft202012Validator, {"pattern": _pattern}, type_checker=types)
    made: Validator = strict(schema())
    return made


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number: no bool, and no integer beyond LARGEST."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


def _pattern(
    validator: Validator, pattern: str, value: Any, _schema: dict[str, Any]
) -> Iterator[ValidationError]:
    """Match the whole text: Python's $ would let a line break through."""
    if isinstance(value, str) and not re.fullmatch(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


# Parts of the schema: references, variants, and the part that applies to a value.
def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """Replace $ref by the part that it refers to; keys beside the $ref override the part's."""
    while "$ref" in part:
        own = {key: value for key, value in part.items() if key != "$ref"}
        part = schema()["$defs"][part["$ref"].removeprefix("#/$defs/")] | own
    return part


def variants(part: dict[str, Any]) -> tuple[str, dict[str, dict[str, Any]]] | None:
    """Return the key that distinguishes the variants of a `oneOf`, and its value -> the variant.

    None if `part` has no `oneOf`, or no key distinguishes the alternatives.
    """
    alternatives = [resolved(each) for each in part.get("oneOf", [])]
    for key in alternatives[0].get("properties", {}) if alternatives else ():
        values = [each.get("properties", {}).get(key, {}).get("const") for each in alternatives]
        if None not in values:
            return key, dict(zip(values, alternatives, strict=True))
    return None


def chosen(key: str, blocks: dict[str, dict[str, Any]], value: dict[Any, Any]) -> Any:
    """Return what a block has under the key of its variants.

    If the block lacks the key: the variant that doesn't require it, None if all do.
    """
    if key in value:
        return value[key]
    return next((name for name, each in blocks.items() if key not in each["required"]), None)


def of_type(part: dict[str, Any], value: Any) -> tuple[int, dict[str, Any]] | None:
    """Return the position and contents of the only `oneOf` alternative with the type of `value`.

    None if no alternative has that type, or several have.
    """
    is_type = validator().is_type
    alternatives = enumerate(resolved(each) for each in part.get("oneOf", []))
    fitting = [
        (i, each) for i, each in alternatives if "type" in each and is_type(value, each["type"])
    ]
    return fitting[0] if len(fitting) == 1 else None


def _applying(part: dict[str, Any], value: Any) -> dict[str, Any]:
    """Return `part` without $ref, or the variant of it that `value` chooses."""
    part = resolved(part)
    choice = variants(part)
    if choice is None and (found := of_type(part, value)):
        return found[1]
    if choice is None or not isinstance(value, dict):
        return part
    name = chosen(*choice, value)
    return choice[1].get(name, {}) if isinstance(name, str) else {}


def with_defaults(part: dict[str, Any], value: Any) -> Any:
    """Return a deep copy of `value` in which absent keys have the schema's defaults."""
    part = _applying(part, value)
    if isinstance(value, list):
        return [with_defaults(part.get("items", {}), entry) for entry in value]
    if not isinstance(value, dict):
        return value
    known = {key: resolved(each) for key, each in part.get("properties", {}).items()}
    defaults = {key: each["default"] for key, each in known.items() if "default" in each}
    other = part.get("additionalProperties") or {}
    return {
        key: with_defaults(known.get(key, other), entry)
        for key, entry in (defaults | value).items()
    }
