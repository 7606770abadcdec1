"""Values that fit a JSON Schema, and values that nearly do: for tests that hold a declaration against what is taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

ALPHABET = st.sampled_from("abz 19-_.é😀")  # what stands in XML and in databases
ANY = st.sampled_from([None, True, False, 0, 1.5, -3, 12, "", "a", "12", [], ["a"], {}, {"a": "b"}])
# For texts with a pattern: dates, numbers and ids among them.
SAMPLES = ["", "a", "z9", "a_b", "é", "a b", "7", "-7", "1.5", "1e3", "2026-01-02T03:04:05Z", "0123456789abcdef" * 2,
           "1-" + "0123456789abcdef" * 2, "0-7"]
BOUNDS = {"minLength": "min_size", "maxLength": "max_size"}


def values(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that fit the schema, mostly: what is only refused (`not`, `propertyNames`) is for the caller to filter."""
    if "$ref" in schema:
        return values(shared[schema["$ref"].rpartition("/")[2]], shared)
    if "anyOf" in schema:
        return st.one_of([values(one, shared) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    return st.one_of([of_type(kind, schema, shared) for kind in kinds]) if kinds else ANY


def of_type(kind: str, schema: Mapping[str, Any], shared: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    match kind:
        case "string" if "pattern" in schema:
            return st.sampled_from([text for text in SAMPLES if re.search(schema["pattern"], text)])
        case "string":
            sizes = {mine: schema[name] for name, mine in BOUNDS.items() if name in schema}
            return st.text(ALPHABET, **({"max_size": 6} | sizes))
        case "integer" | "number":
            return st.integers(schema.get("minimum", -9), schema.get("maximum", 99))
        case "boolean":
            return st.booleans()
        case "array":
            most = min(3, schema.get("maxItems", 3))
            return st.lists(values(schema.get("items", {}), shared), min_size=schema.get("minItems", 0), max_size=most)
        case "object":
            return objects(schema, shared)
    return st.none()


def objects(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    named = {name: values(one, shared) for name, one in schema.get("properties", {}).items()}
    needed = {name: named.get(name, ANY) for name in schema.get("required", ())}
    optional = {name: one for name, one in named.items() if name not in needed}
    known = st.fixed_dictionaries(needed, optional=optional)
    others = schema.get("additionalProperties", True)
    if others is False:
        return known
    held = values(others if isinstance(others, Mapping) else {}, shared)
    more = st.dictionaries(st.sampled_from(["x_a", "x_b"]), held, max_size=1)
    return st.builds(lambda own, other: other | own, known, more)


@st.composite
def changed(draw: st.DrawFn, bodies: st.SearchStrategy[Any]) -> Any:
    """A body with one thing about it that may be wrong: a member gone, one too many, or with any value."""
    body = draw(bodies)
    if not isinstance(body, dict) or not body:
        return draw(ANY)
    name = draw(st.sampled_from(sorted(body)))
    match draw(st.sampled_from(["gone", "more", "any", "any"])):
        case "gone":
            return {key: value for key, value in body.items() if key != name}
        case "more":
            return body | {"x_unknown": draw(ANY)}
    return body | {name: draw(ANY)}
