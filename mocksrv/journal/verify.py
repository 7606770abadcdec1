"""Whether a journal has the exchanges that a test expects, and a readable account if not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any, NamedTuple

from mocksrv.clock import stopwatch
from mocksrv.journal import QUERY, Entry, matches
from mocksrv.journal.checks import KINDS, Check, Miss, read
from mocksrv.journal.contents import Contents
from mocksrv.journal.matchers import BadExpectation, Tick, shown
from mocksrv.journal.redaction import REDACTED, redact_target

SHOWN = 12  # exchanges in an account
NEAREST = 3  # of those that are not as expected
PATIENCE = 30.0  # seconds for all conditions on all exchanges
COUNTS: dict[str, Callable[[int, int], bool]] = {
    "exactly": lambda seen, wanted: seen == wanted,
    "at_least": lambda seen, wanted: seen >= wanted,
    "at_most": lambda seen, wanted: seen <= wanted,
}
OPEN = ("query", "headers", *QUERY)  # of an exchange whose body is secret this may be shown


class Near(NamedTuple):
    """An exchange that is almost as expected, and what it misses."""

    entry: Entry
    misses: list[Miss]

    @property
    def unsure(self) -> bool:
        """Whether it may be as expected: nobody knows what is missed."""
        return not any(miss.weight for miss in self.misses)

    def describe(self) -> dict[str, Any]:
        """Plain data, secrets redacted."""
        redacted = self.entry.redactor(len(self.entry.request_body))
        return {"id": self.entry.id, "missed": [
            {"where": redacted(miss.where), "expected": redacted(miss.expected), "got": redacted(miss.got)}
            if miss.where.split()[0] in OPEN or not self.entry.body_is_secret
            else {"where": miss.where, "expected": REDACTED, "got": REDACTED} for miss in self.misses]}


class Failure(NamedTuple):
    """Why the exchanges are not as expected: a text, and the nearest of them as plain data."""

    account: str
    nearest: list[dict[str, Any]]


@dataclass
class Wanted:
    """An exchange as it should be: an aim, conditions on what was sent, and which exchanges are like that."""

    text: str
    aim: dict[str, Any]
    checks: list[Check]
    found: list[Entry] = field(default_factory=list)
    others: list[Near] = field(default_factory=list)  # the aim fits them, some condition does not

    def fits(self, entry: Entry) -> bool:
        if not matches(entry, self.aim):
            return False
        contents = Contents(entry)
        misses = [miss for check in self.checks for miss in check(contents)]
        if misses:
            self.others.append(Near(entry, misses))
        else:
            self.found.append(entry)
        return not misses

    def nearest(self, entries: Iterable[Entry]) -> list[Near]:
        """What misses least; where the aim fits none, what misses a part of the aim."""
        if self.others:
            return nsmallest(NEAREST, self.others, key=lambda one: (weight(one.misses), -one.entry.id))
        off = [Near(entry, misses) for entry in entries if len(misses := aim_misses(entry, self.aim)) < len(self.aim)]
        return nsmallest(NEAREST, off, key=lambda one: (weight(one.misses), -one.entry.id))


def weight(misses: Iterable[Miss]) -> int:
    return sum(miss.weight for miss in misses)


def aim_misses(entry: Entry, aim: Mapping[str, Any]) -> list[Miss]:
    off = {name: value for name, value in aim.items() if not matches(entry, {name: value})}
    seen = {name: redact_target(entry.target) if name == "path" else getattr(entry, name) for name in off}
    return [Miss(name, str(value), shown(seen[name])) for name, value in off.items()]


def verify(entries: Sequence[Entry], expected: Mapping[str, Any], forgotten: int = 0) -> Failure | None:
    """None when the exchanges are as expected, otherwise why not. Raises BadExpectation.

    `forgotten` is how many older ones there were: where they could change the result, the expectation fails.

    `{"operation": "get_person", "exactly": 2}`; also `at_least`, `at_most`, `"never": true`; without any of them, at
    least one. `{"in_order": [{...}, {...}]}`: such exchanges one after another, whatever lies between them.

    Beside the aim there may be conditions on what was sent, which are read by `checks`: `{"json": {"name": "Asha"}}`.
    """
    tick = patience()
    try:
        if "in_order" in expected:
            return verify_order(entries, expected, tick)
        return verify_count(entries, expected, forgotten, tick)
    except RecursionError:
        raise BadExpectation("what is expected is nested too deeply") from None


def patience() -> Tick:
    began = stopwatch()

    def tick() -> None:
        if stopwatch() - began > PATIENCE:
            raise BadExpectation(f"the conditions take more than {PATIENCE:.0f} s: aim at an operation, or use simpler "
                                 "ones")

    return tick


def verify_count(entries: Sequence[Entry], expected: Mapping[str, Any], forgotten: int, tick: Tick) -> Failure | None:
    one = wanted(expected, {*COUNTS, "never"}, tick)
    counts = {name: expected[name] for name in COUNTS if name in expected}
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise BadExpectation(f"{name} takes a whole number")
    if not isinstance(never := expected.get("never", False), bool):
        raise BadExpectation("never takes true or false")
    if never:
        counts["exactly"] = 0
    if forgotten and counts.keys() - {"at_least"}:
        return Failure(account(
            f"whether there were {one.text} among {forgotten} older exchanges nobody knows: they made room for newer "
            "ones; clear the journal before what you verify, or give it a world of its own", entries), [])
    for entry in entries:
        tick()
        one.fits(entry)
    sure, unsure = len(one.found), sum(near.unsure for near in one.others)
    for name, count in (counts or {"at_least": 1}).items():
        fits = COUNTS[name]
        if not (fits(sure, count) and fits(sure + unsure, count)):
            text = f"expected {name.replace('_', ' ')} {count} of {one.text}, saw {sure}"
            text += f" ({', '.join(f'#{entry.id}' for entry in one.found[:SHOWN])})" if one.found else ""
            text += f", and {unsure} of which nobody knows" if unsure else ""
            return failure(text, one.nearest(entries) if sure < count or unsure else [], entries)
    return None


def verify_order(entries: Sequence[Entry], expected: Mapping[str, Any], tick: Tick) -> Failure | None:
    steps = expected["in_order"]
    if len(expected) > 1 or not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise BadExpectation("in_order takes a list of aims, and nothing beside it")
    rest = list(entries)
    for number, one in enumerate([wanted(step, set(), tick) for step in steps], 1):
        for place, entry in enumerate(rest):
            tick()
            if one.fits(entry):
                rest = rest[place + 1 :]
                break
        else:
            text = f"expected {one.text} first" if number == 1 else (
                f"expected {len(steps)} exchanges in order; number {number}, {one.text}, did not come after number "
                f"{number - 1}")
            return failure(text, one.nearest(rest), entries)
    return None


def wanted(expected: Mapping[str, Any], others: set[str], tick: Tick) -> Wanted:
    """Raises BadExpectation for members that are not known or not of their type."""
    for name in expected:
        if name not in others and name not in QUERY and name not in KINDS:
            raise BadExpectation(f"{name!r} is not known; use {', '.join([*QUERY, *KINDS, *sorted(others)])}")
        if name in QUERY and not isinstance(expected[name], str | int):
            raise BadExpectation(f"{name} takes a text or a number")
    aim = {name: value for name, value in expected.items() if name in QUERY}
    conditions = {name: value for name, value in expected.items() if name in KINDS}
    words = [f"{name}={value}" for name, value in aim.items()]
    words += [f"{name}={shown(value)}" for name, value in conditions.items()]
    return Wanted(" ".join(words) or "any exchange", aim, read(conditions, tick))


# --- the account ---


def failure(text: str, nearest: list[Near], entries: Sequence[Entry]) -> Failure:
    """What is nearest with its difference, then the last exchanges."""
    described = [near.describe() for near in nearest]
    lines = [text]
    if nearest:
        lines.append("the nearest (- expected, + seen):")
    for near, told in zip(nearest, described, strict=True):
        lines.append(line(near.entry))
        for miss in told["missed"]:
            lines += [f"    - {miss['where']}: {miss['expected']}", f"    + {miss['where']}: {miss['got']}"]
    return Failure(account("\n".join(lines), entries), described)


def account(text: str, entries: Sequence[Entry]) -> str:
    """The text, and below it the last exchanges, a line each."""
    head = f"the last {min(len(entries), SHOWN)} of {len(entries)} exchanges:"
    return "\n".join([text, head, *map(line, entries[-SHOWN:])])


def line(entry: Entry) -> str:
    shown = entry.describe()
    why = f"  ({shown['diagnosis'][0]})" if shown["diagnosis"] else ""
    return f"  #{entry.id} {entry.method} {shown['target']} -> {entry.status}  {entry.operation or 'no operation'}{why}"
