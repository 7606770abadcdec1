"""CouchDB's own way to the full-text indexes of later releases: `_nouveau`, of which tools such as cht-conf make use.

Of Lucene's query language there is what CHT and its tools send: `exact_match:"field:value"` and `word*`, of the index
of replication `field:value` and `field:(value OR "value")`, joined by OR or by AND, and `*:*`. CouchDB 3.5
documentation, api/ddoc/nouveau.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from marshmallow import Schema, fields

from mocksrv.problems import NotSimulated, OwnRefusal
from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch_api.one_document import DB, json_body
from mocksrv.vendors.cht.couch_api.views import entered
from mocksrv.vendors.cht.ddocs import full_text, replication_keys
from mocksrv.vendors.cht.described import response_schemas
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PATH = f"/{DB}/_design/{{design}}/_nouveau/{{index}}"
SOURCE = "CouchDB 3.5 documentation, api/ddoc/nouveau"
LIMIT, MOST = 25, 100_000  # as many as CHT's own tests ask for (tests/integration/api/controllers/users.spec.js)
INDEXES = {index.name: index for index in (full_text.CONTACTS, full_text.REPORTS, full_text.REPLICATED)}
JOIN = re.compile(r"(?<=\s)(OR|AND)(?=\s)")
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|(?:[^\s"()\\]|\\.)+|[()]')  # a phrase, a word with or without its field
ESCAPED = re.compile(r"\\(.)")
EXACT, WORD, ALL = re.compile(r'exact_match:"((?:[^"\\]|\\.)*)"'), re.compile(r"([^\s:*\"()]+)\*"), "*:*"
SORTS = ("sort_order", "reported_date")  # the sort field of the indexes


class Query(Schema):
    q = fields.String(required=True)
    limit = fields.Integer(load_default=LIMIT)
    bookmark = fields.String()
    include_docs = fields.Boolean(load_default=False)
    sort = fields.Raw(metadata={"description": "reported_date or sort_order; a minus sign in front turns it round"})


HITS = response_schemas.record({
    "total_hits": response_schemas.NUMBER, "total_hits_relation": response_schemas.TEXT,
    "update_latency": response_schemas.NUMBER, "ranges": response_schemas.ANYTHING, "counts": response_schemas.ANYTHING,
    "bookmark": response_schemas.TEXT, "hits": response_schemas.array(response_schemas.ANYTHING)})
COMMON: dict[str, Any] = {"since": "5.0", "response": HITS, "statuses": (200,), "proof": "docs", "source": SOURCE}


@vendor.operation("GET", PATH, name="couch_nouveau", query=Query, **COMMON)
def get_nouveau(world: World, call: Call) -> Any:
    """Documents that a query finds in a full-text index."""
    return found(world, call, {name: call.arg(name) for name in Query().fields if call.arg(name) is not None})


@vendor.operation("POST", PATH, name="couch_nouveau_post", body=Query, effect="reads", **COMMON)
def post_nouveau(world: World, call: Call) -> Any:
    """The same, with the query in a body."""
    return found(world, call, json_body(call))


def found(world: World, call: Call, asked: dict[str, Any]) -> Any:
    db = entered(world, call)
    index = index_of(call, db)
    text, limit, sort = asked.get("q"), int(asked.get("limit", LIMIT)), asked.get("sort")
    if not isinstance(text, str) or not text:
        errors.couch(400, "bad_request", "q parameter is missing")
    if not 0 < limit <= MOST:
        errors.couch(400, "query_parse_error", f"The limit must be between 1 and {MOST}")
    hits = sorted(matching(world, index, text), reverse=reversed_by(sort))
    after = asked.get("bookmark")
    if after:
        last = full_text.position(after)
        hits = [one for one in hits if (one < last if reversed_by(sort) else one > last)]
    chosen, with_docs = hits[:limit], asked.get("include_docs") in (True, "true")
    bookmark = full_text.bookmark(chosen[-1]) if chosen else after or ""
    return rendering.CouchReply({
        "total_hits": len(hits), "total_hits_relation": "EQUAL_TO", "update_latency": 1, "ranges": None, "counts": None,
        "bookmark": bookmark,
        "hits": [{"order": [order], "id": id, "fields": stored(db, index, id)}
                 | ({"doc": db.load(id)} if with_docs else {}) for order, id in chosen]})


def stored(db: Database, index: full_text.FullText, id: str) -> dict[str, Any]:
    """The fields of a hit: the index of replication stores its own, several values of one as a list."""
    if index is not full_text.REPLICATED:
        return {}
    found = {name: [javascript.text(one) for one in values]
             for name, values in replication_keys.indexed(db.load(id)).items()}
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def index_of(call: Call, db: Database) -> full_text.FullText:
    """The index that the path names."""
    if db.name != "medic" or call.params["design"] != "medic":
        errors.couch(404, "not_found", "missing" if f"_design/{call.params['design']}" not in db else "missing_index")
    index = INDEXES.get(call.params["index"])
    if index is None:
        errors.couch(404, "not_found", "missing_index", diagnosis=f"there are {', '.join(INDEXES)}")
    return index


def reversed_by(sort: Any) -> bool:
    """Whether the order of the index is reversed; other orders are not simulated."""
    one = sort[0] if isinstance(sort, list) and sort else sort
    if one is None:
        return False
    name = str(one).strip('"').partition("<")[0]
    if name.lstrip("-") not in SORTS:
        raise OwnRefusal(NotSimulated(f"the order by {one}"))
    return name.startswith("-")


def matching(world: World, index: full_text.FullText, query: str) -> set[tuple[Any, str]]:
    """(order, id) of the documents that a query finds."""
    if index is full_text.REPLICATED:
        return replicated(world, query)
    parts = [part.strip() for part in JOIN.split(query)]
    result = of_term(world, index, parts[0])
    for joined, term in zip(parts[1::2], parts[2::2], strict=True):
        more = of_term(world, index, term)
        result = result | more if joined == "OR" else result & more
    return result


def of_term(world: World, index: full_text.FullText, term: str) -> set[tuple[Any, str]]:
    if term == ALL:
        return set(full_text.search(world, index, ""))
    if exact := EXACT.fullmatch(term):
        return set(full_text.search(world, index, exact[1])) if ":" in exact[1] else set()
    if word := WORD.fullmatch(term):
        return set(full_text.search(world, index, word[1].lower()))
    raise unknown(term)


# --- the index of replication --------------------------------------------------------------------------------


def replicated(world: World, query: str) -> set[tuple[Any, str]]:
    """What `field:value` or `field:(value OR value)` finds in the index of replication, one or several joined."""
    tokens = deque(TOKEN.findall(query))
    if TOKEN.sub("", query).strip():
        raise unknown(query)
    result, joined = set[tuple[Any, str]](), "OR"
    while tokens:
        more = of_field(world, query, tokens)
        result = result | more if joined == "OR" else result & more
        joined = tokens.popleft() if tokens else "OR"
        if joined not in ("OR", "AND"):
            raise unknown(query)
    return result


def of_field(world: World, query: str, tokens: deque[str]) -> set[tuple[Any, str]]:
    """(order, id) of the documents that have one of the values in a field; takes its words from the query's."""
    first = tokens.popleft()
    if first == ALL:
        return set(full_text.search(world, full_text.REPLICATED, ""))
    name, _, given = first.partition(":")
    words = [given] if given else words_of(tokens)
    values = [ESCAPED.sub(r"\1", word[1:-1] if word.startswith('"') else word) for word in words[::2]]
    if name not in replication_keys.SEARCHED or not all(values) or any(word != "OR" for word in words[1::2]):
        raise unknown(query)
    return {one for value in values for one in full_text.holding(world, full_text.REPLICATED, f"{name}:{value}")}


def words_of(tokens: deque[str]) -> list[str]:
    """A phrase, or the words between parentheses."""
    words = [tokens.popleft() if tokens else ""]
    if words != ["("]:
        return words
    words = []
    while tokens and (word := tokens.popleft()) != ")":
        words.append(word)
    return words


def unknown(query: str) -> OwnRefusal:
    return OwnRefusal(NotSimulated(f"the query {query!r} of a full-text index"))
