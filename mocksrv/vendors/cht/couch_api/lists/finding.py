"""Which view a request names: one of the server's, whose rows functions here make, or one of a client's own design
document, whose JavaScript is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.problems import NotSimulated, OwnRefusal
from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import query_server
from mocksrv.vendors.cht.couch.design_documents import JAVASCRIPT
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.view_index import Name, Reduce, Rows, View
from mocksrv.vendors.cht.couch_api.lists import reducing
from mocksrv.vendors.cht.ddocs import sources
from mocksrv.vendors.cht.ddocs.views import VIEWS
from mocksrv.world import World


def named(world: World, call: Call, db: Database) -> tuple[Name, View]:
    """The view that the path names, and under what its rows are kept; refuses with CouchDB's distinction between a
    missing document and a missing view.
    """
    design, name = call.params["design"], call.params["view"]
    doc = db.peek(f"_design/{design}")
    if doc is None:
        raise errors.CouchError(404, "not_found", "deleted" if db.history(f"_design/{design}") is not None
                                else "missing")
    there = doc.get("views")
    if not isinstance(there, dict) or not isinstance(there.get(name), dict) or "map" not in there[name]:
        raise errors.CouchError(404, "not_found", "missing_named_view", diagnosis=(
            f"_design/{design} has {', '.join(there) if isinstance(there, dict) and there else 'no views'}"))
    if (view := bundled(db, design, name, there[name])) is not None:
        later = name in sources.COUNTED_LATER and releases.VIEWS.holds(call)
        return (db.name, design, name), view._replace(reduce="_count") if later else view
    view, signature = of_ones_own(doc, name)
    forget_others(world, db, design, signature)
    return (db.name, f"{design}@{signature}", name), view


def bundled(db: Database, design: str, name: str, there: Any) -> View | None:
    """The server's own view, unless somebody has written other JavaScript over it."""
    known = VIEWS.get((db.name, design), {}).get(name)
    if known is None or not isinstance(there, dict) or there.get("map") != sources.MAPS[design][name]:
        return None
    return known


def of_ones_own(doc: Mapping[str, Any], name: str) -> tuple[View, str]:
    """The view of a client's own design document, and the signature of its functions."""
    functions, reduce = functions_of(doc), doc["views"][name].get("reduce")

    def of_script(rows: Rows, start: int, end: int) -> Any:
        return functions.reduce(name, *reducing.pairs(rows, start, end))

    how: Reduce | None = reduce if reduce in reducing.REDUCES else of_script if reduce else None
    return View(functions.map(name), how), functions.signature


def functions_of(doc: Mapping[str, Any]) -> query_server.Functions:
    """The functions of a design document, which this request begins to call."""
    language = doc.get("language", JAVASCRIPT)
    if language != JAVASCRIPT:
        raise OwnRefusal(NotSimulated(f"the language {language} of {doc['_id']}"))
    query_server.begin()
    return query_server.Functions(doc)


def forget_others(world: World, db: Database, design: str, signature: str) -> None:
    """Drop the rows that a design document had before it was changed."""
    head, kept = f"{design}@", f"{design}@{signature}"
    for key in [key for key in list(world.derived) if key[0] == db.name and key[1].startswith(head) and key[1] != kept]:
        del world.derived[key]
