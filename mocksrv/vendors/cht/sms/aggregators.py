"""The hooks that SMS services call with messages: Africa's Talking and RapidPro.

Callers need no account, but the secret that `PUT /api/v1/credentials/...` has stored for them.
"""

from __future__ import annotations

import re
from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.access import entrance
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.described import response_schemas, schemas
from mocksrv.vendors.cht.node import bodies, javascript, querystring
from mocksrv.vendors.cht.sms import credentials, states, traffic
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

AFRICAS_TALKING_SOURCE = "CHT 4.15 source, api/src/controllers/africas-talking.js"
RAPIDPRO_SOURCE = "CHT 4.15 source, api/src/controllers/rapidpro.js"

TOKEN = re.compile(r"Token\s+(.+)")


def check_secret(world: World, key: str, given: Any) -> None:
    """Refuse callers without the secret of that key."""
    secret = credentials.read(world, key)
    if not secret:
        errors.fail(403, "No incoming key configured", diagnosis=f"PUT /api/v1/credentials/{key} first")
    if secret != given:
        errors.fail(403, "Incorrect token", diagnosis=f"it is not the credential {key}")


def check_africas_talking(world: World, call: Call) -> None:
    check_secret(world, "africastalking.com:incoming", querystring.parse(call).get("key"))


@vendor.operation("POST", "/api/v1/sms/africastalking/incoming-messages", anonymous=True, query=schemas.Key,
                  body=schemas.AfricasTalkingMessage, consumes=bodies.FORM, response=schemas.Saved, statuses=(200, 403),
                  proof="source", source=AFRICAS_TALKING_SOURCE)
def post_africas_talking_message(world: World, call: Call) -> Any:
    """Store a message: `id`, `from` and `text` in a form; the secret is the query's `key`."""
    check_africas_talking(world, call)
    form = bodies.form(call)
    message = {"id": form.get("id"), "from": form.get("from"), "content": form.get("text")}
    return {"saved": traffic.receive(world, [message])}


@vendor.operation("POST", "/api/v1/sms/africastalking/delivery-reports", anonymous=True, query=schemas.Key,
                  body=schemas.AfricasTalkingReport, consumes=bodies.FORM, response=schemas.Saved,
                  statuses=(200, 400, 403), proof="source", source=AFRICAS_TALKING_SOURCE)
def post_africas_talking_report(world: World, call: Call) -> Any:
    """Record the delivery status of a message: the service's `id` of it, `status`, and perhaps `failureReason`."""
    check_africas_talking(world, call)
    form = bodies.form(call)
    status, id = form.get("status"), form.get("id")
    state = states.AFRICAS_TALKING.get(status) if isinstance(status, str) else None
    if state is None:
        shown = [javascript.text(value) if value is not None else "undefined" for value in (status, id)]
        errors.fail(400, f'Unknown status code: "{shown[0]}", gateway message reference: "{shown[1]}"')
    reason = form.get("failureReason")
    reference = javascript.text(id) if id else None
    return {"saved": states.apply(world, [states.Change(state, None, reason, reference)])}


def store_from_rapidpro(world: World, call: Call) -> dict[str, Any]:
    token = TOKEN.match(call.header("authorization"))
    if token is None:
        errors.fail(403, "Missing authorization token", diagnosis="send the header Authorization: Token <secret>")
    check_secret(world, "rapidpro:incoming", token[1])
    body = call.json if isinstance(call.json, dict) else {}
    message = {key: body.get(key) for key in traffic.REQUIRED}
    if not traffic.receive(world, [message]):
        errors.fail(400, "Message was not saved", diagnosis="id, from or content is missing, or the id is known")
    return {"saved": 1}


@vendor.operation("POST", "/api/v1/sms/radpidpro/incoming-messages", "/api/v2/sms/rapidpro/incoming-messages",
                  anonymous=True, json="lenient", body=schemas.Incoming, response=schemas.Saved,
                  statuses=(200, 400, 403, 500), proof="source", source=RAPIDPRO_SOURCE,
                  differences=(Difference.RAPIDPRO_PATH,))
def post_rapidpro_message(world: World, call: Call) -> Any:
    """Store a message `{id, from, content}`. The path of v1 is spelt like this by the server, too."""
    return store_from_rapidpro(world, call)


@vendor.operation("POST", "/api/v1/sms/rapidpro/incoming-messages", anonymous=True, json="lenient",
                  body=schemas.Incoming, response=schemas.Saved,
                  statuses=(200, 302, 400, 401, 403, 404, 500), errors=response_schemas.COUCH_ERROR, proof="docs",
                  source="CHT API page: SMS, POST /api/v1/sms/{aggregator}/{endpoint}",
                  differences=(Difference.RAPIDPRO_PATH,))
def post_rapidpro_message_1(world: World, call: Call) -> Any:
    """The same, under the name that the page's scheme gives; the 4.15.0 server has no such path."""
    if Difference.RAPIDPRO_PATH.as_server(world):
        raise entrance.refusal(world, call)
    return store_from_rapidpro(world, call)
