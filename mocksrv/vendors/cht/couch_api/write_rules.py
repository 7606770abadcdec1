"""The `validate_doc_update` rules of the design documents of `medic`, by who writes.

CHT 4.15 source, ddocs/medic-db/medic/validate_doc_update.js and medic-client/validate_doc_update.js.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht.access.auth import Caller
from mocksrv.vendors.cht.couch import query_server
from mocksrv.vendors.cht.couch.design_documents import JAVASCRIPT
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.ddocs.write_rule_sources import MORE
from mocksrv.vendors.cht.node import javascript

ADMIN_IDS = frozenset(("resources", "service-worker-meta", "zscore-charts", "settings", "branding", "partners",
                       "privacy-policies", "extension-libs"))
ADMIN_TYPES = ("form", "translations", "token_login")
LATER_IDS, LATER_TYPES = frozenset(("migration-log",)), ("ui-extension",)
USER_SETTINGS = "user-settings"

# The rules of the server's own design documents are functions here.
BUILT_IN = frozenset(str(parts["validate_doc_update"]) for parts in MORE.values() if "validate_doc_update" in parts)

PURGED = "Purged documents should not be written to CouchDB!"
ADMINS_ONLY = "You are not authorized to edit admin only docs"
NO_NEW_ACCOUNT = "You are not authorized to create user-settings"
NO_NEW_ROLES = "You are not authorized to edit roles"


def problem(doc: Mapping[str, Any], old: Mapping[str, Any] | None, caller: Caller,
            later: bool = False) -> str | None:
    """Why the caller may not write the document over an old one, or None; admins may write anything but purged
    documents.

    `later`: by the rules of a release with releases.ADMIN_ONLY.
    """
    if javascript.truthy(doc.get("purged")):
        return PURGED
    if caller.admin:
        return None
    if admins_only(doc, later) or (old is not None and admins_only(old, later)):
        return ADMINS_ONLY
    if doc.get("type") == USER_SETTINGS:
        if old is None:
            return NO_NEW_ACCOUNT
        if doc.get("roles") != old.get("roles"):
            return NO_NEW_ROLES
    return None


def objection(db: Database, doc: Mapping[str, Any], caller: Caller) -> str | None:
    """Why a client's own design document does not let the caller write the document, or None."""
    for design in db.designs():
        text = design.get("validate_doc_update")
        if not isinstance(text, str) or text in BUILT_IN or design.get("language", JAVASCRIPT) != JAVASCRIPT:
            continue
        query_server.begin()
        user = {"db": db.name, **caller.context()}
        if reason := query_server.Functions(design).objection(doc, db.peek(doc["_id"]), user, db.security() or {}):
            return reason
    return None


def meta_problem(doc: Mapping[str, Any]) -> str | None:
    """The same for the database of a user's own. CHT 4.15 source, api/src/services/user-db.js."""
    return PURGED if javascript.truthy(doc.get("_deleted")) and javascript.truthy(doc.get("purged")) else None


def admins_only(doc: Mapping[str, Any], later: bool) -> bool:
    id = str(doc.get("_id"))
    if later and (id in LATER_IDS or doc.get("type") in LATER_TYPES):
        return True
    return id.startswith("_design/") or id in ADMIN_IDS or doc.get("type") in ADMIN_TYPES
