"""CouchDB as a whole: its databases, tasks, nodes and ids. CouchDB 3.3 source, chttpd_misc."""

from __future__ import annotations

import hashlib
from typing import Any

from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.access import auth, entrance
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch.stored_documents import sequence
from mocksrv.vendors.cht.couch_api import replicating
from mocksrv.vendors.cht.couch_api.databases import NODE, described, shard_ranges, started
from mocksrv.vendors.cht.couch_api.lists import view_options
from mocksrv.vendors.cht.couch_api.lists.local_docs import inside
from mocksrv.vendors.cht.couch_api.one_document import SOURCE, json_body, refusals
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

FAUXTON = """<!doctype html>
<html><head><title>Project Fauxton</title></head>
<body><p>Fauxton is not simulated. <a href="{control}">mocksrv's own page</a> shows all documents.</p></body></html>
"""
MOST_IDS, MOST_DATABASES = 1000, 100  # in one request


@vendor.operation("GET", "/_all_dbs", name="couch_all_databases", response=response_schemas.NAMES, proof="source",
                  source=SOURCE)
def all_databases(world: World, call: Call) -> Any:
    """The names of all databases: startkey, endkey, inclusive_end, descending, skip, limit; for admins."""
    entrance.require_admin(call)
    asked = view_options.of_query(call.query)
    chosen = [name for name in documents.names(world) if inside(name, asked)][:: -1 if asked.get("descending") else 1]
    skip = asked.get("skip", 0)
    body = json_text.dumps(chosen[skip:][: asked.get("limit", len(chosen))])
    return rendering.CouchReply(body + b"\n", chunked=True, headers=[("etag", rendering.couch_etag(body))])


@vendor.operation("GET", "/_dbs_info", name="couch_databases_info", response=response_schemas.DATABASES, proof="source",
                  source=SOURCE)
def databases_info(world: World, call: Call) -> Any:
    """Information about each database; for admins."""
    entrance.require_admin(call)
    return told(world, documents.names(world))


@vendor.operation("POST", "/_dbs_info", name="couch_databases_info_post", response=response_schemas.DATABASES,
                  proof="source",
                  source=SOURCE)
def databases_info_post(world: World, call: Call) -> Any:
    """The same of some databases: `{"keys": [...]}`; for admins."""
    entrance.require_admin(call)
    keys = json_body(call).get("keys")
    if keys is None:
        errors.couch(400, "bad_request", "`keys` member must exist.")
    if not isinstance(keys, list):
        errors.couch(400, "bad_request", "`keys` member must be an array.")
    if len(keys) > MOST_DATABASES:
        errors.couch(400, "bad_request", f"`keys` must be at most {MOST_DATABASES} in length.")
    return told(world, keys)


def told(world: World, keys: list[Any]) -> rendering.CouchReply:
    there = set(documents.names(world))
    rows = [{"key": key, "info": described(documents.database(world, key))}
            if isinstance(key, str) and key in there else {"key": key, "error": "not_found"} for key in keys]
    return rendering.CouchReply(json_text.dumps(rows) + b"\n", chunked=True)


@vendor.operation("GET", "/_active_tasks", name="couch_active_tasks", response=response_schemas.TASKS, proof="source",
                  source=SOURCE)
def active_tasks(world: World, call: Call) -> Any:
    """The running tasks: always none."""
    entrance.require_admin(call)
    return rendering.CouchReply([])


@vendor.operation("GET", "/_membership", name="couch_membership", response=response_schemas.NODES, firewall=True,
                  proof="source", source=SOURCE)
def membership(world: World, call: Call) -> Any:
    """The nodes of the cluster; for admins."""
    entrance.require_admin(call)
    return rendering.CouchReply({"all_nodes": [NODE], "cluster_nodes": [NODE]})


@vendor.operation("GET", "/_node/{node}/_dbs/{name}", name="couch_shard_map", response=response_schemas.SHARD_MAP,
                  firewall=True, proof="source", source="CouchDB 3.3, chttpd_node, fabric_db_create (make_document)")
def shard_map(world: World, call: Call) -> Any:
    """Which node has which shards of a database, as the cluster keeps it in a document of its own; for admins."""
    entrance.require_admin(call)
    node, name = call.params["node"], call.params["name"]
    if node not in ("_local", NODE):
        errors.couch(404, "not_found", f"no such node: {node}")
    if name not in documents.names(world):
        errors.couch(404, "not_found", "missing")
    ranges = shard_ranges()
    body = {"shard_suffix": list(f".{started(documents.database(world, name))}".encode()),
            "changelog": [["add", one, NODE] for one in ranges], "by_node": {NODE: ranges},
            "by_range": {one: [NODE] for one in ranges}, "props": {}}
    rev = "1-" + hashlib.md5(json_text.dumps([name, body]), usedforsecurity=False).hexdigest()
    return rendering.CouchReply({"_id": name, "_rev": rev, **body})


@vendor.operation("GET", "/_up", name="couch_up", response=response_schemas.UP, firewall=True, proof="source",
                  source=SOURCE)
def up(world: World, call: Call) -> Any:
    """Whether CouchDB is up."""
    return rendering.CouchReply({"status": "ok", "seeds": {}})


@vendor.operation("GET", "/_uuids", name="couch_ids", response=response_schemas.IDS, firewall=True, proof="source",
                  source=SOURCE)
def new_ids(world: World, call: Call) -> Any:
    """As many new ids as `count` says."""
    count = call.arg("count", "1") or "1"
    if not count.isdecimal() or len(count) > len(str(MOST_IDS)) or int(count) > MOST_IDS:
        errors.couch(400, "bad_request", f"count parameter too large, maximum is {MOST_IDS}")
    return rendering.CouchReply({"uuids": [documents.new_id(world) for _ in range(int(count))]})


@vendor.operation("POST", "/_replicate", name="couch_replicate", body=request_schemas.REPLICATION,
                  response=response_schemas.REPLICATION, statuses=(200, 202), proof="source", source=SOURCE)
def replicate(world: World, call: Call) -> Any:
    """Copy a database into another of this world: `source`, `target`, create_target, doc_ids, selector.

    Both are names or addresses of this server; `continuous` copies once.
    """
    auth.signed_in(call)
    job = json_body(call)
    if job.get("cancel") is True:
        errors.couch(404, "not_found", "Replication not found", diagnosis="a replication ends as soon as it began")
    answer = replicating.run(world, call, job, lambda db: refusals(call, db), sequence)
    if job.get("continuous") is True:
        return rendering.CouchReply({"ok": True, "_local_id": replicating.id_of(job)}, 202)
    return rendering.CouchReply(answer)


@vendor.operation("GET", "/_utils", name="couch_tools_redirect", statuses=(301,), firewall=True, proof="source",
                  source=SOURCE)
def tools_redirect(world: World, call: Call) -> Any:
    """To /_utils/."""
    return rendering.CouchReply(b"", 301, [("location", f"{call.base_url}/_utils/")])


@vendor.operation("GET", "/_utils/", name="couch_tools", firewall=True, produces="text/html", proof="source",
                  source=SOURCE)
def tools(world: World, call: Call) -> Any:
    """A page in the place of Fauxton, CouchDB's web application, which is not simulated."""
    return rendering.CouchReply(FAUXTON.format(control=f"{world.prefix}/_mocksrv/").encode(), content_type="text/html")
