"""The tables of CouchDB's databases, and what else a server keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.store import Index, TableSpec, on
from mocksrv.vendors.cht.couch import attachments

# The databases of an installation, each with tables of its own; `OTHER` holds those that are made later
# (such as medic-user-<name>-meta), under "<database>/<id>".
DATABASES = ("_users", "medic", "medic-logs", "medic-sentinel", "medic-users-meta", "medic-vault")
SERVER = "cht.server"  # state of the server: the secret of its sessions, the last id it made
EMPTY = ("_global_changes", "_replicator", "medic-audit", "medic-purged-cache")
OTHER = "other"
LOCAL = "cht.local"  # local documents, under "<database>/<id>"
PAST = "cht.past"  # documents at superseded revisions, under "<database>/<id>/<revision>"
# name -> {"seq", "since"?, "dropped"?}: databases that were made later, and those of whose updates some are forgotten
REGISTER = "cht.databases"
BY_ID = {"by_id": on("_id", ordered=True)}


def history_keys(history: dict[str, Any]) -> dict[str, list[Any]]:
    """The keys of what is kept of a document's revisions."""
    db, others = history["db"], () if history.get("deleted") else history.get("others", ())
    return {"by_seq": [(db, history["seq"])],
            "in_conflict": [db] if any(not one.get("deleted") for one in others) else []}


SEQUENCE = {
    "by_seq": Index(ordered=True),
    "in_conflict": Index(),  # documents in conflict, by database
}


def specs(indexes: Mapping[str, Mapping[str, Index]], at_once: Mapping[str, Any]) -> tuple[TableSpec, ...]:
    """The tables of all databases; `indexes` are what the design documents of each add to its own. `at_once` has for
    some databases a function that gives a document's keys in all of them, `by_id` too."""
    return (
        TableSpec(SERVER),
        TableSpec(REGISTER),
        TableSpec(attachments.TABLE),
        TableSpec(LOCAL),
        TableSpec(PAST),
        *(TableSpec(f"cht.{name}", BY_ID | dict(indexes.get(name, {})), at_once.get(name)) for name in DATABASES),
        TableSpec(f"cht.{OTHER}", BY_ID),
        *(TableSpec(f"cht.{name}.revs", SEQUENCE, history_keys) for name in (*DATABASES, OTHER)),
    )
