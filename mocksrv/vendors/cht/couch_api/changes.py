"""The feed of changes: once, waiting for the next (longpoll), or without end (continuous).

CouchDB 3.3 source, chttpd_changes. Other requests are answered while one waits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from mocksrv.clock import stopwatch
from mocksrv.vendors.cht import errors, rendering, routing
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import query_server, versions
from mocksrv.vendors.cht.couch.documents import Database, database
from mocksrv.vendors.cht.couch.stored_documents import Document, sequence
from mocksrv.vendors.cht.couch_api import bodies, offline
from mocksrv.vendors.cht.couch_api.find import options, selectors
from mocksrv.vendors.cht.couch_api.lists import finding
from mocksrv.vendors.cht.couch_api.lists.all_docs import ended
from mocksrv.vendors.cht.couch_api.local_documents import guarded
from mocksrv.vendors.cht.couch_api.one_document import DB, SOURCE, json_body, opened
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

TIMEOUT, HEARTBEAT = 60.0, 60.0  # seconds
KINDS = ("application/json", "text/event-stream")
PACKED = re.compile(r"g[\w-]+")
PAGE = 500  # changes that are made at once; other requests of the world are answered in between
LONGEST = 15  # digits of a number in the query
Fits = Callable[[str, Mapping[str, Any]], bool]


@dataclass
class Feed:
    """One request for changes."""

    world: World
    db: Database
    call: Call
    since: int
    limit: int | None
    fits: Fits | None
    """Which changes count; None if all do."""

    @property
    def full(self) -> bool:
        return self.call.arg("include_docs") == "true"

    def found(self, limit: int | None = None) -> list[tuple[int, str]]:
        """Changes that fit, in their order: (sequence, id)."""
        fits = self.fits
        query_server.begin()  # a feed may last as long as it likes
        if fits is None:
            return self.db.updates(self.since, limit)
        fitting = ((seq, id) for seq, id, history in self.db.changes(self.since) if fits(id, history))
        return list(islice(fitting, limit))

    def row(self, seq: int, id: str, place: int = 0) -> dict[str, Any]:
        """A change; `place` is how many come before it."""
        ends = self.db.branches(id)
        shown = ends if self.call.arg("style") == "all_docs" else ends[:1]
        data: dict[str, Any] = {
            "seq": None if (place + 1) % interval(self.call) else sequence(seq), "id": id,
            "changes": [{"rev": one.rev} for one in shown]}
        if ends[0].deleted:
            data["deleted"] = True
        if self.full:
            data["doc"] = versions.dressed(self.world, self.db, ends[0], versions.wanted(self.call))
        return data

    def wait(self) -> Iterator[bytes]:
        """Wait until a change matches or the time is up; yields newlines if the client wants heartbeats."""
        beat = seconds(self.call, "heartbeat", HEARTBEAT)
        end = None if self.call.arg("heartbeat") else stopwatch() + seconds(self.call, "timeout", TIMEOUT)
        while not self.found(1):
            pause = beat if end is None else end - stopwatch()
            if pause <= 0:
                return
            if not self.world.changed.wait(pause) and end is None:
                yield b"\n"

    # --- the three kinds ---

    def once(self) -> Iterator[bytes]:
        """All matching changes, newest first if `descending`; a page at a time, all as they are now."""
        down = self.call.arg("descending") == "true"
        found = self.found(None if down or self.fits else self.limit)
        chosen = (found[::-1] if down else found)[: self.limit]
        pending = (len(found) if self.fits else self.db.updated(self.since)) - len(chosen)
        last = chosen[-1][0] if pending and chosen else self.since if pending else self.db.update_seq
        tail = f'\n],\n"last_seq":{json_text.text(sequence(last))},"pending":{pending}}}\n'
        kept, before = self if len(chosen) <= PAGE else self.kept(), b'{"results":[\n'
        for begin in range(0, max(len(chosen), 1), PAGE):
            rows = [json_text.dumps(kept.row(*one, place))
                    for place, one in enumerate(chosen[begin : begin + PAGE], begin)]
            yield before + b",\r\n".join(rows) + (tail.encode() if begin + PAGE >= len(chosen) else b"")
            before = b",\r\n"

    def kept(self) -> Feed:
        """The same feed of the documents as they are now, whatever is written while it is sent."""
        world = self.world.fork(self.world.name)
        return replace(self, world=world, db=database(world, self.db.name))

    def longpoll(self) -> Iterator[bytes]:
        yield from self.wait()
        yield from self.once()

    def continuous(self) -> Iterator[bytes]:
        """A row a line, until nothing has happened for the timeout."""
        yield from self.rows_as(lambda row: json_text.dumps(row) + b"\n", b"\n")
        yield json_text.dumps({"last_seq": sequence(self.since), "pending": 0}) + b"\n"

    def events(self) -> Iterator[bytes]:
        """Server-sent events, until nothing has happened for the timeout.

        CouchDB then ends the answer twice, at which the API's own proxy of feeds adds an error. Recorded from 4.15.0.
        """
        ended = yield from self.rows_as(
            lambda row: b"data: %s\nid: %s\n\n" % (json_text.dumps(row), json_text.dumps(row["seq"])),
            b"event: heartbeat\ndata: \n\n")
        if not ended and routing.is_feed(self.call):
            yield b'\n{"code":500,"error":"Server error"}'

    def rows_as(self, show: Callable[[dict[str, Any]], bytes], beat: bytes) -> Generator[bytes, None, bool]:
        """All rows and those to come, with heartbeats in between; returns whether the limit was reached."""
        left = self.limit
        while left is None or left > 0:
            yield from (beat for _ in self.wait())
            found = self.found(left)
            if not found:
                return False
            left = None if left is None else left - len(found)
            self.since = found[-1][0]
            yield b"".join(show(self.row(*one)) for one in found)
        return True


@vendor.operation("GET", f"/{DB}/_changes", f"/{DB}/_changes/{{rest:path}}", name="couch_changes",
                  produces=KINDS,
                  query=request_schemas.CHANGES, response=response_schemas.CHANGES, proof="source", source=SOURCE)
def get_changes(world: World, call: Call) -> Any:
    """Changes in their order: since, limit, feed, include_docs, style, filter, descending, heartbeat, timeout."""
    return answer(world, call, {})


@vendor.operation("POST", f"/{DB}/_changes", f"/{DB}/_changes/{{rest:path}}", name="couch_changes_post",
                  produces=KINDS, query=request_schemas.CHANGES, body=request_schemas.CHANGES_BODY,
                  response=response_schemas.CHANGES, proof="source",
                  source=SOURCE, effect="reads")
def post_changes(world: World, call: Call) -> Any:
    """Changes, with `doc_ids` or `selector` for the filter of that name in the body."""
    if offline.filtered(call, opened(world, call)):
        offline.parsed(call)
        return answer(world, call, {})
    bodies.must_be_json(call)
    return answer(world, call, json_body(call) if call.body else {})


def answer(world: World, call: Call, body: dict[str, Any]) -> Any:
    db = opened(world, call)
    if offline.filtered(call, db):
        return offline.changes(world, call, db, sequence)
    limit = call.arg("limit")
    feed = Feed(world, db, call, start(call, db), whole(limit) if limit is not None else None,
                fitting(call, db, body))
    kind = call.arg("feed", "normal")
    seconds(call, "heartbeat", HEARTBEAT)  # anything but a number is refused, even if nothing waits
    if feed.fits is not None:
        feed.found(1)  # a function that fails is told before anything is sent
    reply = rendering.CouchReply(None)
    if kind == "normal":
        reply.headers = [("etag", rendering.couch_etag(f"{db.name} {db.update_seq}".encode()))]
        reply.body = ended(feed.once())
    elif kind == "longpoll":
        reply.body = ended(feed.longpoll())
    elif kind in ("continuous", "live"):
        reply.body = ended(feed.continuous())
    elif kind == "eventsource":
        reply.body, reply.content_type = ended(feed.events()), "text/event-stream"
    else:
        errors.couch(400, "bad_request",
                     "Supported `feed` types: normal, continuous, live, longpoll, eventsource")
    return reply


def whole(text: str) -> int:
    """A number of the query; CouchDB fails at anything else."""
    if not text.isdecimal() or len(text) > LONGEST:
        errors.unknown("badarg", diagnosis=f"{text!r} is not a whole number")
    return int(text)


def interval(call: Call) -> int:
    """The interval of changes that show their sequence (`seq_interval`)."""
    text = call.arg("seq_interval") or ""
    return max(1, int(text)) if text.isdecimal() and len(text) <= LONGEST else 1


def start(call: Call, db: Database) -> int:
    """The sequence after which changes count."""
    since = (call.arg("since") or call.arg("last-event-id") or call.header("last-event-id") or "0").strip('"')
    if since == "now":
        return db.update_seq
    number, _, opaque = since.partition("-")
    # Only 0 may stand alone; any other sequence counts by its packed part.
    if not number.isdecimal() or len(number) > LONGEST or (since != "0" and not PACKED.fullmatch(opaque)):
        errors.couch(400, "bad_request", "Malformed sequence supplied in 'since' parameter.")
    return int(number)


def seconds(call: Call, name: str, default: float) -> float:
    """A time of the query, which is in milliseconds."""
    text = call.arg(name) or ""
    if name == "heartbeat" and text not in ("", "true"):
        if not text.removeprefix("-").isdecimal():
            errors.couch(400, "bad_request",
                         "Invalid heartbeat value. Expecting a positive integer value (in milliseconds).")
        if int(text[:LONGEST]) <= 0:
            errors.couch(400, "bad_request", "The heartbeat value should be a positive integer (in milliseconds).")
    return int(text) / 1000 if text.isdecimal() and len(text) <= LONGEST and int(text) else default


def fitting(call: Call, db: Database, body: dict[str, Any]) -> Fits | None:
    name = call.arg("filter")
    if name is None:
        return None
    if name == "_doc_ids":
        try:
            ids = body.get("doc_ids", json_text.loads(call.arg("doc_ids") or "null"))
        except ValueError:
            errors.couch(400, "bad_request", "invalid UTF-8 JSON")
        if not isinstance(ids, list):
            errors.couch(400, "bad_request", "`doc_ids` filter parameter is not a list of doc ids.")
        return lambda id, history: id in ids
    if name == "_design":
        return lambda id, history: id.startswith("_design/")
    if name == "_selector":
        try:
            if "selector" not in body:
                errors.couch(400, "bad_request", "Selector must be specified in POST payload")
            test = selectors.compile_selector(options.selector(body["selector"]))
        except selectors.BadQuery as error:
            errors.couch(400, "bad_request", error.reason)
        return lambda id, history: test(history.get("body") if history.get("deleted") else db.peek(id))
    if name == "_view":
        return of_view(db, call.arg("view"))
    design, slash, function = name.partition("/")
    if not slash:
        errors.couch(400, "bad_request", "filter parameter must be of the form `designname/filtername`")
    return of_function(call, db, design, function)


def of_function(call: Call, db: Database, design: str, name: str) -> Fits:
    """A filter: the function of that name in a design document, which gets the document and the request."""
    functions = finding.functions_of(member(db, design, "filters", name))
    request = {"method": call.method, "path": [db.name, "_changes"], "query": dict(call.query),
               "userCtx": {"db": db.name, "name": call.caller.name, "roles": list(call.caller.roles)}}
    return lambda id, history: functions.passes(name, changed(db, id, history), request)


def member(db: Database, design: str, kind: str, name: str) -> Document:
    """The design document, which must have a function of that kind and name."""
    doc: Document = guarded(lambda: db.load(f"_design/{design}"))
    there = doc.get(kind)
    if not isinstance(there, dict) or name not in there:
        errors.couch(404, "not_found", f"missing json key: {name if isinstance(there, dict) else kind}")
    return doc


def changed(db: Database, id: str, history: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document of a change, which may be a tombstone."""
    return (history.get("body") if history.get("deleted") else db.peek(id)) or {}


def of_view(db: Database, name: str | None) -> Fits:
    """A filter: the documents that have rows in a view."""
    if name is None:
        errors.couch(400, "bad_request", "`view` filter parameter is not provided.")
    design, _, view = name.partition("/")
    doc = member(db, design, "views", view)
    found = finding.bundled(db, design, view, doc["views"][view]) or finding.of_ones_own(doc, view)[0]
    return lambda id, history: bool(found.rows(db, id, changed(db, id, history)))
