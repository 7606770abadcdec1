"""CommCare HQ: mobile workers, groups and lookup tables can be deleted; cases, forms, locations cannot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from mocksrv.live.sandbox import CHANGES, FOREIGN, LASTS, MAKES, READ_METHODS, READS, Sandbox, Touch, patiently

if TYPE_CHECKING:
    from mocksrv.call import Call
    from mocksrv.live.forward import Answer
    from mocksrv.live.ledger import Ledger

GONE = (400, 404)  # a mobile worker that is not there: 400 with the newest HQ
API = re.compile(r"/a/[^/]+/api/|/api/")


class CommCare(Sandbox):
    vendor = "commcare"
    hosts = ("staging.commcarehq.org",)
    variables = ("COMMCARE_URL", "COMMCARE_DOMAIN", "COMMCARE_USERNAME", "COMMCARE_API_KEY")

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
            return MAKES
        if call.operation and effect == CHANGES.kind:
            thing = f"{call.operation.traits['resource']}/{call.params['pk']}"
            return CHANGES if thing in ledger.made or self.send("GET", thing).status in GONE else FOREIGN
        return LASTS

    def made(self, call: Call, answer: Answer) -> list[str]:
        makes = call.operation is not None and call.operation.effect == MAKES.kind
        resource = call.operation.traits["resource"] if call.operation and makes else None
        data = answer.json()
        id = data.get("id") if isinstance(data, dict) else None
        id = id or answer.header("location").rstrip("/").rpartition("/")[2]
        return [f"{resource}/{id}"] if resource and id and answer.status < 300 else []

    def clean(self, ledger: Ledger) -> list[str]:
        left = []
        for thing in reversed(ledger.made):
            status = self.send("DELETE", thing).status
            if status not in (200, 202, 204, 404, 410):
                left.append(f"{thing}: DELETE answered {status}")
        return left

    def send(self, method: str, thing: str) -> Answer:
        account, (resource, _, id) = self.account, thing.partition("/")
        target = f"/a/{quote(account['COMMCARE_DOMAIN'])}/api/v0.5/{resource}/{quote(id, safe='')}/"
        login = f"ApiKey {account['COMMCARE_USERNAME']}:{account['COMMCARE_API_KEY']}"
        return patiently(lambda: self.forward.send(method, target, [("Authorization", login)]))
