"""The feed of changes: once, waiting for the next (longpoll), or without end (continuous).

CouchDB 3.3 source, chttpd_changes. An answer that waits gives way to other requests meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mocksrv.clock import stopwatch
from mocksrv.operation import Call
from mocksrv.vendors.cht import errors, jsonio, mango, questions, scope, shapes, versions, wire
from mocksrv.vendors.cht.couchdb import DB, SOURCE, opened, sequence
from mocksrv.vendors.cht.documents import Database
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

TIMEOUT, HEARTBEAT = 60.0, 60.0  # seconds
FEEDS = ("normal", "longpoll", "continuous")
Fits = Callable[[str, Mapping[str, Any]], bool]


@dataclass
class Feed:
    """One request for changes."""

    world: World
    db: Database
    call: Call
    since: int
    limit: int | None
    fits: Fits

    @property
    def full(self) -> bool:
        return self.call.arg("include_docs") == "true"

    def found(self) -> list[tuple[int, str]]:
        """Changes that fit, in their order: (sequence, id)."""
        return [(seq, id) for seq, id, history in self.db.changes(self.since) if self.fits(id, history)]

    def row(self, seq: int, id: str) -> bytes:
        ends = self.db.branches(id)
        shown = ends if self.call.arg("style") == "all_docs" else ends[:1]
        data: dict[str, Any] = {"seq": sequence(seq), "id": id, "changes": [{"rev": one.rev} for one in shown]}
        if ends[0].deleted:
            data["deleted"] = True
        if self.full:
            data["doc"] = versions.dressed(self.world, self.db, ends[0], versions.wanted(self.call))
        return jsonio.dumps(data)

    def wait(self) -> Iterator[bytes]:
        """Until something fits or the time is up; a newline now and then if the client wants heartbeats."""
        beat = seconds(self.call, "heartbeat", HEARTBEAT)
        end = None if self.call.arg("heartbeat") else stopwatch() + seconds(self.call, "timeout", TIMEOUT)
        while not self.found():
            pause = beat if end is None else end - stopwatch()
            if pause <= 0:
                return
            if not self.world.changed.wait(pause) and end is None:
                yield b"\n"

    # --- the three kinds ---

    def once(self) -> Iterator[bytes]:
        """All that there is, newest first if `descending`."""
        found = self.found()
        if self.call.arg("descending") == "true":
            found.reverse()
        chosen = found[: self.limit]
        rows = b",\n".join(self.row(*one) for one in chosen)
        pending = len(found) - len(chosen)
        last = chosen[-1][0] if pending and chosen else self.since if pending else self.db.update_seq
        tail = f'\n],\n"last_seq":{jsonio.text(sequence(last))},"pending":{pending}}}\n'
        yield b'{"results":[\n' + rows + tail.encode()

    def longpoll(self) -> Iterator[bytes]:
        yield from self.wait()
        yield from self.once()

    def continuous(self) -> Iterator[bytes]:
        """A row a line, until nothing has happened for the timeout."""
        left = self.limit
        while left is None or left > 0:
            yield from self.wait()
            found = self.found()[:left]
            if not found:
                break
            left = None if left is None else left - len(found)
            self.since = found[-1][0]
            yield b"".join(self.row(*one) + b"\n" for one in found)
        yield jsonio.dumps({"last_seq": sequence(self.since), "pending": 0}) + b"\n"


@vendor.operation("GET", f"/{DB}/_changes", name="couch_changes", response=shapes.CHANGES, query=questions.CHANGES,
                  proof="source", source=SOURCE)
def get_changes(world: World, call: Call) -> Any:
    """Changes in their order: since, limit, feed, include_docs, style, filter, descending, heartbeat, timeout."""
    return answer(world, call, {})


@vendor.operation("POST", f"/{DB}/_changes", name="couch_changes_post", response=shapes.CHANGES,
                  query=questions.CHANGES, body=questions.CHANGES_BODY, proof="source", source=SOURCE)
def post_changes(world: World, call: Call) -> Any:
    """Changes, with `doc_ids` or `selector` for the filter of that name in the body."""
    body = jsonio.loads(call.body) if call.body.strip() else {}
    return answer(world, call, body if isinstance(body, dict) else {})


def answer(world: World, call: Call, body: dict[str, Any]) -> wire.CouchReply:
    db = opened(world, call)
    limit = call.arg("limit")
    if limit is not None and not limit.isdecimal():
        errors.couch(400, "query_parse_error", f"Invalid value for integer: {jsonio.text(limit)}")
    feed = Feed(world, db, call, start(call, db), int(limit) if limit else None, fitting(world, call, db, body))
    kind = call.arg("feed", "normal")
    if kind not in FEEDS:
        errors.couch(400, "bad_request", "Supported `feed` types: normal, continuous, eventsource, longpoll")
    rows = {"normal": feed.once, "longpoll": feed.longpoll, "continuous": feed.continuous}[kind or "normal"]
    return wire.CouchReply(rows())


def start(call: Call, db: Database) -> int:
    """The sequence after which changes count."""
    since = (call.arg("since") or call.header("last-event-id") or "0").strip('"')
    if since == "now":
        return db.update_seq
    number = since.partition("-")[0]
    if not number.isdecimal():
        errors.couch(400, "bad_request", "Malformed sequence supplied in 'since' parameter.")
    return int(number)


def seconds(call: Call, name: str, default: float) -> float:
    """A time of the query, which is in milliseconds."""
    text = call.arg(name) or ""
    return int(text) / 1000 if text.isdecimal() and int(text) else default


def fitting(world: World, call: Call, db: Database, body: dict[str, Any]) -> Fits:
    """Which changes count: those of the filter that the caller may see."""
    wanted = filtered(call, db, body)
    if call.caller.online:
        return wanted
    may = scope.reader(world, call.caller)
    return lambda id, history: wanted(id, history) and may(None if history.get("deleted") else db.peek(id))


def filtered(call: Call, db: Database, body: dict[str, Any]) -> Fits:
    name = call.arg("filter")
    if name is None:
        return lambda id, history: True
    if name == "_doc_ids":
        ids = body.get("doc_ids", jsonio.loads(call.arg("doc_ids") or "null"))
        if not isinstance(ids, list):
            errors.couch(400, "bad_request", "`doc_ids` filter parameter is not a list of doc ids.")
        return lambda id, history: id in ids
    if name == "_design":
        return lambda id, history: id.startswith("_design/")
    if name == "_selector":
        try:
            test = mango.compile_selector(body.get("selector"))
        except mango.BadQuery as error:
            errors.couch(400, error.error, error.reason)
        return lambda id, history: test(history.get("body") if history.get("deleted") else db.peek(id))
    raise errors.CouchError(404, "not_found", "missing", diagnosis="filters of design documents are not run")
