"""Whether a journal has the exchanges that a test expects, and a readable account if not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mocksrv.journal import QUERY, Entry, matches

SHOWN = 12  # exchanges in an account
COUNTS = {
    "exactly": lambda seen, wanted: seen == wanted,
    "at_least": lambda seen, wanted: seen >= wanted,
    "at_most": lambda seen, wanted: seen <= wanted,
}


class BadExpectation(ValueError):
    """The expectation itself is malformed."""


def verify(entries: Sequence[Entry], expected: Mapping[str, Any], forgotten: int = 0) -> str | None:
    """None when the exchanges are as expected, otherwise what was expected and what was seen instead.

    `forgotten` is how many older ones there were: where they could change the result, the expectation fails.

    `{"operation": "get_person", "exactly": 2}`; also `at_least`, `at_most`, `"never": true`; without any of them, at
    least one. `{"in_order": [{...}, {...}]}`: such exchanges one after another, whatever lies between them.
    """
    if "in_order" in expected:
        return verify_order(entries, expected)
    wanted = aim(expected, {*COUNTS, "never"})
    counts = {name: expected[name] for name in COUNTS if name in expected}
    if expected.get("never"):
        counts["exactly"] = 0
    found = [entry for entry in entries if matches(entry, wanted)]
    if forgotten and counts.keys() - {"at_least"}:
        return account(f"whether there were {spell(wanted)} among {forgotten} older exchanges nobody knows: they made "
                       "room for newer ones; clear the journal before what you verify, or give it a world of its own",
                       entries)
    for name, count in (counts or {"at_least": 1}).items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise BadExpectation(f"{name} takes a whole number")
        if not COUNTS[name](len(found), count):
            return account(f"expected {name.replace('_', ' ')} {count} of {spell(wanted)}, saw {len(found)}", entries)
    return None


def verify_order(entries: Sequence[Entry], expected: Mapping[str, Any]) -> str | None:
    steps = expected["in_order"]
    if len(expected) > 1 or not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise BadExpectation("in_order takes a list of aims, and nothing beside it")
    rest = iter(entries)
    for number, step in enumerate(steps, 1):
        wanted = aim(step, set())
        if not any(matches(entry, wanted) for entry in rest):
            return account(f"expected {len(steps)} exchanges in order; number {number}, {spell(wanted)}, did not come "
                           f"after number {number - 1}" if number > 1 else f"expected {spell(wanted)} first", entries)
    return None


def aim(expected: Mapping[str, Any], others: set[str]) -> dict[str, Any]:
    for name in expected:
        if name not in others and name not in QUERY:
            raise BadExpectation(f"{name!r} is not known; use {', '.join([*QUERY, *sorted(others)])}")
        if name in QUERY and not isinstance(expected[name], str | int):
            raise BadExpectation(f"{name} takes a text or a number")
    return {name: value for name, value in expected.items() if name in QUERY}


def spell(wanted: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in wanted.items()) or "any exchange"


def account(text: str, entries: Sequence[Entry]) -> str:
    """The text, and below it the last exchanges, a line each."""
    lines = [text, f"the last {min(len(entries), SHOWN)} of {len(entries)} exchanges:"]
    for entry in entries[-SHOWN:]:
        shown = entry.describe()
        why = f"  ({shown['diagnosis'][0]})" if shown["diagnosis"] else ""
        what = entry.operation or "no operation"
        lines.append(f"  #{entry.id} {entry.method} {shown['target']} -> {entry.status}  {what}{why}")
    return "\n".join(lines)
