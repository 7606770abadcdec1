"""The form that CouchDB requires of documents. CouchDB 3.3 source, couch_doc."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Comments and strings of JavaScript, in which brackets are ignored.
QUOTED = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""", re.DOTALL)
PAIRS = {")": "(", "]": "[", "}": "{"}
REV = re.compile(r"[+]?\d+-", re.ASCII)
# The members that CouchDB reserves, with the types of those that it acts on.
SPECIAL: dict[str, type] = {"_id": str, "_deleted": bool, "_attachments": dict, "_revisions": dict,
                            "_revs_info": list, "_conflicts": list, "_deleted_conflicts": list, "_local_seq": object,
                            "_replication_id": object, "_replication_state": object,
                            "_replication_state_time": object, "_replication_state_reason": object,
                            "_replication_stats": object}


class Invalid(Exception):
    """CouchDB refuses the document; error and reason are its."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error
        self.reason = reason


# The types of members of design documents; each of `views` is an object with a `map`.
DESIGN: dict[str, tuple[type | tuple[type, ...], str]] = {
    "filters": (dict, "object"), "language": (str, "string"), "lists": (dict, "object"), "options": (dict, "object"),
    "rewrites": ((str, list), "string or array"), "shows": (dict, "object"), "updates": (dict, "object"),
    "validate_doc_update": (str, "string"), "views": (dict, "object")}


def design_refusal(doc: Mapping[str, Any]) -> Invalid | None:
    """Why CouchDB refuses a design document, or None. CouchDB 3.3 source, couch_mrview (validate)."""
    if problem := design_problem(doc):
        return Invalid("invalid_design_doc", problem)
    if doc.get("language", "javascript") == "javascript":
        for name, view in doc.get("views", {}).items():
            if isinstance(source := view.get("map"), str) and is_broken(source):
                return Invalid("compilation_error", f"Compilation of the map function in the '{name}' view failed: "
                                                    f"Expression does not eval to a function. ({source})")
    return None


def design_problem(doc: Mapping[str, Any]) -> str | None:
    """Why the fields of a design document are not those of one, or None."""
    for name, (kind, told) in DESIGN.items():
        if name in doc and not isinstance(doc[name], kind):
            return f"`{name}` field must have {told} type"
    for name, view in doc.get("views", {}).items():
        if not isinstance(view, dict):
            return f"`{name}` field must have object type"
        if name != "lib" and doc.get("language", "javascript") == "javascript":
            if not isinstance(view.get("map", ""), str):
                return "`map` field must have string type"
            if not isinstance(view.get("reduce", ""), str):
                return "`reduce` field must have string type"
    return None


def is_broken(source: str) -> bool:
    """Whether JavaScript certainly is not a function: no function occurs in it, or its brackets do not match. It is not
    parsed further than that, and not even so far where a `/` may begin a regular expression.
    """
    plain = QUOTED.sub("", source)
    if "function" not in plain and "=>" not in plain:
        return True
    if "/" in plain or "`" in plain:
        return False
    open_ones: list[str] = []
    for sign in plain:
        if sign in PAIRS.values():
            open_ones.append(sign)
        elif sign in PAIRS and (not open_ones or open_ones.pop() != PAIRS[sign]):
            return True
    return bool(open_ones)


def check(doc: Mapping[str, Any]) -> None:
    """Raises Invalid for an id or a member that CouchDB reserves."""
    id = doc.get("_id", "-")
    if not isinstance(id, str):
        raise Invalid("illegal_docid", "Document id must be a string")
    if not id:
        raise Invalid("illegal_docid", "Document id must not be empty")
    if id.startswith("_") and not id.startswith(("_design/", "_local/")):
        raise Invalid("illegal_docid", "Only reserved document ids may start with underscore.")
    if not isinstance(doc.get("_rev", "1-"), str) or not REV.match(doc.get("_rev", "1-")):
        raise Invalid("bad_request", "Invalid rev format")
    for key, value in doc.items():
        if key.startswith("_") and key != "_rev" and not isinstance(value, SPECIAL.get(key, ())):
            raise Invalid("doc_validation", f"Bad special document member: {key}")
