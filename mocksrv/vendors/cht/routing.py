"""How the API passes a request on to CouchDB, by its path as sent and its method.

There are three ways: the plain proxy, which puts `WWW-Authenticate: Cookie` on answers; that of edits, which asks for
`can_edit` first; that of change feeds. Some paths are open to offline users, or to everybody. CHT 4.15 source,
api/src/routing.js; recorded from 4.15.0. Express takes any letter case and CouchDB's own paths any number of slashes.
"""

from __future__ import annotations

import re

from mocksrv.vendors.cht.call import Call

EDITING = ("PUT", "POST", "DELETE")


def path_pattern(*ends: str) -> re.Pattern[str]:
    return re.compile(f"/+medic/+(?:{'|'.join(ends)})", re.IGNORECASE)


UNDER_MEDIC = path_pattern(".*")
ONLINE_ONLY = path_pattern("_design/.*/_(?:list|show|view)/.*", "_design/medic-admin/_rewrite.*",
                           "_(?:find|explain|index|ensure_full_commit|security|purge)(?:/.*)?")
# Open to all, whatever the method: CouchDB decides.
UNCHECKED = path_pattern("_local/.*", "_revs_diff", "_missing_revs")
UNEDITED = path_pattern("_local/.*", "_revs_diff", "_missing_revs", "_design/.*/_(?:list|show|view)/.*", "_find",
                        "_explain")
CHANGES = path_pattern("_changes(?:/.*)?")
LISTS = path_pattern("_(?:all_docs|bulk_get)(?:/.*)?")
RESERVED = "(?!_(?:all_docs|bulk_docs|bulk_get|changes|design|local)/)"  # words that are not ids of documents
DOCUMENT = f"{RESERVED.replace('/)', '/*$)')}[^/]+/*"
FILTERED = {"GET": path_pattern("_(?:changes|all_docs)(?:/.*)?", "_design/+[^/]+.*", DOCUMENT),
            "POST": path_pattern("_(?:changes|all_docs|bulk_get|bulk_docs)(?:/.*)?"),
            "PUT": path_pattern(DOCUMENT), "DELETE": path_pattern(DOCUMENT)}
ATTACHMENT = path_pattern(f"{RESERVED}[^/]+/+[^/]+.*")
NEW_DOCUMENT = re.compile("/+medic/?", re.IGNORECASE)
META = re.compile("/medic-user-.*-meta/(.*)", re.IGNORECASE)
REWRITE = re.compile("/medic/_design/medic/_rewrite/.*", re.IGNORECASE)
GREETING = ("/", "/dbinfo")


def sent_path(call: Call) -> str:
    """The path as it was sent, without the world's prefix."""
    return call.target.partition("?")[0].removeprefix(call.prefix) or "/"


def is_proxied(call: Call) -> bool:
    """Whether CouchDB answers the request: what no operation of the API's own takes."""
    operation = call.operation
    return operation is None or (operation.name.startswith(("couch_", "session_", "db_info", "root"))
                                 and (call.path == "/api/" or not call.path.startswith("/api/")))


def is_feed(call: Call) -> bool:
    path = sent_path(call)
    if call.method in ("GET", "HEAD", "POST") and CHANGES.fullmatch(path):
        return True
    own = META.fullmatch(path)
    return call.method in ("GET", "HEAD") and own is not None and own[1].lower() == "_changes"


def edits(call: Call) -> bool:
    """Whether the request takes the way that requires `can_edit`."""
    path = sent_path(call)
    return (call.method in EDITING and UNDER_MEDIC.fullmatch(path) is not None and not UNEDITED.fullmatch(path)
            and not is_feed(call) and not (call.method == "POST" and LISTS.fullmatch(path)))


def is_plain(call: Call) -> bool:
    """Whether CouchDB's answer comes by the plain proxy."""
    return not edits(call) and not is_feed(call)


def is_unchecked(call: Call) -> bool:
    """Whether callers who are not signed in get CouchDB's own answer."""
    path = sent_path(call)
    if path in GREETING:
        return call.method in ("GET", "HEAD")
    return (path.lower() == "/_session" or UNCHECKED.fullmatch(path) is not None
            or (META.fullmatch(path) is not None and not is_feed(call)))


def is_unaudited(call: Call) -> bool:
    """Whether an offline user's request goes on to CouchDB without a check of the documents concerned."""
    path = sent_path(call)
    return any(pattern.fullmatch(path) for pattern in (UNCHECKED, META, REWRITE)) or is_unchecked(call)


def is_other_session(call: Call) -> bool:
    """Whether a session is asked for by a path that CouchDB alone takes for that one, such as `/_session/`."""
    return call.operation is not None and call.operation.name.startswith("session_") and not is_unchecked(call)


def makes_own_database(call: Call) -> bool:
    """Whether a user is creating the user's own database."""
    own = META.fullmatch(sent_path(call))
    return call.method == "PUT" and own is not None and own[1] == ""


def is_open_to_offline(call: Call) -> bool:
    """Whether an offline user gets past the firewall, to CouchDB or to the API's substitute for it."""
    path, method = sent_path(call), "GET" if call.method == "HEAD" else call.method
    if ONLINE_ONLY.fullmatch(path):
        return False
    if is_unaudited(call):
        return True
    if method == "POST" and NEW_DOCUMENT.fullmatch(path):
        return True
    pattern = FILTERED.get(method)
    return ATTACHMENT.fullmatch(path) is not None or (pattern is not None and pattern.fullmatch(path) is not None)
