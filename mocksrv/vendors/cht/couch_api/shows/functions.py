"""`_show`, `_list` and `_update` of design documents: their JavaScript writes the answer.

CouchDB 3.3 source, chttpd_show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch_api import bodies, changes, offline, views
from mocksrv.vendors.cht.couch_api.lists import all_docs, view_options
from mocksrv.vendors.cht.couch_api.local_documents import guarded
from mocksrv.vendors.cht.couch_api.one_document import DB, allow, opened
from mocksrv.vendors.cht.couch_api.shows import renderer, requests
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.rendering import CouchReply
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

SOURCE = "CouchDB 3.3 source, chttpd_show"
DESIGN = f"/{DB}/_design/{{name}}"
SHOWS = (f"{DESIGN}/_show/{{function}}", f"{DESIGN}/_show/{{function}}/{{id:path}}")
UPDATES = (f"{DESIGN}/_update/{{function}}", f"{DESIGN}/_update/{{function}}/{{id:path}}")
LISTS = (f"{DESIGN}/_list/{{function}}/{{view}}", f"{DESIGN}/_list/{{function}}/{{design}}/{{view}}")
STATUSES = (200, 201, 202, 302)  # those that functions usually give


def entered(world: World, call: Call) -> Database:
    """The database; offline users run functions of databases of their own alone."""
    db = opened(world, call)
    if offline.filtered(call, db):
        raise errors.Firewall
    return db


def tag(*parts: Any) -> str:
    """An ETag of what an answer is made from."""
    return rendering.couch_etag(json_text.dumps(list(parts)))


def subject(db: Database, call: Call) -> tuple[str | None, Mapping[str, Any] | None]:
    """The id in the path, if there is one, and its document, if there is one."""
    id = call.params.get("id") or None
    return id, None if id is None else db.get(id)


def show(world: World, call: Call) -> CouchReply:
    """What a show function makes of a document, or of none."""
    db = entered(world, call)
    design = changes.member(db, call.params["name"], "shows", call.params["function"])
    id, doc = subject(db, call)
    etag = tag(design["_rev"], doc and doc["_rev"], call.header("accept"), list(call.caller.roles))
    if call.header("if-none-match") == etag:
        return CouchReply(b"", 304, [("etag", etag)])
    made = renderer.run(design, "show", ("shows", call.params["function"]),
                        [doc, requests.described(world, call, db, id)], [])
    return requests.answer(made.response, [("vary", "Accept"), ("etag", etag)])


@vendor.operation("GET", *SHOWS, name="couch_show", statuses=STATUSES, produces="*/*", proof="source", source=SOURCE)
def get_show(world: World, call: Call) -> Any:
    """What a show function of a design document makes of a document, or of none."""
    return show(world, call)


@vendor.operation("POST", *SHOWS, name="couch_show_post", statuses=STATUSES, consumes="*/*", produces="*/*",
                  proof="source", source=SOURCE, effect="reads")
def post_show(world: World, call: Call) -> Any:
    """The same for a request with a body, which the function sees."""
    return show(world, call)


def listed(world: World, call: Call, given: view_options.Options) -> CouchReply:
    """What a list function makes of the rows of a view."""
    db = entered(world, call)
    design = changes.member(db, call.params["name"], "lists", call.params["function"])
    call.params.setdefault("design", call.params["name"])
    if call.params["view"] == "_all_docs":
        view_options.check(given, reduces=False)
        parts = all_docs.listing(world, call, db, given)
    else:
        parts = views.Asked(world, call, db).rows(given)
    head = json_text.loads(b"".join(parts))
    rows = head.pop("rows")
    made = renderer.run(design, "list", ("lists", call.params["function"]),
                        [head, requests.described(world, call, db, None)], rows)
    return requests.answer(made.response, [], body=made.body)


@vendor.operation("GET", *LISTS, name="couch_list", statuses=STATUSES, produces="*/*", proof="source", source=SOURCE)
def get_list(world: World, call: Call) -> Any:
    """What a list function of a design document makes of the rows of a view, of the same document or of another."""
    return listed(world, call, view_options.of_query(call.query))


@vendor.operation("POST", *LISTS, name="couch_list_post", statuses=STATUSES, produces="*/*",
                  proof="source", source=SOURCE, effect="reads")
def post_list(world: World, call: Call) -> Any:
    """The same for the rows of `{"keys": [...]}`."""
    bodies.must_be_json(call)
    body = bodies.couch_json(call)
    keys = body.get("keys") if isinstance(body, dict) else None
    wanted = {} if keys is None else {"keys": keys}
    return listed(world, call, view_options.of_body(wanted, call.query, views.WRONG_KEYS))


def update(world: World, call: Call) -> CouchReply:
    """Store the document that an update function makes, and answer with what it says."""
    db = entered(world, call)
    design = changes.member(db, call.params["name"], "updates", call.params["function"])
    id, doc = subject(db, call)
    made = renderer.run(design, "update", ("updates", call.params["function"]),
                        [doc, requests.described(world, call, db, id)], [])
    response = {name: value for name, value in made.response.items() if name != "code"}
    if not isinstance(made.doc, dict):
        return requests.answer(made.response, [])
    new = made.doc if "_id" in made.doc else {**made.doc, "_id": ""}
    allow(call, db, new)
    result = guarded(lambda: db.put(new))
    named = [("x-couch-id", rendering.header_value(result["id"])), ("x-couch-update-newrev", result["rev"])]
    return requests.answer(response, named, 201)


@vendor.operation("POST", *UPDATES, name="couch_update", statuses=STATUSES, consumes="*/*", produces="*/*",
                  proof="source", source=SOURCE, effect="changes")
def post_update(world: World, call: Call) -> Any:
    """Have an update function of a design document make or change a document."""
    return update(world, call)


@vendor.operation("PUT", *UPDATES, name="couch_update_put", statuses=STATUSES, consumes="*/*", produces="*/*",
                  proof="source", source=SOURCE, effect="changes")
def put_update(world: World, call: Call) -> Any:
    """The same; the document is usually named."""
    return update(world, call)
