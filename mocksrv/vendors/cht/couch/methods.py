"""The allowed methods of CouchDB's paths, in the order of its refusals.

CouchDB 3.3 source, chttpd_misc, chttpd_node, chttpd_db, chttpd_view, mango_httpd; the orders are recorded.
"""

from __future__ import annotations

import re

DOCUMENT = "DELETE,GET,HEAD,POST,PUT,COPY"
# The first that fits: a path below the server's root, and the methods in CouchDB's own order.
ALLOWED = tuple((re.compile(path), methods) for path, methods in (
    (r"/|/_(all_dbs|active_tasks|up|utils/.*|membership)|/favicon\.ico", "GET,HEAD"),
    (r"/_(uuids|db_updates)|/_node/.*", "GET"),
    (r"/_session", "GET,HEAD,POST,DELETE"),
    (r"/_dbs_info", "GET,HEAD,POST"),
    (r"/_replicate", "POST"),
    (r"/[^/]+/?", "DELETE,GET,HEAD,POST"),
    (r"/[^/]+/_(bulk_docs|bulk_get|find|explain|revs_diff|missing_revs|ensure_full_commit)", "POST"),
    (r"/[^/]+/_(purge|compact|view_cleanup)(/.*)?", "POST"),
    (r"/[^/]+/_(all_docs|local_docs|design_docs)/queries", "POST"),
    (r"/[^/]+/_(all_docs|local_docs|design_docs)", "GET,HEAD,POST"),
    (r"/[^/]+/_changes", "GET,POST,HEAD"),
    (r"/[^/]+/_design/[^/]+/_view/.+", "GET,POST,HEAD"),
    (r"/[^/]+/_design/[^/]+/_info", "GET"),
    (r"/[^/]+/_index", "GET,POST"),
    (r"/[^/]+/_shards", "GET"),
    (r"/[^/]+/_(security|revs_limit)", "PUT,GET"),
    (r"/[^/]+/(_design/|_local/)?[^/]+", DOCUMENT),
    (r"/[^/]+/.+", "DELETE,GET,HEAD,PUT"),
))


def allowed(path: str) -> str:
    """The allowed methods of a path of CouchDB's, as its refusal lists them."""
    return next((methods for pattern, methods in ALLOWED if pattern.fullmatch(path)), "GET,HEAD")
