"""A second mocksrv that plays the live service, and differs from the mock in twenty known ways.

    python -m contract_tests.rehearsal [--faithful] [--seed N] [--no-limits] [--set vendor.name=value] [--in-use VENDOR]
                                       [--skew SECONDS]

It prints its URL and serves until its standard input ends. With `--faithful` it differs in nothing but its data, and by
`--skew` in its clock. With `--in-use` that vendor's service holds what people have made of it; a CHT learns of new
settings a while after they were stored.
"""

import argparse
import json
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contract_tests import rehearsal_data
from mocksrv.app import create_app
from mocksrv.call import Reply
from mocksrv.config import Config
from mocksrv.serving.server import Server

LATE = ("cht.settings_seconds", "0.4")  # a CHT reads its settings when a feed tells of them


@dataclass(frozen=True)
class Twist:
    """One difference: `change` is applied to the JSON of an operation's answers with that status, or to the reply."""

    vendor: str
    operation: str
    kind: str  # as the report calls it
    where: str  # a regular expression for the report's place
    status: int
    change: Callable[[Any], object] | None = None
    reply: Callable[[Reply], object] | None = None

    def apply(self, reply: Reply) -> None:
        if reply.status != self.status:
            return
        if self.reply:
            self.reply(reply)
        if self.change:
            body = json.loads(b"".join(reply.body) if reply.streams else reply.body)
            changed = self.change(body)
            made = json.dumps(body if changed is None else changed).encode()
            reply.body = iter([made]) if reply.streams else made
            reply.headers = [pair for pair in reply.headers if pair[0].lower() != "content-length"]


def without(*path: str) -> Callable[[Any], None]:
    """Drop a member."""
    def change(body: Any) -> None:
        at(body, path[:-1]).pop(path[-1], None)

    return change


def rows(change: Callable[[dict[str, Any]], object], key: str) -> Callable[[Any], None]:
    """Change each row of a list."""
    def change_all(body: Any) -> None:
        for row in body[key]:
            change(row)

    return change_all


def at(body: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        body = body[key]
    return body


def put(key: str, make: Callable[[Any], Any]) -> Callable[[Any], None]:
    """Make another value out of a member's, where there is one."""
    def change(body: Any) -> None:
        if body.get(key) is not None:
            body[key] = make(body[key])

    return change


def status(value: int) -> Callable[[Reply], None]:
    return lambda reply: setattr(reply, "status", value)


def header(name: str, make: Callable[[str], str]) -> Callable[[Reply], None]:
    def change(reply: Reply) -> None:
        reply.headers = [(key, make(value) if key.lower() == name else value) for key, value in reply.headers]

    return change


TWISTS = [
    Twist("carehq", "list_rooms", "field removed", "/body/page_count", 200, without("page_count")),
    Twist("carehq", "list_tax_rates", "type", "/body/item_count", 200, put("item_count", str)),
    Twist("carehq", "list_care_enquiries", "type", r"/body/items/\*/created", 200,
          rows(put("created", lambda text: text.replace(" ", "T")), "items")),
    Twist("carehq", "list_bookings", "enum", r"/body/items/\*/booking_type", 200,
          rows(put("booking_type", lambda _: "guest"), "items")),
    Twist("carehq", "retrieve_care_enquiries", "status", "/status", 404, reply=status(410)),
    Twist("carehq", "list_groups", "text", "/body/hint", 400, put("hint", lambda _: "Something is wrong.")),
    Twist("carehq", "list_users", "header", "/headers/x-carehq-ratelimit-reset", 200,
          reply=header("x-carehq-ratelimit-reset", lambda text: text.partition(".")[0])),
    Twist("carehq", "list_comments", "order", "/body/items", 200, lambda body: body["items"].reverse()),
    Twist("commcare", "list_location_types", "field removed", "/body/meta/total_count", 200,
          without("meta", "total_count")),
    Twist("commcare", "list_groups", "type", r"/body/objects/\*/case_sharing", 200,
          rows(put("case_sharing", lambda value: str(value).lower()), "objects")),
    Twist("commcare", "list_forms", "type", r"/body/objects/\*/received_on", 200,
          rows(put("received_on", lambda text: re.sub(r"\.\d+Z", "Z", text)), "objects")),
    Twist("commcare", "get_user", "field added", "/body/locale", 200, lambda body: body | {"locale": "en"}),
    Twist("commcare", "list_web_users", "header", "/headers/content-type", 200,
          reply=header("content-type", lambda _: "application/json; charset=latin-1")),
    Twist("commcare", "get_location", "order", "/body", 200, lambda body: dict(reversed(body.items()))),
    Twist("cht", "get_person", "text", "/body/error", 404, put("error", lambda _: "No such person")),
    Twist("cht", "create_people", "status", "/status", 400, reply=status(422)),
    Twist("cht", "create_places", "field added", "/body/place_id", 200, lambda body: body | {"place_id": "12345"}),
    Twist("cht", "get_monitoring_2", "type", "/body/conflict/count", 200,
          lambda body: body["conflict"].update(count=str(body["conflict"]["count"]))),
    Twist("cht", "get_contacts_by_phone", "text", "/body/error", 404, put("error", lambda _: "nobody")),
    Twist("cht", "post_hydrate", "field removed", r"/body/\*/id", 200,
          lambda body: [{key: value for key, value in row.items() if key != "id"} for row in body]),
]


def twisted(render: Callable[..., Reply], twists: dict[str, Twist]) -> Callable[..., Reply]:
    """A vendor's render whose answers differ."""
    def rendered(world: Any, call: Any, result: Any) -> Reply:
        reply = render(world, call, result)
        if twist := twists.get(call.operation.name if call.operation else ""):
            twist.apply(reply)
        return reply

    return rendered


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--faithful", action="store_true")
    options.add_argument("--seed", type=int, default=Config.seed)
    options.add_argument("--no-limits", action="store_true")
    options.add_argument("--set", action="append", default=[])
    options.add_argument("--in-use", choices=rehearsal_data.FILL)
    options.add_argument("--skew", type=float, default=0.0)
    given = options.parse_args()
    settings = dict([*([LATE] if given.in_use == "cht" else []), *(setting.split("=", 1) for setting in given.set)])
    app = create_app(Config(port=0, seed=given.seed, limits=not given.no_limits, set=settings))
    if not given.faithful:
        for vendor in app.vendors.values():
            own = {twist.operation: twist for twist in TWISTS if twist.vendor == vendor.name}
            vendor.render = twisted(vendor.render, own)  # type: ignore[method-assign]
    app.worlds["default"].clock.set_skew(given.skew)
    server = Server(app)

    def wait() -> None:
        try:
            if given.in_use:
                rehearsal_data.FILL[given.in_use](f"{server.url}/{given.in_use}")
            print(server.url, flush=True)
            sys.stdin.read()
        finally:
            server.stop()

    threading.Thread(target=wait, daemon=True).start()
    server.run()


if __name__ == "__main__":
    main()
