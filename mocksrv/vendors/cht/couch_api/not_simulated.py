"""Routes of CouchDB 3.3 that are not simulated: requests get a 501 that says so.

CouchDB 3.3 source, chttpd_httpd_handlers, chttpd_node, mem3_httpd, couch_replicator_httpd.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch_api.one_document import DB
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

NAMED = f"/{DB}/_design/{{name}}"
# name -> methods, paths
LEFT_OUT: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "db_updates": (("GET",), ("/_db_updates",)),
    "scheduler": (("GET",), ("/_scheduler/{what:path}",)),
    "node": (("GET",), ("/_node/{node}/{what:path}",)),
    "node_config": (("PUT", "DELETE"), ("/_node/{node}/_config/{section}/{key}",)),
    "node_restart": (("POST",), ("/_node/{node}/_restart",)),
    "reshard": (("GET", "POST", "PUT", "DELETE"), ("/_reshard", "/_reshard/{what:path}")),
    "cluster_setup": (("GET", "POST"), ("/_cluster_setup",)),
    "search_analyze": (("POST",), ("/_search_analyze",)),
    "search": (("GET", "POST"), (f"{NAMED}/_search/{{index}}", f"{NAMED}/_search_info/{{index}}")),
    "partition": (("GET", "POST"), (f"/{DB}/_partition/{{what:path}}",)),
    "auto_purge": (("GET", "PUT"), (f"/{DB}/_auto_purge",)),
}


def left_out(world: World, call: Call) -> Any:
    """Part of the real CouchDB only."""
    raise NotImplementedError("answered with 501 before it gets here")


for _name, (_methods, _paths) in LEFT_OUT.items():
    for _method in _methods:
        vendor.operation(_method, *_paths, name=f"couch_{_name}" + (f"_{_method.lower()}" if len(_methods) > 1 else ""),
                         simulated=False, source="CouchDB 3.3, chttpd", proof="source")(left_out)
