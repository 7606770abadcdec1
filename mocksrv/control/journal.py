"""A world's journal: what was asked and answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Response, request

from mocksrv.control.aims import problems
from mocksrv.control.base import ControlError, answer, control, payload, world, worlds
from mocksrv.control.describe import TEXT, WHOLE, listed, told
from mocksrv.journal import KEPT, QUERY, Entry
from mocksrv.journal.har import archive

FILTERS = {**dict.fromkeys(QUERY, TEXT), "limit": WHOLE}
PATIENCE = 1.0  # seconds between signs of life in a live stream, and the most that its end takes


def found() -> list[Entry]:
    """The entries that the query asks for."""
    wanted: dict[str, Any] = {key: request.args[key] for key in QUERY if key in request.args}
    try:
        limit = int(request.args.get("limit", KEPT))
        if limit < 0:
            raise ValueError
    except ValueError:
        raise ControlError("not-a-number", 400, "limit takes a whole number") from None
    if unknown := request.args.keys() - FILTERS:
        raise ControlError("unknown-member", 400, f"{unknown.pop()!r} is not known; use {', '.join(FILTERS)}")
    check_aims([wanted])
    return world().journal.find(limit, **wanted)


def check_aims(aims: list[dict[str, Any]]) -> None:
    """Refuse what names something that there is not: it would never be found."""
    seen = {("method", entry.method) for entry in world().journal.find()}
    if found := [text for aim in aims for text in problems(aim, seen).values()]:
        raise ControlError("unknown-name", 400, "; ".join(found))


def aims_of(expected: dict[str, Any]) -> list[dict[str, Any]]:
    """The aims of an expectation, as far as they can be told."""
    steps = expected.get("in_order")
    return [one for one in (steps if isinstance(steps, list) else [expected]) if isinstance(one, dict)]


@control.get("/journal")
@told(listed("Exchange"), query=FILTERS)
def read_journal() -> Response:
    """The last exchanges, secrets redacted; all of them, or those that the query asks for."""
    return answer([entry.describe() for entry in found()])


@control.get("/journal.har")
@told("Archive", query=FILTERS)
def read_archive() -> Response:
    """The same as an HTTP Archive."""
    return answer(archive(found(), request.host_url))


@control.post("/journal/verify")
@told("Verdict", takes="Expectation")
def verify_journal() -> Response:
    """Whether the journal has the expected exchanges; if not, `account` says what it has, and `nearest` what is almost
    as expected.
    """
    journal, expected = world().journal, payload()
    answered = verdict(journal.find(), expected, journal.forgotten)
    check_aims(aims_of(expected))
    return answered


def verdict(entries: list[Entry], expected: dict[str, Any], forgotten: int = 0) -> Response:
    """The answer to whether exchanges are as expected."""
    from mocksrv.journal.matchers import BadExpectation
    from mocksrv.journal.verify import verify

    try:
        failure = verify(entries, expected, forgotten)
    except BadExpectation as error:
        raise ControlError("bad-expectation", 400, str(error)) from None
    return answer({"ok": failure is None, "account": failure and failure.account,
                   "nearest": failure.nearest if failure else []})


@control.get("/journal/stream")
@told(TEXT, kind="text/event-stream")
def follow_journal() -> Response:
    """Exchanges as they come, as server-sent events, until the world is replaced or forgotten, or the server stops."""
    def events() -> Iterator[str]:
        yield ": following\n\n"
        for entries in news:
            if stopping() or all(one is not other for other in known):
                return
            for entry in entries:
                yield f"data: {json.dumps(entry.describe())}\n\n"
            if not entries:
                yield ": nothing new\n\n"

    one, known, stopping = world(), worlds(), request.environ.get("mocksrv.stopping", bool)
    news = one.journal.follow(PATIENCE)  # begins before the client is told so
    return Response(events(), content_type="text/event-stream", headers={"Cache-Control": "no-store"})


@control.delete("/journal")
@told(None, 204)
def clear_journal() -> Response:
    """Forget the exchanges."""
    world().journal.clear()
    return Response(status=204)
