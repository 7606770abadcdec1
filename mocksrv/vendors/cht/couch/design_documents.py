"""The form that CouchDB requires of design documents.

CouchDB 3.3 source, couch_mrview (validate), couch_query_servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht.couch import query_server
from mocksrv.vendors.cht.couch.document_shape import Invalid
from mocksrv.vendors.cht.couch.query_server import NO_FUNCTION, Functions

JAVASCRIPT = "javascript"
BUILT_IN = ("_approx_count_distinct", "_count", "_stats", "_sum")  # reduce functions
# The types of members of design documents; each of `views` is an object with a `map`.
TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "filters": (dict, "object"), "language": (str, "string"), "lists": (dict, "object"), "options": (dict, "object"),
    "rewrites": ((str, list), "string or array"), "shows": (dict, "object"), "updates": (dict, "object"),
    "validate_doc_update": (str, "string"), "views": (dict, "object")}


def refusal(doc: Mapping[str, Any]) -> Invalid | None:
    """Why CouchDB refuses a design document, or None."""
    if problem := shape_problem(doc):
        return Invalid("invalid_design_doc", problem)
    if doc.get("language", JAVASCRIPT) != JAVASCRIPT:
        return None
    query_server.begin()
    for name, view in doc.get("views", {}).items():
        for kind in ("map", "reduce") if name != "lib" else ():
            source = view.get(kind)
            if kind == "reduce" and isinstance(source, str) and source[:1] == "_":
                if source not in BUILT_IN:
                    return Invalid("invalid_design_doc", f"`{source}` is not a supported reduce function.")
            elif isinstance(source, str) and not Functions({"it": source}).is_function("it"):
                return Invalid("compilation_error", f"Compilation of the {kind} function in the '{name}' view failed: "
                                                    f"{NO_FUNCTION.format(source)}")
    return None


def shape_problem(doc: Mapping[str, Any]) -> str | None:
    """Why the fields of a design document are not those of one, or None."""
    for name, (kind, told) in TYPES.items():
        if name in doc and not isinstance(doc[name], kind):
            return f"`{name}` field must have {told} type"
    for name, view in doc.get("views", {}).items():
        if not isinstance(view, dict):
            return f"`{name}` field must have object type"
        if name != "lib" and doc.get("language", JAVASCRIPT) == JAVASCRIPT:
            if not isinstance(view.get("map", ""), str):
                return "`map` field must have string type"
            if not isinstance(view.get("reduce", ""), str):
                return "`reduce` field must have string type"
    return None
