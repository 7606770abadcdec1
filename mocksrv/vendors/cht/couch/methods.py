"""What CouchDB says to a method that a path does not have. CouchDB 3.3 source, chttpd, send_method_not_allowed."""

from __future__ import annotations

import re

# The first that fits: a path below the server's root, and the methods in CouchDB's own order.
ALLOWED = tuple((re.compile(path), methods) for path, methods in (
    (r"/_(all_dbs|active_tasks)", "GET,HEAD"),
    (r"/[^/]+/?", "DELETE,GET,HEAD,POST"),
    (r"/[^/]+/_(bulk_docs|bulk_get|find|explain|revs_diff|missing_revs|ensure_full_commit)", "POST"),
    (r"/[^/]+/_(purge|compact|view_cleanup)", "POST"),
    (r"/[^/]+/_(all_docs|changes|local_docs|design_docs)", "GET,HEAD,POST"),
    (r"/[^/]+/_design/[^/]+/_view/[^/]+", "GET,POST,HEAD"),
    (r"/[^/]+/_index", "GET,POST"),
    (r"/[^/]+/_(security|revs_limit)", "PUT,GET"),
    (r"/[^/]+/(_design/|_local/)?[^/]+", "DELETE,GET,HEAD,POST,PUT,COPY"),
    (r"/[^/]+/.+", "GET,HEAD,DELETE,PUT"),
))


def allowed(path: str) -> str:
    """The methods of a path of CouchDB's, as its refusal lists them."""
    return next((methods for pattern, methods in ALLOWED if pattern.fullmatch(path)), "GET,HEAD")
