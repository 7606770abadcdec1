"""Times of users' actions. HQ source: corehq/apps/api/resources/v0_5.py, and the enterprise audit log."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import bad_request, failed
from mocksrv.vendors.commcare.form_processor.stores import TOP
from mocksrv.vendors.commcare.schemas import ActionList
from mocksrv.vendors.commcare.tastypie import paginator
from mocksrv.vendors.commcare.tastypie.date_ranges import COMPARISONS
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
MOST = 10_000
OFF = "You don't have permission to access this API"
RANGES = tuple(f"local_date.{word}" for word in COMPARISONS)
STARTS = {"UTC_start_time_start": "gte", "UTC_start_time_end": "lte"}
KNOWN = {"users", *STARTS, "local_timezone", "limit", "cursor", "format",
         "username", "api_key", *RANGES}


@vendor.resource("GET", "action_times", "v1", "v0.5", permission="view_web_users", response=ActionList,
                 statuses=(200, 400, 403, 500), source="commcare-hq corehq/apps/api/resources/v0_5.py",
                 proof="source")
def list_action_times(world: World, call: Call) -> dict[str, Any]:
    """When each user was active, by start; unknown parameters make HQ fail."""
    if not domains.has(world, "action_times"):
        raise Refusal(403, {"error": OFF}, diagnosis="the setting commcare.features lacks action_times")
    query, last = query_of(call)
    if unknown := [name for name, _ in query if name not in KNOWN]:
        raise failed(f"unknown parameters: {', '.join(unknown)}")
    limit, zone = limit_of(query), zone_of(query)
    tests = tests_of(query, zone)
    found = [action for action in actions(world, call.params["domain"]) if all(test(action) for test in tests)]
    rest = [action for action in found if last is None or (action["start"], action["user_id"]) > last]
    shown = rest[:limit]
    following = None
    if len(rest) > limit:
        pairs = [*(pair for pair in query if pair[0] != "cursor"),
                 ("last_start", shown[-1]["start"]), ("last_user", shown[-1]["user_id"])]
        following = "?" + urlencode({"cursor": base64.b64encode(urlencode(pairs).encode()).decode()})
    meta = {"limit": limit, "local_date_timezone": str(zone), "next": following, "offset": 0, "previous": None,
            "total_count": len(found)}
    return {"meta": meta, "objects": [show(action, zone) for action in shown]}


def actions(world: World, domain: str) -> list[Doc]:
    table = world.table("commcare.actions")
    return [table.peek(id) or {} for _, id in table.range("by_start", (domain,), (domain, TOP))]


def show(action: Doc, zone: tzinfo) -> dict[str, Any]:
    return {
        "UTC_end_time": dates.isoformat(action["end"]),
        "UTC_start_time": dates.isoformat(action["start"]),
        "local_date": local_date(action, zone),
        "user": action["user"],
        "user_id": action["user_id"],
    }


def local_date(action: Doc, zone: tzinfo) -> str:
    return dates.moment(action["start"]).astimezone(zone).strftime("%Y-%m-%d")


def query_of(call: Call) -> tuple[list[tuple[str, str]], tuple[str, str] | None]:
    """The parameters, or those in the cursor; and where the page before ended. Raises 400."""
    cursor = call.arg("cursor")
    if cursor is None:
        return call.query, None
    try:
        pairs = parse_qsl(base64.b64decode(cursor, validate=True).decode(), keep_blank_values=True)
        inner = dict(pairs)
        last = inner["last_start"], inner["last_user"]
    except (binascii.Error, ValueError, KeyError):
        raise bad_request("Invalid cursor") from None
    return [pair for pair in pairs if pair[0] not in ("last_start", "last_user")], last


def limit_of(query: list[tuple[str, str]]) -> int:
    value = dict(query).get("limit", str(MOST))
    limit = paginator.natural(value)
    if not limit:
        raise bad_request("limit must be a positive integer.")
    if limit > MOST:
        raise bad_request(f"Limit may not exceed {MOST}.")
    return limit


def zone_of(query: list[tuple[str, str]]) -> tzinfo:
    name = dict(query).get("local_timezone", "UTC")
    if name == "UTC":
        return UTC  # also where no time zones are installed
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise failed(f"no time zone {name!r}") from None


def tests_of(query: list[tuple[str, str]], zone: tzinfo) -> list[Callable[[Doc], bool]]:
    """The filters. Raises 400 for a date that cannot be read."""
    tests: list[Callable[[Doc], bool]] = []
    if users := {value for name, value in query if name == "users"}:
        tests.append(lambda action: action["user"] in users)
    for name, value in query:
        field, dot, word = name.partition(".")
        if dot and field == "local_date":
            tests.append(bounded(lambda action: local_date(action, zone), word, moment(value)[:10]))
        elif name in STARTS:
            tests.append(bounded(lambda action: action["start"], STARTS[name], moment(value)))
    return tests


def bounded(read: Callable[[Doc], str], word: str, bound: str) -> Callable[[Doc], bool]:
    return lambda action: COMPARISONS[word](read(action), bound)


def moment(value: str) -> str:
    try:
        return dates.parse_iso(value)
    except ValueError:
        raise bad_request(f"Cannot parse datetime '{value}'") from None
