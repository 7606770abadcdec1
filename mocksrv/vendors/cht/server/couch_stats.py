"""CouchDB's statistics of itself, as monitoring reads them: those of a world's own traffic.

CouchDB 3.3 source, couch_stats, chttpd_node, and the descriptions in its `stats_descriptions.cfg`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.access import entrance
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch_api.databases import NODE
from mocksrv.vendors.cht.described import response_schemas
from mocksrv.vendors.cht.node import http_traffic
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

METHODS = ("COPY", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT")
STATUSES = (200, 201, 202, 204, 206, 301, 304, 400, 401, 403, 404, 405, 406, 409, 412, 413, 414, 415, 416, 417, 500,
            501, 503)


@vendor.operation("GET", "/_node/{node}/_stats", "/_node/{node}/_stats/{path:path}", name="couch_stats", firewall=True,
                  response=response_schemas.ANYTHING, proof="source", source="CouchDB 3.3, chttpd_node, couch_stats")
def stats(world: World, call: Call) -> Any:
    """Counters of requests by method and status, or one part of them; for admins. Of the real one's the HTTP part."""
    entrance.require_admin(call)
    here(call)
    found: Any = {"couchdb": counters(world)}
    for name in call.params.get("path", "").split("/") if call.params.get("path") else ():
        found = found.get(name) if isinstance(found, dict) else None
    if found is None:
        errors.couch(404, "not_found", "missing")
    return rendering.CouchReply(found)


@vendor.operation("GET", "/_node/{node}", name="couch_node_name", firewall=True, response=response_schemas.ANYTHING,
                  proof="source", source="CouchDB 3.3, chttpd_node")
def node_name(world: World, call: Call) -> Any:
    """The name of the node; for admins."""
    entrance.require_admin(call)
    return rendering.CouchReply({"name": here(call)})


def here(call: Call) -> str:
    """The name of the one node that there is; refuses others."""
    if call.params["node"] not in ("_local", NODE):
        errors.couch(404, "not_found", f"no such node: {call.params['node']}")
    return NODE


def counters(world: World) -> dict[str, Any]:
    methods: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for (method, _, status), (times, _, _) in http_traffic.series(world).items():
        count = sum(times.counts)
        methods[method] += count
        statuses[status] += count
    return {
        "httpd": {"requests": counter(methods.total(), "number of HTTP requests")},
        "httpd_request_methods": {name: counter(methods[name], f"number of HTTP {name} requests") for name in METHODS},
        "httpd_status_codes": {str(code): counter(statuses[str(code)], f"number of HTTP {code} responses")
                               for code in STATUSES},
        "open_databases": counter(len(documents.names(world)), "number of open databases"),
    }


def counter(value: int, meaning: str) -> dict[str, Any]:
    return {"value": value, "type": "counter", "desc": meaning}
