"""Messaging events, a function view. HQ source: corehq/apps/api/views.py, resources/messaging_event."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import absent, view_error
from mocksrv.vendors.commcare.form_processor.stores import TOP
from mocksrv.vendors.commcare.schemas import EventList, EventObject, EventQuery
from mocksrv.vendors.commcare.tastypie import paginator
from mocksrv.vendors.commcare.tastypie.date_ranges import dotted_ranges, loose_bound
from mocksrv.vendors.commcare.vendor import DOMAIN, vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/api/resources/messaging_event"
PATHS = (f"/a/{DOMAIN}/api/messaging-event/v1/", f"/a/{DOMAIN}/api/v0.5/messaging-event/")
MOST = 1000
ORDER = "date_last_activity"
BOUNDS = (f"{ORDER}.gte", f"{ORDER}.lte")
# What `source` and `content_type` may name; other words in their lists are ignored.
CONTENT_TYPES = ("sms", "sms-survey", "ivr-survey", "email", "manual-sms", "api-sms", "chat-sms")
SOURCES = ("broadcast", "scheduled-broadcast", "immediate-broadcast", "reminder", "conditional-alert", "keyword",
           "forwarded", "other", "unrecognized")
STATUSES = ("in-progress", "completed", "not-completed", "error", "email-sent", "email-delivered")


def show(event: Doc) -> dict[str, Any]:
    """An event, keys in the order in which HQ sends them."""
    return {
        "id": event["id"],
        "content_type": event["content_type"],
        "date": dates.isoformat(event["date"]),
        "date_last_activity": dates.isoformat(event["date_last_activity"]),
        "case_id": event["case_id"],
        "domain": event["domain"],
        "error": event["error"],
        "form": event["form"],
        "messages": [show_message(message) for message in event["messages"]],
        "recipient": ordered(event["recipient"], ("recipient_id", "type", "name")),
        "source": ordered(event["source"], ("source_id", "type", "name")),
        "status": event["status"],
    }


def show_message(message: Doc) -> dict[str, Any]:
    # The encoder cuts the date of an SMS to milliseconds, but HQ formats the date of an e-mail itself.
    email = message["backend"] == "email"
    address = "email_address" if email else "phone_number"
    shown = {
        "message_id": message["message_id"],
        "date": dates.isoformat(message["date"]) if email else dates.milliseconds(message["date"]),
        "date_modified": dates.isoformat(message["date_modified"]),
        **ordered(message, ("type", "direction", "content", "status", "backend", address)),
    }
    return shown | ({"error_message": message["error_message"]} if message.get("error_message") else {})


def ordered(data: Doc, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: data[name] for name in names}


@vendor.view("GET", *PATHS, permission="edit_data", response=EventList, statuses=(200, 400, 500), source=SOURCE,
             proof="source", query=EventQuery)
def list_messaging_events(world: World, call: Call) -> dict[str, Any]:
    """Events by their last activity; pages by cursor, and the last page is an empty one."""
    inside, after = understood(call)
    limit, descending = limit_of(inside), order_of(inside)
    found = matching(world, inside)
    found.sort(key=lambda event: event["id"])
    found.sort(key=lambda event: event[ORDER], reverse=descending)
    if after is not None:
        found = [event for event in found if behind(event, after, descending)]
    shown = found[:limit]
    return {"objects": [show(event) for event in shown],
            "meta": {"limit": limit, "next": link(inside, shown[-1], descending) if shown else None}}


def understood(call: Call) -> tuple[Call, tuple[str, int] | None]:
    """The call with its own parameters or those of its cursor; and the last date and id of the page before."""
    cursor = call.arg("cursor")
    if cursor is None:
        return call, None
    try:
        query = parse_qsl(base64.b64decode(cursor, validate=True).decode(), keep_blank_values=True)
        last = int(dict(query)["last_object_id"])
        bound = next((value for name, value in query if name in BOUNDS), "")
        date = dates.parse_iso(bound)
    except (binascii.Error, ValueError, KeyError):
        raise view_error(400, "Invalid cursor") from None
    inside = Call(method=call.method, path=call.path, headers=call.headers, scheme=call.scheme, host=call.host,
                  prefix=call.prefix, target=f"{call.target.partition('?')[0]}?{urlencode(query)}")
    inside.params = call.params
    return inside, (date, last)


def behind(event: Doc, after: tuple[str, int], descending: bool) -> bool:
    """Whether an event comes after the last one of the page before."""
    date, id = after
    if event[ORDER] == date:
        return bool(event["id"] > id)
    return bool((event[ORDER] > date) is not descending)


def link(call: Call, last: Doc, descending: bool) -> str:
    """The absolute URL of the next page. HQ bounds `date`, though it sorts by the last activity, and so loses
    rows; the bound is on the last activity here."""
    bound = f"{ORDER}.{'lte' if descending else 'gte'}"
    kept = [(name, value) for name, value in call.query if name not in (bound, "last_object_id")]
    pairs = [*kept, (bound, str(dates.naive(last[ORDER]))), ("last_object_id", str(last["id"]))]
    cursor = base64.b64encode(urlencode(pairs).encode()).decode()
    return f"{call.base_url}{call.path}?{urlencode({'cursor': cursor})}"


def limit_of(call: Call) -> int:
    value = call.arg("limit", "20") or ""
    limit = paginator.natural(value)
    if not limit:
        raise view_error(400, f"Invalid limit '{value}' provided. Please provide a positive integer.")
    return min(limit, MOST)


def order_of(call: Call) -> bool:
    """Whether the order is descending."""
    asked = call.arg("order_by", ORDER) or ""
    if asked.removeprefix("-") != ORDER:
        raise view_error(400, f"No matching '{asked.removeprefix('-')}' field for ordering")
    return asked.startswith("-")


def matching(world: World, call: Call) -> list[Doc]:
    """The events that pass the filters of a call. Raises 400."""
    domain, table = call.params["domain"], world.table("commcare.events")
    case_id, status = call.arg("case_id"), call.arg("status")
    if status is not None and status not in STATUSES:
        raise view_error(400, f"'{status}' is an invalid value for the 'status' filter")
    ranges = dotted_ranges(call, ("date", ORDER), lambda text: view_error(400, text), whole_days=True,
                           parse=lambda bound: loose_bound(world, bound))
    ids = table.by("by_case", (domain, case_id)) if case_id is not None else [
        id for _, id in table.range("by_activity", (domain,), (domain, TOP))]
    found = [table.peek(id) or {} for id in ids]
    wanted = {"source": listed(call, "source", SOURCES), "content_type": listed(call, "content_type", CONTENT_TYPES)}
    return [event for event in found
            if (not wanted["source"] or event["source"]["type"] in wanted["source"])
            and (not wanted["content_type"] or event["content_type"] in wanted["content_type"])
            and (status is None or event["status"] == status)
            and matches_error(call, event)
            and matches_address(call, event, "phone_number") and matches_address(call, event, "email_address")
            and all(test(event[name]) for name, test in ranges)]


def listed(call: Call, name: str, known: tuple[str, ...]) -> set[str]:
    """The known words of a comma-separated parameter."""
    return set((call.arg(name) or "").split(",")) & set(known)


def matches_error(call: Call, event: Doc) -> bool:
    code = call.arg("error_code")
    return code is None or (event["error"] or {}).get("code") == code


def matches_address(call: Call, event: Doc, name: str) -> bool:
    part = call.arg(name)
    return part is None or any(part in (message.get(name) or "") for message in event["messages"])


@vendor.view("GET", *(f"{path}{{id}}/" for path in PATHS), permission="edit_data", response=EventObject,
             statuses=(200, 404), source=SOURCE, proof="source")
def get_messaging_event(world: World, call: Call) -> dict[str, Any]:
    """One event."""
    event = world.table("commcare.events").peek(call.params["id"])
    if event is None or event["domain"] != call.params["domain"]:
        raise absent(f"no messaging event {call.params['id']!r} in this domain")
    return show(event)
