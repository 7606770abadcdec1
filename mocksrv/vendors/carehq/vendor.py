"""CareHQ as a vendor: its settings, who may do what, and how answers look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from mocksrv.call import Refusal, Reply
from mocksrv.config import Setting
from mocksrv.operation import Content, Operation
from mocksrv.people import locales
from mocksrv.store import TableSpec
from mocksrv.vendor import Vendor
from mocksrv.vendors.carehq import auth, errors, keys, resources
from mocksrv.vendors.carehq.call import Call
from mocksrv.vendors.carehq.catalogue import ACTIONS, RESOURCES, WRITES, Resource

if TYPE_CHECKING:
    from mocksrv.world import World

JSON = "application/json"
SETTINGS = (
    Setting("strict_signatures", False, "refuse the deviations of the Ruby, JavaScript and PHP clients"),
    Setting("legacy_signatures", True, "accept the SHA-1 signatures that clients made before scheme 2.0"),
    Setting("accept_unsigned_query", False, "accept a GET whose query is not signed (PHP, method in lower case)"),
    Setting("clock_window", 300, "seconds that a timestamp may differ from the server's clock; 0 accepts any"),
    Setting("require_https", False, "answer 403 to plain HTTP"),
    Setting("trusted_proxies", "127.0.0.0/8, ::1", "addresses whose X-Forwarded-For and -Proto headers count",
            check=auth.check_ranges),
    Setting("delete_status", "200", "status of a successful delete", ("200", "204")),
    Setting("retrieve_default", "id", "what a retrieve without attributes shows", ("id", "all")),
    Setting("writable_resources", "documented", "documented, all, or names of further resources that take writes",
            check=resources.check_opened),
    Setting("unknown_arguments", "mixed", "refuse or ignore all unknown names; mixed ignores form fields, and "
            "sales_channel as an attribute of groups, because billy-victory/carehq-form-connector sends them, and "
            "refuses the rest", ("mixed", "refuse", "ignore")),
    Setting("auto_complete_visits", False, "complete home visits one hour after their time"),
    Setting("locale", "en_GB", "the Faker locale of made-up people: names and phone numbers of a new world",
            check=locales.check),
    Setting("rate_limit", True, "hold the limit of 10 requests a second per key"),
    Setting("retry_after", False, "add Retry-After to answers with status 429"),
)


SECURITY = {"signature": {
    "type": "apiKey", "in": "header", "name": "X-CareHQ-Signature",
    "description": "HMAC-SHA256 with the API secret over timestamp, nonce, method, path and sorted arguments; it comes "
                   "with X-CareHQ-AccountId, -APIKey, -Timestamp, -Nonce and -Signature-Version: 2.0",
}}


class CareHQ(Vendor[Call]):
    """The CareHQ API, version 1."""

    call_type = Call
    traits = {"action": str, "grants": str, "resource": Resource}
    name = "carehq"
    title = "CareHQ"
    versions = {"v1": ""}
    tables = (
        TableSpec(keys.KEYS),
        TableSpec("carehq.counters"),
        TableSpec("carehq.outbox"),
        *(resources.table_of(resource) for resource in RESOURCES.values()),
    )
    settings = SETTINGS
    security = SECURITY
    links = {"GET": "$response.body#/items/0/_id", "PUT": "$response.body#/_id"}
    marks = ("X-CareHQ-AccountId", "X-CareHQ-APIKey", "X-CareHQ-Signature")
    any_prefix = True  # the clients put their base URL before /v1/, and sign what follows it: a proxy may mount it
    max_body = 16 * 1024 * 1024

    def claims(self, path: str) -> bool:
        return path == "/v1" or path.startswith("/v1/")

    def route(self, world: World, path: str) -> str:
        """Anything before the version is a prefix, and one slash at the end is ignored."""
        start = path.find("/v1/")
        path = path[max(start, 0):]
        return path[:-1] if path.endswith("/") and len(path) > 1 else path

    def identify(self, world: World, call: Call) -> None:
        auth.identify(world, call)

    def admit(self, world: World, call: Call) -> None:
        """Route, then method, then permission."""
        operation = call.operation
        if operation is None or not self.opened(world, call):
            raise self.no_route(world, call)
        slug = call.params.get("resource") or operation.traits["resource"].slug
        permission = operation.traits["grants"]
        if not call.caller.may(permission, slug):
            raise errors.refused(403, f"This API key lacks the {permission} permission for {slug}.",
                                 diagnosis=f"this needs {slug}: {permission}; key {call.caller.api_key} has "
                                           f"{keys.granted(call.caller)}; use another key of /_mocksrv/credentials")

    def opened(self, world: World, call: Call) -> bool:
        """Whether an operation that is not documented was opened by the setting."""
        slug = call.params.get("resource")
        return slug is None or slug in opened_resources(world)

    def no_route(self, world: World, call: Call) -> Refusal:
        """404 where the path is unknown, else 405 with the methods that the path takes."""
        if call.path.startswith("/v1/v1/") or call.path == "/v1/v1":
            return errors.refused(404, "No such endpoint: the version is in the path twice.",
                                  diagnosis="the clients add /v1/ themselves: give them the base URL without it")
        if not call.path.startswith("/v1/"):
            return errors.refused(404, errors.FAILURES[404], diagnosis="the paths of CareHQ's API begin with /v1/")
        parts = call.path.split("/")[2:]
        if not parts or parts[0] not in RESOURCES or len(parts) > 2 or parts[-1] == "":
            return errors.refused(404, errors.FAILURES[404])
        allowed = sorted(method for action, (method, single, _) in ACTIONS.items()
                         if single is (len(parts) == 2) and takes(world, parts[0], action))
        diagnosis = None
        if call.operation is not None:
            diagnosis = (f"{parts[0]} look read-only in the developer pages; "
                         f"carehq.writable_resources={parts[0]} opens them for test set-up")
        return errors.refused(405, f"The method {call.method} is not supported here.",
                              headers=[("Allow", ", ".join(allowed))], diagnosis=diagnosis)

    def render(self, world: World, call: Call, result: Any) -> Reply:
        """Everything is JSON, errors too: the C# client parses each body before it looks at the status."""
        reply = result if isinstance(result, Reply) else Reply(result)
        if isinstance(result, Refusal):
            body = result.body if isinstance(result.body, dict) else {"hint": str(result.body)}
            reply = Reply(body, result.status, list(result.headers))
        if reply.status == 204:
            reply.body = b""
        elif not isinstance(reply.body, bytes):  # which own answers give
            reply.body = orjson.dumps(reply.body, option=orjson.OPT_SORT_KEYS)
        reply.headers = [("Content-Type", reply.content_type or JSON), *call.limit, *reply.headers]
        return reply

    def answers(self, operation: Operation) -> Mapping[int, Content]:
        from mocksrv.vendors.carehq import answers

        return answers.of(operation)

    def failure(self, status: int) -> Refusal:
        return errors.failure(status)

    def caller_name(self, call: Call) -> str | None:
        return None if call.caller is None else str(call.caller.api_key)

    def accounts(self, world: World) -> None:
        keys.plant(world)

    def seed(self, world: World, size: int) -> None:
        from mocksrv.vendors.carehq.seed import agency

        agency.plant(world, size)

    def credentials(self, world: World, base_url: str) -> list[dict[str, Any]]:
        return keys.credentials(world, base_url)

    def first_call(self, base_url: str) -> str:
        """With the key that needs no signatures: curl cannot sign."""
        return (f"curl -H 'X-CareHQ-AccountId: {keys.ACCOUNT}' -H 'X-CareHQ-APIKey: {keys.UNSIGNED}' "
                f"'{base_url}/v1/users?attributes=first_name'")


def opened_resources(world: World) -> set[str]:
    named = world.setting("carehq.writable_resources").replace(",", " ").split()
    return set(RESOURCES) if "all" in named else set(named)


def takes(world: World, slug: str, action: str) -> bool:
    """Whether a resource has an action, in this world."""
    return action in RESOURCES[slug].methods or (action in WRITES and slug in opened_resources(world))


vendor = CareHQ()
resources.register(vendor)
