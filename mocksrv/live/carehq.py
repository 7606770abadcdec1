"""CareHQ: every record that a key may create, it may delete."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from mocksrv.clock import machine_time, pause
from mocksrv.live.sandbox import CHANGES, FOREIGN, LASTS, MAKES, READ_METHODS, READS, Sandbox, Touch
from mocksrv.vendors.carehq.catalogue import RESOURCES
from mocksrv.vendors.carehq.signatures import Signed, canonical, path_of, sign, string_to_sign

if TYPE_CHECKING:
    from mocksrv.live.forward import Answer
    from mocksrv.live.ledger import Ledger
    from mocksrv.operation import Call


class CareHQ(Sandbox):
    vendor = "carehq"
    hosts = ("api.carehq.dev",)  # the sandbox that the introduction names; api.carehq.co.uk holds real people
    variables = ("CAREHQ_URL", "CAREHQ_ACCOUNT_ID", "CAREHQ_API_KEY", "CAREHQ_API_SECRET")

    def version(self) -> str:
        """The API's; CareHQ names no release."""
        return "v1"

    def touch(self, call: Call, ledger: Ledger) -> Touch:
        if call.method in READ_METHODS:
            return READS
        resource, _, id = call.path.removeprefix("/v1/").partition("/")
        if call.method == "PUT":
            return MAKES if "delete" in methods(resource) else LASTS
        if not id:
            return CHANGES  # no such method: nothing that it could change
        record = f"{resource}/{id}"
        if record in ledger.made or self.send("GET", record).status == 404:
            return CHANGES
        return FOREIGN

    def made(self, call: Call, answer: Answer) -> list[str]:
        data = answer.json()
        id = data.get("_id") if isinstance(data, dict) and call.method == "PUT" else None
        return [f"{call.path.removeprefix('/v1/')}/{id}"] if isinstance(id, str) else []

    def clean(self, ledger: Ledger) -> list[str]:
        left = []
        for record in reversed(ledger.made):
            status = self.send("DELETE", record).status
            if status not in (200, 204, 404):
                left.append(f"{record}: DELETE answered {status}")
        return left

    def send(self, method: str, path: str) -> Answer:
        """A signed request without arguments, within the rate limit."""
        target = f"/v1/{path}"
        while True:
            timestamp, nonce = str(int(machine_time())), secrets.token_urlsafe(16)
            parts = Signed(method, path_of(target), b"", b"", timestamp, nonce, "")
            account = self.account
            answer = self.forward.send(method, target, [
                ("X-CareHQ-AccountId", account["CAREHQ_ACCOUNT_ID"]), ("X-CareHQ-APIKey", account["CAREHQ_API_KEY"]),
                ("X-CareHQ-Timestamp", timestamp), ("X-CareHQ-Nonce", nonce), ("X-CareHQ-Signature-Version", "2.0"),
                ("X-CareHQ-Signature", sign(account["CAREHQ_API_SECRET"], string_to_sign(parts, canonical([])))),
            ])
            if answer.status != 429:
                return answer
            pause(1)  # the window of the limit


def methods(slug: str) -> tuple[str, ...]:
    return tuple(RESOURCES[slug].methods) if slug in RESOURCES else ("delete",)  # unknown ones make nothing
