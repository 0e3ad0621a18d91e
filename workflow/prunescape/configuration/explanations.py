"""Turn the schema's errors into lines "found ...; allowed: ..."."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from jsonschema import ValidationError

from prunescape.configuration.schema import (
    LARGEST,
    chosen,
    is_number,
    of_type,
    resolved,
    schema,
    validator,
    variants,
)
from prunescape.configuration.words import Problem, nearest, shown


def allowed(part: dict[str, Any]) -> str:
    """Return in words the values that a part of the schema allows."""
    part = resolved(part)
    if "x-allowed" in part:
        return str(part["x-allowed"])
    if "oneOf" in part:
        choice = variants(part)
        if choice is None:
            return " or ".join(allowed(each) for each in part["oneOf"])
        return f"a mapping with {choice[0]}: {', '.join(choice[1])}"
    if "const" in part:
        return str(part["const"])
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


def explained(error: ValidationError) -> Iterator[Problem]:
    """Yield a problem for every key that an error of jsonschema is about."""
    place, part = tuple(error.absolute_path), _part(error)
    value: Any = error.instance
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
        gone = part.get("x-gone", {})
        for key in value:
            if key not in known:
                guess = "" if key in gone else nearest(key, known)
                text = f"found an unknown key{guess}; allowed: {', '.join(known)}"
                now = f"; {key} is gone: {gone[key]}" if key in gone else ""
                yield (*place, str(key)), text + "".join(variant) + now
    elif error.validator == "uniqueItems":
        for i, entry in enumerate(value):
            if entry in value[:i]:
                text = f"found {shown(entry)} again, as in [{value.index(entry)}]"
                yield (*place, i), f"{text}; allowed: each entry once"
    elif error.validator == "oneOf" and isinstance(value, dict) and (choice := variants(part)):
        yield from _explained_variant(error, value, *choice)
    elif (
        error.validator == "oneOf"
        and isinstance(value, dict | list)
        and (of := of_type(part, value))
    ):
        yield from _explained_alternative(error, of[0])
    elif "propertyNames" in error.relative_schema_path:
        yield (*place, str(value)), _mismatch(value, part)
    else:
        yield place, _mismatch(value, part)


def _part(error: ValidationError) -> dict[str, Any]:
    """Return the violated part of the schema, merged with the keys beside its $ref."""
    part: Any = schema()
    for step in list(error.absolute_schema_path)[:-1]:  # jsonschema leaves $ref out of its paths
        part = resolved(part[step])
    return dict(part)


def _explained_variant(
    error: ValidationError, block: dict[str, Any], key: str, blocks: dict[str, dict[str, Any]]
) -> Iterator[Problem]:
    """Explain only the errors of the variant that the block's `key` names."""
    place, name = (*error.absolute_path, key), chosen(key, blocks, block)
    if key not in block and name is None:
        yield place, _missing({"enum": list(blocks)})
    elif not isinstance(name, str) or name not in blocks:
        yield place, _mismatch(name, {"enum": list(blocks)})
    else:
        yield from _explained_alternative(error, list(blocks).index(name))


def _explained_alternative(error: ValidationError, position: int) -> Iterator[Problem]:
    """Explain only the errors of one alternative of a `oneOf`."""
    for child in error.context or ():
        if child.relative_schema_path[0] == position:
            yield from explained(child)


def _missing(part: dict[str, Any]) -> str:
    return f"found nothing, but the key is required; allowed: {allowed(part)}"


def _mismatch(value: Any, part: dict[str, Any]) -> str:
    part = resolved(part)
    words = [word for each in (part, *part.get("oneOf", ())) for word in each.get("enum", ())]
    now = part.get("x-renamed", {}).get(value) if isinstance(value, str) else None
    guess = nearest(value, words) if isinstance(value, str) and not now else ""
    large = isinstance(value, int) and abs(value) > LARGEST
    most = f", at most {LARGEST}" if large and part.get("type") in ("integer", "number") else ""
    remedy = f"; {value} is now {now}" if now else _remedy(value, part)
    return f"found {shown(value)}{guess}; allowed: {allowed(part)}{most}{remedy}"


def _remedy(value: Any, part: dict[str, Any]) -> str:
    """Return advice on quotes, if text should be a number or anything else text; "" otherwise."""

    def fits(other: Any) -> bool:
        return validator().evolve(schema=part).is_valid(other)

    if isinstance(value, bool) and fits("no"):
        return "; it must be text, so quote it: YAML reads no, off, yes and on without quotes so"
    if isinstance(value, datetime.date) and fits(str(value)):
        return f'; it must be text, so quote it: "{value}"'
    if is_number(value):
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
