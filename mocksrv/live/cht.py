"""CHT: one request may make many documents, so what a run made is found in the databases' change feeds.

The ledger has `database/id`. A document that changed after the start is the run's own when it is there or a text in it
has the run's tag; and a new one when it names what the run made, or is named there. So the contact of a new place, the
`-info` document of a new report and the login token of a new user go with them.
"""

from __future__ import annotations

import base64
import hashlib
import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mocksrv.live.cht_documents import (
    REPLICATE,
    SETTINGS,
    USERS,
    ids_given,
    ids_of,
    is_own,
    own_ids,
    target_of,
    without_revision,
    written,
)
from mocksrv.live.failed_logins import FailedLogins
from mocksrv.live.forward import Unreachable
from mocksrv.live.guardrails import NotAllowed
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
    patiently,
    texts_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocksrv.call import Call
    from mocksrv.live.forward import Answer, Forward
    from mocksrv.live.ledger import Ledger

DATABASES = ("medic", "medic-sentinel", "medic-users-meta", "medic-logs", "_users")
USER = "org.couchdb.user:"
ROUNDS = 5  # transitions may write while we delete
NO_ADMIN = "the account must be a server admin's: what a run made is found in the change feeds"

WRITES = {"couch_put_document", "couch_post_document", "couch_bulk_docs"}
ATTACHMENTS = {"couch_put_attachment", "couch_delete_attachment"}


class CHT(Sandbox):
    vendor = "cht"
    hosts = ("*.dev.medicmobile.org", "*.local-ip.medicmobile.org")
    variables = {"CHT_URL": "base_url", "CHT_USER": "username", "CHT_PASSWORD": "password"}
    traces = True
    settles = 0.5  # the API learns of its settings from a feed

    def __init__(self, forward: Forward, account: Mapping[str, str]) -> None:
        super().__init__(forward, account)
        self.failed_logins = FailedLogins(10, 10.5)  # ten within ten seconds, and half a one to be sure

    def login_keys(self, call: Call) -> list[str]:
        """The address is this machine's, or the one that the request names; whatever was asked for counts."""
        body = body_of(call) if call.method == "POST" else None
        named = [body.get("user"), body.get("password")] if isinstance(body, dict) else []
        tried = call.header("authorization").partition(" ")
        if tried[0].lower() == "basic":
            try:
                named += base64.b64decode(tried[2]).decode("utf-8", "replace").split(":", 1)
            except ValueError:
                pass
        address = call.header("x-forwarded-for").partition(",")[0].strip()
        return [f"address {address}", *(one for one in named if isinstance(one, str) and one)]

    def begin(self) -> dict[str, Any]:
        """The current sequences of the change feeds, and the server's time. Raises NotAllowed if the account may not
        read them.
        """
        since = {name: (self.get(f"/{name}/") or {}).get("update_seq") for name in DATABASES}
        if since["medic"] is None or since["_users"] is None:
            raise NotAllowed(NO_ADMIN)
        # A server admin without documents gets them at the first login.
        user = self.account["CHT_USER"]
        traces = [f"{USER}{user}", f"connected-user-{user}"]
        absent = [id for id in traces if not any(self.exists(db, [id]) for db in ("medic", "_users", "medic-logs"))]
        date = self.send("GET", "/api/info").header("date")
        try:
            started = parsedate_to_datetime(date).timestamp() * 1000
        except ValueError:
            raise NotAllowed("the service's answers have no Date: what is younger than the run is not known") from None
        # Databases that existed before do not belong to a run, whatever it calls its users.
        kept = sorted(map(digest, self.get("/_all_dbs") or []))
        return {"since": since, "absent": absent, "started": started, "kept": kept}

    def version(self) -> str:
        monitoring = self.get("/api/v2/monitoring") or {}
        return str(monitoring.get("version", {}).get("app", "")).partition("-")[0]

    # --- what a request does ---------------------------------------------------------------------------------------

    def touch(self, call: Call, ledger: Ledger) -> Touch:
        name, params = call.operation.name if call.operation else "", call.params
        effect = call.operation.effect if call.operation else LASTS.kind
        if call.method in READ_METHODS or effect == READS.kind:
            return READS
        if self.is_own_database(target_of(call), ledger):
            return MAKES  # it goes as a whole
        if effect == SHARES.kind or (name == "couch_put_document" and params == {"db": "medic", "id": SETTINGS}):
            return SHARES
        if name in WRITES:
            ids = ids_given(call)
            if any(id.startswith("_") for id in ids) or params["db"] not in DATABASES:
                return LASTS
            return self.change(ledger, params["db"], ids)
        if effect == MAKES.kind:
            return self.change(ledger, "medic", written(call))
        return self.changed(call, ledger, name) if effect == CHANGES.kind else LASTS

    def is_own_database(self, name: str, ledger: Ledger) -> bool:
        """Whether the run made it, or is about to: a database that has the run's tag in its name."""
        return ledger.head["run"] in name and digest(name) not in ledger.head["kept"]

    def changed(self, call: Call, ledger: Ledger, name: str) -> Touch:
        """What an operation would do that may change existing documents."""
        params = call.params
        if name == "token_login":
            link = self.get(f"/medic/{quote('token:login:' + params.get('token', ''), safe='')}") or {}
            return CHANGES if not link or f"_users/{link.get('user')}" in ledger.made else FOREIGN
        if name == "update_places":
            return self.change(ledger, "medic", [params["id"]])
        if name in ("update_user", "delete_user"):
            named = self.change(ledger, "medic", written(call) if name in USERS else [])
            return named if named.foreign else self.change(ledger, "_users", [USER + params["username"]])
        if name == "bulk_delete":
            body = body_of(call)
            return self.change(ledger, "medic", own_ids(body.get("docs") if isinstance(body, dict) else None))
        if "db" in params and not params.get("id", "_").startswith("_"):
            return self.change(ledger, params["db"], [params["id"]])
        return LASTS

    def change(self, ledger: Ledger, db: str, ids: list[str]) -> Touch:
        """Foreign if one of the documents exists and does not belong to this run; else all that it makes does."""
        return FOREIGN if self.exists(db, [id for id in ids if f"{db}/{id}" not in ledger.made]) else MAKES

    def exists(self, db: str, ids: list[str]) -> bool:
        """Whether the database has one of the documents. Raises Unreachable when the service does not say."""
        target = f"/{quote(db, safe='')}/_all_docs"
        answer = self.send("POST", target, {"keys": ids}) if ids else None
        if answer is None or answer.status == 404:  # no such database
            return False
        if answer.status != 200:
            raise unsure("POST", target, answer)
        return any("id" in row and not (row.get("value") or {}).get("deleted") for row in answer.json()["rows"])

    def made(self, call: Call, answer: Answer) -> list[str]:
        """The ids in the answer, without those that the client referred to, such as the contact of a new place."""
        name = call.operation.name if call.operation else ""
        if answer.status >= 300 or call.params.get("db", DATABASES[0]) not in DATABASES or name == REPLICATE:
            return []  # what a database of the run holds goes with it
        if name in WRITES or name in ATTACHMENTS:
            db = call.params["db"]
            return self.chosen(call) + [f"{db}/{id}" for id in ids_of(answer.json())]
        sent = set(texts_of(body_of(call)))
        ids = [id for id in ids_of(answer.json()) if id not in sent]
        return self.chosen(call) + [f"{db}/{id}" for id in ids
                                    for db in (("medic", "_users") if id.startswith(USER) else ("medic",))]

    def chosen(self, call: Call) -> list[str]:
        name = call.operation.name if call.operation else ""
        if name in WRITES and call.params["db"] in DATABASES:
            return [f"{call.params['db']}/{id}" for id in ids_given(call)]
        return [f"medic/{id}" for id in own_ids([body_of(call)])] if name in ("create_people", "create_places") else []

    # --- undoing ---------------------------------------------------------------------------------------------------

    def save(self, call: Call) -> tuple[str, Any]:
        state = self.get(f"/medic/{SETTINGS}")
        if state is None:
            raise NotAllowed("the service has no settings document that could be put back")
        return SETTINGS, state

    def clean(self, ledger: Ledger) -> list[str]:
        left = self.restore(ledger)
        names, own = set(), {*(key.partition("/")[2] for key in ledger.made), *ledger.head["absent"]}
        for _ in range(ROUNDS):
            found = {name: self.own_documents(name, ledger, own) for name in ledger.head["since"]}
            names |= {doc["name"] for doc in found["_users"] if "name" in doc}
            if not any(found.values()):
                break
            for name, documents in found.items():
                self.delete(name, documents)
        else:
            left += [f"{name}/{doc['_id']}" for name, documents in found.items() for doc in documents]
        for name in self.get("/_all_dbs") or []:
            of_user = any(name == f"medic-user-{user}-meta" for user in names)
            if self.is_own_database(name, ledger) or (of_user and digest(name) not in ledger.head["kept"]):
                status = self.send("DELETE", f"/{quote(name, safe='')}").status
                left += [] if status in (200, 202, 404) else [f"{name}: DELETE answered {status}"]
        return left

    def restore(self, ledger: Ledger) -> list[str]:
        saved = ledger.saved(SETTINGS)
        if saved is None:
            return []
        current = self.get(f"/medic/{SETTINGS}") or {}
        if without_revision(current) == without_revision(saved):
            ledger.note(restored=SETTINGS)
            return []
        answer = self.send("PUT", f"/medic/{SETTINGS}", without_revision(saved) | {"_rev": current.get("_rev")})
        if answer.status < 300:
            ledger.note(restored=SETTINGS)
            return []
        return [f"medic/{SETTINGS}: PUT of the old ones answered {answer.status}"]

    def own_documents(self, db: str, ledger: Ledger, own: set[str]) -> list[dict[str, Any]]:
        """The run's documents that still exist, the last first; their ids are added to `own`."""
        since = ledger.head["since"][db]
        if since is None:
            return []
        feed = self.get(f"/{db}/_changes?include_docs=true&since={quote(str(since), safe='')}") or {}
        alive = [row["doc"] for row in feed.get("results", []) if not row.get("deleted") and row.get("doc")]
        found: dict[str, dict[str, Any]] = {}
        named: set[str] = set()  # what the run's documents name
        grew = True
        while grew:  # a later document may show that an earlier one is the run's
            grew = False
            for doc in alive:
                if doc["_id"] not in found and (f"{db}/{doc['_id']}" in ledger.made
                                                or is_own(doc, own, named, ledger.head)):
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
        body = b"" if data is None else json.dumps(data).encode()
        return patiently(lambda: self.forward.send(method, target, headers, body))

    def get(self, target: str) -> Any:
        """The JSON at a path, None if there is nothing. Raises NotAllowed or Unreachable when the service does not say.
        """
        answer = self.send("GET", target)
        if answer.status in (401, 403):
            raise NotAllowed(NO_ADMIN)
        if answer.status not in (200, 404) or (answer.status == 200 and answer.json() is None):
            raise unsure("GET", target, answer)
        return answer.json() if answer.status == 200 else None

    def post(self, target: str, data: Any) -> Any:
        return self.send("POST", target, data).json()


def unsure(method: str, target: str, answer: Answer) -> Unreachable:
    return Unreachable(f"the service answered {answer.status} to {method} {target.partition('?')[0]}")


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]
