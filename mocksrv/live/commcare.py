"""CommCare HQ: mobile workers, groups and lookup tables can be deleted; cases, forms, locations cannot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mocksrv.live.sandbox import CHANGES, FOREIGN, LASTS, MAKES, READ_METHODS, READS, Sandbox, Touch, body_of, patiently

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocksrv.call import Call
    from mocksrv.live.forward import Answer
    from mocksrv.live.ledger import Ledger

GONE = (400, 404)  # a mobile worker that is not there: 400 with the newest HQ
CREATED = 201
TABLES, ROWS = "lookup_table", "lookup_table_item"
API = re.compile(r"/a/[^/]+/api/|/api/")


def table_of(call: Call) -> str:
    """The lookup table that a request puts a row into, as the ledger names it; "" for any other request."""
    body = body_of(call) if call.operation and call.operation.traits.get("resource") == ROWS else None
    table = str(body.get("data_type_id", "")).replace("-", "") if isinstance(body, dict) else ""
    return f"{TABLES}/{table}" if table else ""


class CommCare(Sandbox):
    vendor = "commcare"
    hosts = ("staging.commcarehq.org",)
    variables = {"COMMCARE_URL": "base_url", "COMMCARE_DOMAIN": "domains", "COMMCARE_USERNAME": "username",
                 "COMMCARE_API_KEY": "api_key"}

    @classmethod
    def environment(cls, credentials: Mapping[str, Any]) -> dict[str, str]:
        last = credentials["domains"].rpartition(" ")[2]  # `demo`: it has records of all kinds
        return super().environment({**credentials, "domains": last})

    @property
    def place(self) -> str:
        return f"{self.forward.base_url}/a/{self.account['COMMCARE_DOMAIN']}"

    def touch(self, call: Call, ledger: Ledger) -> Touch:
        effect = call.operation.effect if call.operation else LASTS.kind
        if call.method in READ_METHODS:  # some pages beside the API write when they are read: phone/restore does
            return READS if call.operation or API.match(call.path) else LASTS
        if effect == READS.kind:
            return READS
        if call.operation and call.params.get("domain") != self.account["COMMCARE_DOMAIN"]:
            return FOREIGN  # what the run made is found and deleted in the account's own domain
        if effect == MAKES.kind:
            return MAKES if self.may(table_of(call), ledger) else FOREIGN  # a row makes another table of it
        if call.operation and effect == CHANGES.kind:
            thing = f"{call.operation.traits['resource']}/{call.params['pk']}"
            if not (self.may(thing, ledger) and self.may(table_of(call), ledger)):
                return FOREIGN
            return MAKES if call.method == "PUT" and thing not in ledger.made else CHANGES
        return LASTS

    def may(self, thing: str, ledger: Ledger) -> bool:
        """Whether the run may change that: it has made it, or there is no such thing."""
        return not thing or thing in ledger.made or self.send("GET", thing).status in GONE

    def made(self, call: Call, answer: Answer) -> list[str]:
        if call.operation is None or answer.status >= 300 or (call.method == "PUT" and answer.status != CREATED):
            return []
        resource, data = call.operation.traits.get("resource"), answer.json()
        id = data.get("id") if isinstance(data, dict) else None
        id = id or answer.header("location").rstrip("/").rpartition("/")[2]
        if resource == TABLES and not id:
            id = self.tagged(body_of(call))
        if resource == ROWS and not id:
            return [table_of(call)]  # the row goes with it
        return [f"{resource}/{id}"] if resource and id else []

    def tagged(self, body: Any) -> str:
        """The id of the lookup table with the tag of that body, which no other table of the domain has; HQ does not
        tell the id of one that it has made. "" if there is none.
        """
        listed = self.send("GET", TABLES, "?limit=0").json()
        tables = listed.get("objects", []) if isinstance(listed, dict) and isinstance(body, dict) else []
        return next((table["id"] for table in tables if table.get("tag") == str(body.get("tag"))), "")

    def clean(self, ledger: Ledger) -> list[str]:
        left = []
        for thing in reversed(ledger.made):
            status = self.send("DELETE", thing).status
            # 500 is also HQ's answer for a mobile worker that is gone
            if status not in (200, 202, 204, 404, 410) and self.send("GET", thing).status not in GONE:
                left.append(f"{thing}: DELETE answered {status}")
        return left

    def send(self, method: str, thing: str, query: str = "") -> Answer:
        """A request for `resource/id`, or for the list of a `resource`."""
        account, (resource, _, id) = self.account, thing.partition("/")
        path = f"{resource}/{quote(id, safe='')}/" if id else f"{resource}/"
        target = f"/a/{quote(account['COMMCARE_DOMAIN'])}/api/v0.5/{path}{query}"
        login = f"ApiKey {account['COMMCARE_USERNAME']}:{account['COMMCARE_API_KEY']}"
        return patiently(lambda: self.forward.send(method, target, [("Authorization", login)]))
