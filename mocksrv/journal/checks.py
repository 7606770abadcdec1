"""Conditions on what was sent: each kind has a reader, which makes of what is expected a check of a request.

A check gives what the request misses, line by line, and nothing where it is as expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from mocksrv.journal import SHA256
from mocksrv.journal.contents import Contents, Unknown, Unreadable
from mocksrv.journal.matchers import NOTHING, BadExpectation, Tick, any_json, canonical, matcher, plain_text, shown
from mocksrv.journal.paths import BadPath, Found, Names, Place, json_path, path_of, xml_path
from mocksrv.journal.redaction import REDACTED, is_secret, redact_value
from mocksrv.journal.schema import BadSchema, json_schema

MOST = 20  # lines of one condition
VALUES = 3  # values that are shown of several
OTHER = 100  # weighs as much as many lines: there is no such body at all
ABSENT = object()

Check = Callable[[Contents], Iterator["Miss"]]


class Miss(NamedTuple):
    """A line of what is missed."""

    where: str
    expected: str
    got: str
    weight: int = 1  # 0: nobody knows whether it is missed


def read(expected: dict[str, Any], tick: Tick) -> list[Check]:
    """The checks of an expectation's conditions. Raises BadExpectation, as the checks do."""
    return [partial(guarded, kind, shown(given), KINDS[kind](kind, given, tick))
            for kind, given in expected.items() if kind in KINDS]


def guarded(kind: str, expected: str, check: Check, contents: Contents) -> Iterator[Miss]:
    """A check, and what there is to say where the request cannot be read like that."""
    try:
        yield from islice(check(contents), MOST)
    except Unreadable as error:
        yield Miss(kind, expected, f"{NOTHING}: {error}", OTHER)
    except Unknown as error:
        yield Miss(kind, expected, f"nobody knows: {error}", 0)
    except RecursionError:
        yield Miss(kind, expected, f"{NOTHING}: its body is nested too deeply", OTHER)


def missed(where: str, names: Names, expected: str, found: Sequence[Place | Found]) -> Miss:
    """A line about what was found instead, where there may be secrets."""
    places = [one.place() if isinstance(one, Found) else one for one in found[:VALUES]]
    values = [REDACTED if hidden(one.names) else shown(one.shown) for one in places]
    got = ", ".join(values) + (f", ... ({len(found)} of them)" if len(found) > VALUES else "")
    secret = hidden(names) or any(hidden(one.names) for one in places)
    return Miss(where, REDACTED if secret else expected, got or NOTHING)


def hidden(names: Names) -> bool:
    return any(isinstance(name, str) and is_secret(name) for name in names)


# --- the kinds ---


def of_fields(kind: str, given: Any, tick: Tick) -> Check:
    """`{"limit": 5, "q": {"matches": "^a"}}`: names and what their values are to be."""
    wanted = {name: matcher(f"{kind}.{name}", value, plain_text, tick) for name, value in by_name(kind, given)}

    def check(contents: Contents) -> Iterator[Miss]:
        found = getattr(contents, kind)
        for name, one in wanted.items():
            values = found.get(name.lower() if kind == "headers" else name, [])
            if not one.fits(values):
                seen = map(redact_value, values) if kind == "headers" else values
                yield missed(f"{kind} {name}", (name,), one.text, [Place((name,), value) for value in seen])

    return check


def of_paths(kind: str, given: Any, tick: Tick) -> Check:
    """`{"$.name": "Asha"}`, `{"//name": "Asha"}`: paths and what is to be there."""
    compile_path, plain = (json_path, any_json) if kind == "json_path" else (xml_path, plain_text)
    wanted = []
    for path, value in by_name(kind, given):
        try:
            wanted.append((path, compile_path(path), matcher(f"{kind}.{path}", value, plain, tick)))
        except BadPath as error:
            raise BadExpectation(f"{kind}: {error}") from None

    def check(contents: Contents) -> Iterator[Miss]:
        for path, find, one in wanted:
            found = []
            for each in find(contents.json if kind == "json_path" else contents.xml):
                tick()
                found.append(each)
            if not one.fits([each.value for each in found]):
                yield missed(f"{kind} {path}", tuple(re.findall(r"[\w-]+", path)), one.text, found)

    return check


def by_name(kind: str, given: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(given, dict) or not given:
        raise BadExpectation(f"{kind} takes an object: what is expected, by {'path' if 'path' in kind else 'name'}")
    return given.items()


def of_json(kind: str, given: Any, _tick: Tick) -> Check:
    """A part of the JSON: objects may have more members than these, lists no more elements."""
    def check(contents: Contents) -> Iterator[Miss]:
        for names, expected, got in differences(given, contents.json):
            yield missed(f"{kind} {path_of(names)}", names, expected, [] if got is ABSENT else [Place(names, got)])

    return check


def differences(wanted: Any, got: Any, names: Names = ()) -> Iterator[tuple[Names, str, Any]]:
    """Where JSON differs: the names that lead there, what is expected, and what is there, or ABSENT."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for name, value in wanted.items():
            if name in got:
                yield from differences(value, got[name], (*names, name))
            else:
                yield (*names, name), shown(value), ABSENT
    elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for number, (value, other) in enumerate(zip(wanted, got, strict=True)):
            yield from differences(value, other, (*names, number))
    elif canonical(wanted) != canonical(got):
        yield names, shown(wanted), got


def of_schema(kind: str, given: Any, tick: Tick) -> Check:
    """A JSON Schema that the JSON is to fit."""
    try:
        find = json_schema(given, tick)
    except BadSchema as error:
        raise BadExpectation(f"{kind}: {error}") from None

    def check(contents: Contents) -> Iterator[Miss]:
        try:
            for names, rule, got in find(contents.json):
                yield missed(f"{kind} {path_of(names)}", names, rule, [Place(names, got)])
        except BadSchema as error:
            raise BadExpectation(f"{kind}: {error}") from None
        except ArithmeticError:
            raise Unreadable("a number in it is too large for this schema") from None

    return check


def of_body(kind: str, given: Any, tick: Tick) -> Check:
    """The body as a text."""
    wanted = matcher(kind, given, plain_text, tick)

    def check(contents: Contents) -> Iterator[Miss]:
        if not wanted.fits([contents.text]):
            yield missed(kind, (), wanted.text, [Place((), contents.text)])

    return check


def of_sha256(kind: str, given: Any, _tick: Tick) -> Check:
    """The SHA-256 of the body, which is known of cut bodies too."""
    if not isinstance(given, str) or not re.fullmatch(SHA256, given, re.ASCII):
        raise BadExpectation(f"{kind} takes 64 hexadecimal digits")

    def check(contents: Contents) -> Iterator[Miss]:
        if contents.sha256 != given.lower():
            yield Miss(kind, given.lower(), contents.sha256)

    return check


KINDS: dict[str, Callable[[str, Any, Tick], Check]] = {
    "query": of_fields, "headers": of_fields, "form": of_fields, "json": of_json, "json_path": of_paths,
    "json_schema": of_schema, "xml_path": of_paths, "body": of_body, "body_sha256": of_sha256,
}
