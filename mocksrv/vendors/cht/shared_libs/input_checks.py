"""Checks of the newer operations on bodies and queries, with the server's messages.

CHT 5.2 source, shared-libs/cht-datasource/src (input.ts, qualifier.ts, libs/core.ts, libs/parameter-validators.ts).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.node import date_parser, javascript, json_text
from mocksrv.world import World

Doc = dict[str, Any]
MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?Z", re.ASCII)
LATEST = 8.64e15  # the end of JavaScript's time, ms
BAD_MOMENT = ("Invalid reported_date. Expected format to be 'YYYY-MM-DDTHH:mm:ssZ', 'YYYY-MM-DDTHH:mm:ss.SSSZ', or a "
              "Unix epoch.")
SHORTEST = 3  # minimum length of a text to search for


# --- bodies ---


def body_of(value: Any) -> Doc:
    """The fields of a body; an array has none of those that are looked for."""
    return value if isinstance(value, dict) else {}


def need_text(doc: Mapping[str, Any], *names: str) -> None:
    """Refuse a field that is missing, blank or not a text."""
    for name in names:
        value = doc.get(name)
        if not isinstance(value, str) or not value.strip():
            errors.fail(400, f"The [{name}] field must have a [string] value.")


def may_be_text(doc: Mapping[str, Any], *names: str) -> None:
    """Refuse a field that is given and not a text, null included."""
    for name in names:
        if name in doc and not isinstance(doc[name], str):
            errors.fail(400, f"The [{name}] field must have the type [string].")


def must_not_be_set(doc: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if doc.get(name) is not None:
            errors.fail(400, f"The [{name}] field must not be set.")


def may_be_moment(value: Any) -> None:
    """Refuse a `reported_date` that counts as given and is neither a whole number nor ISO 8601 in UTC."""
    if not javascript.truthy(value) or (isinstance(value, str) and MOMENT.fullmatch(value)):
        return
    if isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer():
        return
    errors.fail(400, BAD_MOMENT)


def moment(world: World, value: Any) -> int | float:
    """The milliseconds of a `reported_date` that passed `may_be_moment`; now if there is none."""
    if value is None:
        return world.clock.ms()
    when: int | float | None = date_parser.parse(value) if isinstance(value, str) else value * 1
    if when is None or abs(when) > LATEST:
        errors.fail(400, f"Invalid date value [{javascript.text(value)}].")
    return when


def is_date(value: Any) -> bool:
    """Whether JavaScript's `Date.parse` accepts a value."""
    return isinstance(value, str) and date_parser.parse(value) is not None


def must_not_change(stored: Mapping[str, Any], sent: Mapping[str, Any], names: Iterable[str]) -> None:
    """Refuse fields of the document that differ from what is stored; one left out does, too."""
    missing = object()
    changed = [name for name in names if not same(stored.get(name, missing), sent.get(name, missing))]
    if changed:
        errors.fail(400, f"The [{','.join(changed)}] fields must not be changed.")


def same(one: Any, other: Any) -> bool:
    """JavaScript's `===` of two JSON values: objects and lists are never the same."""
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return False
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def same_lineage(one: Any, other: Any) -> bool:
    """Whether two documents have the same id, and so have their parents all the way up."""
    while isinstance(one, dict) and isinstance(other, dict):
        if not same(one.get("_id"), other.get("_id")):
            return False
        one, other = one.get("parent"), other.get("parent")
    return not isinstance(one, dict | list) and not isinstance(other, dict | list) and one == other


# --- queries ---


def freetext(value: Any) -> str:
    """The text to search for, without white space around it and in lower case."""
    if not isinstance(value, str) or len(value) < SHORTEST or (":" not in value and re.search(r"\s", value)):
        shown = "undefined" if value is None else json_text.text(value)
        errors.fail(400, f"Invalid freetext [{shown}].", diagnosis=f"send at least {SHORTEST} letters without white "
                                                                   "space, or field:value")
    return value.strip().lower()


def cursor(value: str | list[Any] | dict[str, Any] | None) -> str | None:
    """The cursor from a previous answer; None for the first page."""
    if value is not None and (not isinstance(value, str) or not value):
        bad_cursor(value)
    return value


def skipped(value: str | None) -> int:
    """The number of rows to skip that a cursor stands for."""
    number = as_number("0" if value is None else value)
    if not (number.is_integer() and number >= 0):
        bad_cursor(value)
    return int(min(number, 2**53))


def bad_cursor(value: Any) -> NoReturn:
    errors.fail(400, f"The cursor must be a string or null for first page: [{json_text.text(value)}].",
                diagnosis="use the cursor of the page before")


def limit(value: Any, default: int) -> int:
    """The limit of a page."""
    if value is None:
        return default
    number = as_number(value)
    if not (number.is_integer() and number > 0):
        errors.fail(400, f"The limit must be a positive integer: [{json_text.text(value)}].")
    return int(number)


def as_number(value: Any) -> float:
    """JavaScript's `Number()` of a text, or of a list by its text; anything else is NaN."""
    return javascript.number(javascript.text(value)) if isinstance(value, str | list) else math.nan
