"""Checks a report against its form. Problems are stored in the document and never refuse it.

CHT 4.15 source, api/src/services/report/validate.js.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Problem = tuple[str, dict[str, Any]]  # code, what its text is filled in with

TYPES: dict[str, Callable[[Any], bool]] = {
    "integer": lambda value: not isinstance(value, bool) and isinstance(value, int | float) and value == value // 1,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "complex": lambda value: isinstance(value, dict | list),
}


def problems(fields: dict[str, Any], values: dict[str, Any]) -> list[Problem]:
    """Wrong types, then all required fields without a value. Fields are looked up by their whole, dotted key."""
    found: list[Problem] = []
    missing = []
    for key, field in fields.items():
        value = values.get(key)
        kind = field.get("type") if isinstance(field, dict) else None
        if value is None:
            if isinstance(field, dict) and field.get("required"):
                missing.append(key)
        elif isinstance(kind, str) and kind in TYPES and not field.get("list") and not TYPES[kind](value):
            found.append(("sys.incorrect_type", {"key": key, "expectedType": kind}))
    return [*found, ("sys.missing_fields", {"fields": missing})] if missing else found
