"""CareHQ: every record that a key may create, it may delete."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote

from mocksrv.clock import machine_time
from mocksrv.live.sandbox import CHANGES, FOREIGN, LASTS, MAKES, READ_METHODS, READS, Sandbox, Touch, patiently
from mocksrv.vendors.carehq.catalogue import RESOURCES
from mocksrv.vendors.carehq.signatures import Signed, canonical, path_of, sign, string_to_sign

if TYPE_CHECKING:
    from mocksrv.call import Call
    from mocksrv.live.forward import Answer
    from mocksrv.live.ledger import Ledger


class CareHQ(Sandbox):
    vendor = "carehq"
    hosts = ("api.carehq.dev",)  # the sandbox that the introduction names; api.carehq.co.uk holds real people
    variables = {"CAREHQ_URL": "base_url", "CAREHQ_ACCOUNT_ID": "account_id", "CAREHQ_API_KEY": "api_key",
                 "CAREHQ_API_SECRET": "api_secret"}

    @property
    def place(self) -> str:
        account = hashlib.sha256(self.account["CAREHQ_ACCOUNT_ID"].encode()).hexdigest()[:12]
        return f"{self.forward.base_url}#{account}"

    def version(self) -> str:
        """The API's; CareHQ names no release."""
        return "v1"

    def touch(self, call: Call, ledger: Ledger) -> Touch:
        if call.method in READ_METHODS:
            return READS
        resource, _, id = call.path.removeprefix("/v1/").partition("/")
        if not id or not call.target.startswith("/v1/"):
            deletes = resource in RESOURCES and "delete" in RESOURCES[resource].methods
            return MAKES if call.method == "PUT" and deletes and call.target.startswith("/v1/") else LASTS
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
        target, account = f"/v1/{quote(path)}", self.account

        def send() -> Answer:
            timestamp, nonce = str(int(machine_time())), secrets.token_urlsafe(16)
            parts = Signed(method, path_of(target), b"", b"", timestamp, nonce, "")
            return self.forward.send(method, target, [
                ("X-CareHQ-AccountId", account["CAREHQ_ACCOUNT_ID"]), ("X-CareHQ-APIKey", account["CAREHQ_API_KEY"]),
                ("X-CareHQ-Timestamp", timestamp), ("X-CareHQ-Nonce", nonce), ("X-CareHQ-Signature-Version", "2.0"),
                ("X-CareHQ-Signature", sign(account["CAREHQ_API_SECRET"], string_to_sign(parts, canonical([])))),
            ])

        return patiently(send)
