"""The form that CouchDB requires of documents. CouchDB 3.3 source, couch_doc."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

REV = re.compile(r"[+]?\d+-", re.ASCII)
HASH, HEXADECIMAL = 32, re.compile("[0-9a-fA-F]+")
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
    if "_revisions" in doc:
        check_revisions(doc["_revisions"])


def check_revisions(given: Mapping[str, Any]) -> None:
    """Raises Invalid for a history that is none: the number of its newest revision, and the hashes of all."""
    start, ids = given.get("start"), given.get("ids")
    if not isinstance(start, int) or isinstance(start, bool):
        raise Invalid("doc_validation", "_revisions.start isn't an integer.")
    if not isinstance(ids, list):
        raise Invalid("doc_validation", "_revisions.ids isn't a array.")
    for id in ids:
        if not isinstance(id, str):
            raise Invalid("doc_validation", "RevId isn't a string")
        if len(id) == HASH and not HEXADECIMAL.fullmatch(id):
            raise Invalid("doc_validation", "RevId isn't a valid hexadecimal")
