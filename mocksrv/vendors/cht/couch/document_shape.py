"""What CouchDB takes as a document. CouchDB 3.3 source, couch_doc."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

REV = re.compile(r"[+]?\d+-", re.ASCII)
# The members that CouchDB keeps for itself, and of which kind those must be that it acts on.
SPECIAL: dict[str, type] = {"_id": str, "_deleted": bool, "_attachments": dict, "_revisions": dict,
                            "_revs_info": list, "_conflicts": list, "_deleted_conflicts": list, "_local_seq": object}


class Invalid(Exception):
    """What CouchDB does not take as a document: its error and reason."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error
        self.reason = reason


def check(doc: Mapping[str, Any]) -> None:
    """Raises Invalid for an id or a member that CouchDB keeps for itself."""
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
