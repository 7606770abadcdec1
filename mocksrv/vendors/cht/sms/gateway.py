"""The protocol of cht-gateway: it polls, delivers incoming messages and status updates, and takes new messages."""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.described import schemas
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.sms import states, traffic
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

SOURCE = "CHT 4.15 source, api/src/controllers/sms-gateway.js"
MAY = "can_access_gateway_api"


@vendor.operation("GET", "/api/sms", permission=MAY, response=schemas.IsGateway, statuses=(200, 401, 403),
                  proof="source", source=SOURCE)
def get_gateway(world: World, call: Call) -> Any:
    """Whether this is a server for gateways; they ask to check their settings."""
    return {"medic-gateway": True}


@vendor.operation("POST", "/api/sms", permission=MAY, json="strict", body=schemas.POLL, response=schemas.HandedOut,
                  statuses=(200, 400, 401, 403, 500), proof="source", source=SOURCE,
                  differences=(Difference.NULL_MESSAGES,))
def post_gateway(world: World, call: Call) -> Any:
    """Take incoming `messages` and `updates` of sent ones; answer with up to 25 messages to send.

    The protocol's text allows `messages: null`, where the 4.15.0 server fails.
    """
    body = call.json if isinstance(call.json, dict) else {}
    traffic.receive(world, incoming(world, body))
    states.apply(world, [to_change(one) for one in updates(body) if one.get("id")])
    return {"messages": traffic.hand_out(world) if traffic.outgoing_service(world) == traffic.PULLING else []}


@vendor.operation("GET", "/api/sms/", until="4.22", anonymous=True, statuses=(301,), proof="source", source=SOURCE)
def get_gateway_slash(world: World, call: Call) -> Any:
    """A redirect to the path without the slash."""
    return rendering.redirect(call, "/api/sms", 301)


@vendor.operation("POST", "/api/sms/", until="4.22", anonymous=True, statuses=(301,), proof="source", source=SOURCE)
def post_gateway_slash(world: World, call: Call) -> Any:
    """A redirect to the path without the slash."""
    return rendering.redirect(call, "/api/sms", 301)


def incoming(world: World, body: dict[str, Any]) -> list[dict[str, Any]]:
    if "messages" not in body or (body["messages"] is None and Difference.NULL_MESSAGES.as_page(world)):
        return []
    return listed("messages", body["messages"])


def updates(body: dict[str, Any]) -> list[dict[str, Any]]:
    return listed("updates", body["updates"]) if javascript.truthy(body.get("updates")) else []


def listed(name: str, value: Any) -> list[dict[str, Any]]:
    """A list of objects; anything else fails, except scalars in the list, which have no members."""
    if not isinstance(value, list) or None in value:
        errors.server_error(diagnosis=f"{name} must be a list of objects")
    return [one if isinstance(one, dict) else {} for one in value]


def to_change(update: dict[str, Any]) -> states.Change:
    """An update `{id, status, reason?}` as a change of a document's task."""
    id, status, reason = javascript.text(update["id"]), update.get("status"), update.get("reason")
    known = states.GATEWAY.get(status) if isinstance(status, str) else None
    if known is None:
        return states.Change(states.UNRECOGNISED, id, {"gateway_status": status} if "status" in update else {})
    return states.Change(known, id, {"reason": reason} if javascript.truthy(reason) else None)
