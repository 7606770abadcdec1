"""CHT: what a run made is found in the databases' change feeds, since one request may make many documents.

A document that changed after the start is the run's own when the ledger has its id or a text in it has the run's tag;
and a new one when it names what the run made, or is named there. So the contact of a new place, the `-info` document
of a new report and the login token of a new user go with them.
"""

from __future__ import annotations

import base64
import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mocksrv.live.rails import NotAllowed
from mocksrv.live.sandbox import (
    CHANGES,
    FOREIGN,
    LASTS,
    MAKES,
    READ_METHODS,
    READS,
    SHARES,
    Sandbox,
    Touch,
    body_of,
    texts_of,
)

if TYPE_CHECKING:
    from mocksrv.live.forward import Answer
    from mocksrv.live.ledger import Ledger
    from mocksrv.operation import Call

DATABASES = ("medic", "medic-sentinel", "medic-users-meta", "medic-logs", "_users")
USER = "org.couchdb.user:"
ROUNDS = 5  # transitions may write while we delete

ASKS = {  # they write nothing, whatever their method
    "couch_all_docs_post", "couch_view_post", "couch_changes_post", "couch_find", "couch_revs_diff",
    "couch_missing_revs", "couch_bulk_get", "couch_full_commit", "couch_explain", "get_replication_deletes",
    "post_export", "validate_form", "post_hydrate", "post_contacts_by_phone", "session_post", "session_delete", "login",
    "token_login",
}
MAKE = {"create_people", "create_places", "create_users", "create_user_of_places", "create_users_from_csv",
        "post_record_1", "post_record_2"}
MESSAGES = {"post_gateway", "post_gateway_slash", "post_africas_talking_message", "post_rapidpro_message",
            "post_rapidpro_message_1"}
ATTACHMENTS = {"couch_put_attachment", "couch_delete_attachment"}
SETTINGS = "settings"
PROTECTED = (SETTINGS, "resources", "branding", "partners", "privacy-policies", "service-worker-meta")


class CHT(Sandbox):
    vendor = "cht"
    hosts = ("*.dev.medicmobile.org", "*.local-ip.medicmobile.org")
    variables = ("CHT_URL", "CHT_USER", "CHT_PASSWORD")

    def begin(self) -> dict[str, Any]:
        """Where the change feeds stand now, by the server's clock. Raises NotAllowed when the account may not see."""
        since = {name: (self.get(f"/{name}/") or {}).get("update_seq") for name in DATABASES}
        if since["medic"] is None or since["_users"] is None:
            raise NotAllowed("the account must be a server admin's: what a run made is found in the change feeds")
        # A server admin without documents gets them at the first login.
        user = self.account["CHT_USER"]
        traces = [f"{USER}{user}", f"connected-user-{user}"]
        absent = [id for id in traces if not any(self.exists(db, [id]) for db in ("medic", "_users", "medic-logs"))]
        date = self.send("GET", "/api/info").header("date")
        return {"since": since, "absent": absent, "started": parsedate_to_datetime(date).timestamp() * 1000}

    def version(self) -> str:
        monitoring = self.get("/api/v2/monitoring") or {}
        return str(monitoring.get("version", {}).get("app", "")).partition("-")[0]

    # --- what a request does ---------------------------------------------------------------------------------------

    def touch(self, call: Call, ledger: Ledger) -> Touch:
        name, params = call.operation.name if call.operation else "", call.params
        if call.method in READ_METHODS or name in ASKS:
            return READS
        if name in MAKE:
            return MAKES
        if name in MESSAGES:
            return LASTS  # messages to people may go out, and the documents name nothing of the run
        if name == "put_settings" or (name == "couch_put_document" and params == {"db": "medic", "id": SETTINGS}):
            return SHARES
        if name == "update_places":
            return self.change(ledger, "medic", [params["id"]])
        if name in ("update_user", "delete_user"):
            return self.change(ledger, "_users", [USER + params["username"]])
        if name in ("couch_delete_document", *ATTACHMENTS) and not params.get("id", "_").startswith("_"):
            return self.change(ledger, params["db"], [params["id"]])
        if name == "bulk_delete":
            body = body_of(call)
            return self.change(ledger, "medic", own_ids(body.get("docs") if isinstance(body, dict) else None))
        if name in ("couch_put_document", "couch_post_document", "couch_bulk_docs"):
            body = body_of(call)
            documents = body.get("docs") if name == "couch_bulk_docs" and isinstance(body, dict) else [body]
            ids = [params["id"]] if "id" in params else own_ids(documents)
            if any(id.startswith("_") for id in ids) or params["db"] not in DATABASES:
                return LASTS
            return self.change(ledger, params["db"], ids)
        return CHANGES if call.operation is None else LASTS

    def change(self, ledger: Ledger, db: str, ids: list[str]) -> Touch:
        """Foreign when one of the documents exists and is not of this run; else whatever comes of it is the run's."""
        return FOREIGN if self.exists(db, [id for id in ids if id not in ledger.made]) else MAKES

    def exists(self, db: str, ids: list[str]) -> bool:
        """Whether the database has one of the documents."""
        rows = (self.post(f"/{db}/_all_docs", {"keys": ids}) or {}).get("rows", []) if ids else []
        return any("id" in row and not row.get("value", {}).get("deleted") for row in rows)

    def made(self, call: Call, answer: Answer) -> list[str]:
        return ids_of(answer.json()) if answer.status < 300 else []

    # --- undoing ---------------------------------------------------------------------------------------------------

    def save(self, call: Call) -> tuple[str, Any]:
        return SETTINGS, self.get(f"/medic/{SETTINGS}")

    def clean(self, ledger: Ledger) -> list[str]:
        left = self.restore(ledger)
        names, own = set(), {*ledger.made, *ledger.head["absent"]}
        for _ in range(ROUNDS):
            found = {name: self.own_documents(name, ledger.head, own) for name in ledger.head["since"]}
            names |= {doc["name"] for doc in found["_users"] if "name" in doc}
            if not any(found.values()):
                break
            for name, documents in found.items():
                self.delete(name, documents)
        else:
            left += [f"{name}/{doc['_id']}" for name, documents in found.items() for doc in documents]
        for name in self.get("/_all_dbs") or []:
            if any(name == f"medic-user-{user}-meta" for user in names):
                self.send("DELETE", f"/{name}")
        return left

    def restore(self, ledger: Ledger) -> list[str]:
        saved = ledger.saved(SETTINGS)
        if saved is None:
            return []
        current = self.get(f"/medic/{SETTINGS}") or {}
        if without_revision(current) == without_revision(saved):
            return []
        answer = self.send("PUT", f"/medic/{SETTINGS}", without_revision(saved) | {"_rev": current.get("_rev")})
        return [] if answer.status < 300 else [f"medic/{SETTINGS}: PUT of the old ones answered {answer.status}"]

    def own_documents(self, db: str, head: dict[str, Any], own: set[str]) -> list[dict[str, Any]]:
        """The run's documents that still exist, the last first; their ids are added to `own`."""
        since = head["since"][db]
        if since is None:
            return []
        feed = self.get(f"/{db}/_changes?include_docs=true&since={quote(str(since), safe='')}") or {}
        alive = [row["doc"] for row in feed.get("results", []) if not row.get("deleted") and row.get("doc")]
        found: dict[str, dict[str, Any]] = {}
        named: set[str] = set()  # what the run's documents name
        grew = True
        while grew:  # a document may be known by another that comes later
            grew = False
            for doc in alive:
                if doc["_id"] not in found and is_own(doc, own, named, head):
                    found[doc["_id"]] = doc
                    own.add(doc["_id"])
                    named.update(texts_of(doc))
                    grew = True
        return [doc for doc in reversed(alive) if doc["_id"] in found]

    def delete(self, db: str, documents: list[dict[str, Any]]) -> None:
        if documents:
            tombstones = [{"_id": doc["_id"], "_rev": doc["_rev"], "_deleted": True} for doc in documents]
            self.post(f"/{db}/_bulk_docs", {"docs": tombstones})

    # --- calls -----------------------------------------------------------------------------------------------------

    def send(self, method: str, target: str, data: Any = None) -> Answer:
        login = f"{self.account['CHT_USER']}:{self.account['CHT_PASSWORD']}".encode()
        headers = [("Authorization", f"Basic {base64.b64encode(login).decode()}"), ("Accept", "application/json"),
                   ("Content-Type", "application/json")]
        return self.forward.send(method, target, headers, b"" if data is None else json.dumps(data).encode())

    def get(self, target: str) -> Any:
        answer = self.send("GET", target)
        return answer.json() if answer.status == 200 else None

    def post(self, target: str, data: Any) -> Any:
        return self.send("POST", target, data).json()


def ids_of(data: Any) -> list[str]:
    """The ids in an answer, at any depth."""
    if isinstance(data, dict):
        own = [data[key] for key in ("id", "_id") if isinstance(data.get(key), str)]
        return own + [id for value in data.values() for id in ids_of(value)]
    return [id for value in data for id in ids_of(value)] if isinstance(data, list) else []


def own_ids(documents: Any) -> list[str]:
    """The ids of the documents of a request, whatever else its list holds."""
    rows = documents if isinstance(documents, list) else []
    return [doc["_id"] for doc in rows if isinstance(doc, dict) and isinstance(doc.get("_id"), str)]


def is_own(doc: dict[str, Any], own: set[str], named: set[str], head: dict[str, Any]) -> bool:
    """Whether a document that changed after the start is the run's. `own` are ids; `named` what its documents name."""
    id, texts = doc["_id"], list(texts_of(doc))
    if id in PROTECTED or id.startswith("_design/"):
        return False
    if id in own or id.removesuffix("-info") in own or any(head["run"] in text for text in texts):
        return True
    # What the run's documents name may have been there before.
    reported = doc.get("reported_date")
    young = doc["_rev"].startswith("1-") or (isinstance(reported, int) and reported >= head["started"])
    return young and (id in named or any(text in own for text in texts))


def without_revision(doc: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in doc.items() if key != "_rev"}
