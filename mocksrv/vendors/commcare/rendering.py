"""Rendering: tastypie's JSON and XML, Django's JSON, and the refusals of both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mocksrv.call import Headers, Refusal, Reply
from mocksrv.vendors.commcare.access import authentication
from mocksrv.vendors.commcare.access.checks import CORS, NOT_FOUND
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.errors import CANNED, Denied, Locked, Text, bad_request
from mocksrv.vendors.commcare.tastypie import accept as accepted
from mocksrv.vendors.commcare.tastypie.paginator import Objects

if TYPE_CHECKING:
    from mocksrv.world import World

HTML = "text/html; charset=utf-8"
JSON, XML = "application/json", "application/xml"
OPENROSA = ("HTTP_X_OPENROSA_VERSION", "1.0")  # sic: HQ sends the name under which Django reads the header


def sorted_json(data: Any) -> bytes:
    """Tastypie's JSON: sorted keys, not ASCII-escaped."""
    return encoded(sorted_text(data))


def sorted_text(data: Any) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False)


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def django_json(data: Any) -> bytes:
    """Django's JsonResponse: keys as they come, ASCII-escaped."""
    return json.dumps(data).encode()


def render(world: World, call: Call, result: Any) -> Reply:
    if isinstance(result, Refusal):
        return refused(world, call, result)
    reply = result if isinstance(result, Reply) else Reply(result)
    if reply.body is None or isinstance(reply.body, bytes | Text | Iterator):
        vary = [("Vary", "Accept")] if reply.body is None and call.traits["kind"] == "resource" else []
        return finish(reply.body, reply.status, [*vary, *reply.headers], reply.content_type)
    if call.traits["kind"] == "view":
        return finish(django_json(reply.body), reply.status, reply.headers, JSON)
    try:
        kind = negotiate(call)
        content = encode(kind, reply.body, call.traits["resource"])
    except Refusal as refusal:
        return refused(world, call, refusal)
    headers = [*CORS, ("Vary", "Accept")]
    if call.method == "GET":
        headers.append(("Cache-Control", "no-cache"))
    return finish(content, reply.status, [*headers, *reply.headers],
                  reply.content_type or labelled(kind, bare_json=call.traits.get("plain", False)))


def refused(world: World, call: Call, refusal: Refusal) -> Reply:
    challenged = any(name == "WWW-Authenticate" for name, _ in refusal.headers)
    if denies(call, refusal) and call.login_scheme == "digest" and not challenged:
        # In a digest request HQ replaces the refusal of a login function or view by a new challenge.
        refusal = authentication.challenge(world, refusal.diagnosis)
    body, status = refusal.body, refusal.status
    if body is None or isinstance(body, bytes | Text):
        return finish(body, status, refusal.headers, None)
    if not isinstance(body, dict | list):
        return finish(Text(str(body)), status, refusal.headers, None)
    operation = call.subject
    if operation is None or operation.traits["kind"] == "view":
        return finish(django_json(body), status, refusal.headers, JSON)
    try:
        own = (status == 400 or body is CANNED) and call.arg("callback") is None  # made by tastypie, in any format
        kind = negotiate(call) if own else JSON
    except Refusal:
        kind = JSON
    content = encode(kind, body, operation.traits["resource"])
    return finish(content, status, refusal.headers, labelled(kind, bare_json=True))


def denies(call: Call, refusal: Refusal) -> bool:
    """Whether a refusal comes from inside the login decorator: from the login itself, or as an answer of a function
    view.

    A permission that is missing is an exception, and tastypie's own refusals are made outside of the decorator.
    """
    view = call.subject is not None and call.traits["kind"] == "view" and not isinstance(refusal, Locked)
    return isinstance(refusal, Denied) or (view and refusal.status in (401, 403) and isinstance(refusal.body, dict))


def finish(body: Any, status: int, headers: Headers, content_type: str | None) -> Reply:
    if isinstance(body, Text):
        body, content_type = body.body.encode(), body.content_type
    elif body is None:
        body = b""
    # HQ source: corehq/middleware.py, OpenRosaMiddleware; the redirect to the slash is made outside of it.
    version = [] if status == 301 else [OPENROSA]
    labels = [] if status == 204 else [("Content-Type", content_type or HTML)]
    return Reply(body, status, [*labels, *headers, *version])


def failure(status: int) -> Refusal:
    """HQ's own error of a status, for faults."""
    if status == 404:
        return Refusal(404, Text(NOT_FOUND))
    return Refusal(status, CANNED if status >= 500 else None)


# --- formats ------------------------------------------------------------------------------------------------


def encode(kind: str, data: Any, resource: str) -> bytes:
    objects = data.get("objects") if isinstance(data, dict) else None
    if isinstance(objects, Objects):
        if kind == JSON:
            meta, texts = sorted_text(data["meta"]), ", ".join(objects.texts(sorted_text))
            return encoded(f'{{"meta": {meta}, "objects": [{texts}]}}')
        data = data | {"objects": objects.data()}
    if kind == JSON:
        return sorted_json(data)
    from mocksrv.vendors.commcare.tastypie import xml_serializer

    return xml_serializer.encode(data, resource)


def labelled(kind: str, *, bare_json: bool) -> str:
    """The Content-Type of a format; tastypie itself leaves the charset of JSON out."""
    return kind if bare_json and kind == JSON else f"{kind}; charset=utf-8"


def negotiate(call: Call) -> str:
    """The answer's content type: `format=`, else Accept, else JSON. Raises Refusal for a broken Accept."""
    if call.traits.get("formats") == (JSON,):
        return JSON
    asked = {"json": JSON, "xml": XML}.get(call.arg("format") or "")
    if asked:
        return asked
    accept = call.header("accept")
    if not accept or accept == "*/*":
        return JSON
    try:
        return accepted.best(accept, (XML, JSON)) or JSON
    except ValueError:
        raise bad_request("Invalid Accept header") from None
