"""Rendering of answers and refusals: the only maker of bytes and headers.

Three servers show through: Express (JSON with an ETag), the API's error helper (neither length nor ETag), and
CouchDB behind the proxy (lower-case header names, a newline at the end).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from mocksrv.call import Headers, Refusal, Reply, TooLarge
from mocksrv.vendors.cht import releases, routing
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.errors import CouchError, Data, PlainText
from mocksrv.vendors.cht.node import json_text, negotiation
from mocksrv.vendors.cht.node.compression import compressible

JSON_TYPE = "application/json; charset=utf-8"
VARY = ("Vary", "Accept-Encoding")
POLICY = (
    "default-src 'none'; font-src 'self'; manifest-src 'self'; "
    "connect-src 'self' https://staging.dev.medicmobile.org/_couch/builds_4/ maps.googleapis.com; "
    "child-src 'self'; form-action 'self'; img-src 'self' data: blob: *.openstreetmap.org; "
    "media-src 'self' blob:; script-src 'self' 'sha256-B5cfIVb4/wnv2ixHP03bHeMXZDszDL610YG5wdDq/Tc=' 'unsafe-eval' "
    "'unsafe-hashes' 'sha256-2rvfFrggTCtyF5WOiTri1gDS8Boibj4Njn0e+VCBmDI='; style-src 'self' 'unsafe-inline'"
)
# The headers that the package helmet puts first on every answer.
HELMET: Headers = [
    ("Content-Security-Policy", POLICY),
    ("X-DNS-Prefetch-Control", "off"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Strict-Transport-Security", "max-age=15552000; includeSubDomains"),
    ("X-Download-Options", "noopen"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-XSS-Protection", "1; mode=block"),
]
# The same of its version 8: no spaces, more rules, and headers in the order of the alphabet.
LATER_POLICY = POLICY.replace("; ", ";") + (
    ";base-uri 'self';frame-ancestors 'self';object-src 'none';script-src-attr 'none';upgrade-insecure-requests")
LATER_HELMET: Headers = [
    ("Content-Security-Policy", LATER_POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Origin-Agent-Cluster", "?1"),
    ("Referrer-Policy", "no-referrer"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-DNS-Prefetch-Control", "off"),
    ("X-Download-Options", "noopen"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("X-Permitted-Cross-Domain-Policies", "none"),
    ("X-XSS-Protection", "0"),
]
PROXY = ("WWW-Authenticate", "Cookie")
COUCH_SERVER = "CouchDB/3.3.3 (Erlang OTP/25)"
LOGIN = "/medic/login"
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
COMPONENT = "-_.!~*'()"  # characters that encodeURIComponent keeps
LOGIN_FORCE = ("Set-Cookie", "login=force; Path=/; SameSite=Lax")


@dataclass
class CouchReply(Reply):
    """An answer of CouchDB. The API puts `WWW-Authenticate: Cookie` on those that pass its plain proxy."""

    traced: bool = True  # with the id and the time that CouchDB gives requests; sessions have none
    policy: str | None = None  # CouchDB's own Content-Security-Policy, in the place of the API's


class Rendered(Reply):
    """An answer that is bytes and headers already."""


def render(call: Call, result: Any) -> Reply:
    """The answer to a handler's result or to a refusal."""
    if isinstance(result, Rendered):
        return result
    if isinstance(result, Refusal):
        return refusal(call, result)
    if isinstance(result, CouchReply):
        return couch(call, result)
    if isinstance(result, Reply):
        return express(call, result)
    return express(call, Reply(result))


def guard(call: Call) -> Headers:
    """The security headers of an answer."""
    return LATER_HELMET if releases.SECURITY_HEADERS.holds(call) else HELMET


# --- Express ---


def express(call: Call, reply: Reply) -> Reply:
    """Data as JSON, text as HTML, with length and weak ETag; bytes and streams as they are."""
    body, kind = reply.body, reply.content_type
    if reply.streams or reply.chunked:
        headers = [*guard(call), *([("Content-Type", kind)] if kind else []), *reply.headers]
        return Reply(body, reply.status, [*headers, *vary(kind)], chunked=reply.chunked)
    if isinstance(body, str):
        data, kind = body.encode(), kind or "text/html; charset=utf-8"
    elif isinstance(body, bytes):
        data = body
    else:
        data, kind = json_text.dumps(body), kind or JSON_TYPE
    tag = etag(data)
    if is_fresh(call, reply.status, tag):
        return Reply(b"", 304, [*guard(call), *reply.headers, ("ETag", tag), ("Content-Length", "0")])
    headers = [*guard(call), *reply.headers, *([("Content-Type", kind)] if kind else []),
               ("Content-Length", str(len(data))), ("ETag", tag), *vary(kind)]
    return Reply(data, reply.status, headers)


def vary(content_type: str | None) -> Headers:
    """The Vary header of answers that the middleware compresses for some clients."""
    return [VARY] if content_type == "application/json" or compressible(content_type) else []


def etag(data: bytes) -> str:
    """Express' weak ETag: the length in hex and the start of the SHA-1."""
    digest = hashlib.sha1(data, usedforsecurity=False).digest()
    return f'W/"{len(data):x}-{base64.b64encode(digest).decode()[:27]}"'


def encodings(call: Call) -> set[str]:
    """The content encodings that the client names and takes."""
    named = (part.partition(";") for part in call.header("accept-encoding").lower().split(","))
    return {name.strip() for name, _, weight in named if weight.replace(" ", "") not in ("q=0", "q=0.0")}


def header_value(text: str) -> str:
    """A text as the value of one of CouchDB's headers, which are UTF-8, on one line."""
    return CONTROL.sub("", text).encode("utf-8", "replace").decode("latin-1")


def couch_etag(data: bytes) -> str:
    """CouchDB's ETag of answers that are not documents: an MD5 as a number of base 36."""
    number, digits = int(hashlib.md5(data, usedforsecurity=False).hexdigest(), 16), ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest] + digits
    return f'"{digits}"'


def is_fresh(call: Call, status: int, tag: str) -> bool:
    """Whether the client holds this answer already: a 2xx to GET or HEAD whose tag it names."""
    known = call.header("if-none-match")
    if not known or call.method not in ("GET", "HEAD") or not 200 <= status < 300:
        return False
    if "no-cache" in call.header("cache-control"):
        return False
    bare = tag.removeprefix("W/")
    return known.strip() == "*" or any(one.strip().removeprefix("W/") == bare for one in known.split(","))


# --- CouchDB ---


def couch(call: Call, reply: CouchReply) -> Reply:
    """An answer as CouchDB's HTTP layer writes it, with the API's own headers around it."""
    body = reply.body
    if routing.edits(call) and releases.WRITES_REWRITTEN.holds(call) and not isinstance(body, bytes | Iterator):
        return rewritten(call, reply)
    if not isinstance(body, bytes | Iterator):
        body = json_text.dumps(body) + b"\n"
    unsized = reply.streams or reply.chunked
    length = [] if unsized else [("content-length", str(len(body)))]
    seed = b"" if unsized else body
    kind = reply.content_type or "application/json"
    if reply.status == 301:  # a redirect has no further headers
        first: Headers = [*length]
    else:
        first = [("cache-control", "must-revalidate"), *length, ("content-type", kind)]
    own: Headers = [*first, *reply.headers] if reply.traced else [*reply.headers, *first]
    own.append(("server", COUCH_SERVER))
    if reply.traced:
        request = hashlib.blake2b(seed, digest_size=5).hexdigest()
        own += [("x-couch-request-id", request), ("x-couchdb-body-time", "0")]
    proxy = [PROXY] if routing.is_plain(call) else []
    security = guard(call)
    if reply.policy:
        security = [("content-security-policy", reply.policy), *security[1:]]
    return Reply(body, reply.status, [*security, *call.own_headers, *own, *proxy, *vary(kind)],
                 chunked=reply.chunked)


def rewritten(call: Call, reply: CouchReply) -> Reply:
    """An answer of CouchDB's that the API has read and writes itself, as later releases do with those to writes."""
    body = json_text.dumps(reply.body)
    tag = [] if any(name == "etag" for name, _ in reply.headers) else [("ETag", etag(body))]
    request = hashlib.blake2b(body, digest_size=5).hexdigest()
    own = [("cache-control", "must-revalidate"), ("Content-Length", str(len(body))), ("Content-Type", JSON_TYPE),
           *reply.headers, ("server", COUCH_SERVER), ("x-couch-request-id", request), ("x-couchdb-body-time", "0")]
    return Reply(body, reply.status, [*guard(call), *call.own_headers, *own, *tag, VARY])


def location(call: Call, *parts: str) -> tuple[str, str]:
    """Where a database, document or attachment is, encoded as by CouchDB 3.3's url_encode: letters, digits and
    `_.-:` stay."""
    encoded = (quote(part, safe=":", errors="surrogatepass").replace("~", "%7E") for part in parts)
    return "location", "/".join((call.base_url, *encoded))


# --- refusals ---


def refusal(call: Call, refused: Refusal) -> Reply:
    if isinstance(refused, CouchError):
        return couch(call, CouchReply(refused.body, refused.status, refused.headers))
    if isinstance(refused, PlainText):
        return unsized(call, refused.status, "text/plain", str(refused.body).encode())
    if isinstance(refused, Data):
        return express(call, Reply(refused.body, refused.status))
    if refused.status == 401:
        return unauthorized(call, prompt=getattr(refused, "prompt", False))
    if isinstance(refused, TooLarge):
        return helper(call, 413, "Payload Too Large", None)
    if refused.status == 429:
        return limited(call)
    if refused.status >= 500:
        return helper(call, refused.status, "Server error", getattr(refused, "details", None))
    return helper(call, refused.status, refused.body, getattr(refused, "details", None), refused.headers)


def helper(call: Call, status: int, message: Any, details: Any, headers: Headers | None = None) -> Reply:
    """The error helper of the API: text or JSON, sent without a length. The page shows JSON."""
    if call.json_errors or negotiation.prefers_json(call.header("accept")):
        body: dict[str, Any] = {"code": status, "error": message}
        if details is not None:
            body["details"] = details
        return unsized(call, status, JSON_TYPE, json_text.dumps(body), headers)
    if isinstance(message, dict):
        message = message.get("message") or json_text.text(message)
    text = message if isinstance(message, str) else json_text.text(message)
    if details is not None:
        text += f": {json_text.text(details)}"
    return unsized(call, status, "text/plain", text.encode(), headers)


def unsized(call: Call, status: int, content_type: str, body: bytes, headers: Headers | None = None) -> Reply:
    """Send the body in one chunk, as Node does without a Content-Length."""
    return Reply(body, status, [*guard(call), *(headers or []), ("Content-Type", content_type), VARY], chunked=True)


def limited(call: Call) -> Reply:
    """Too many failed logins: refused before anything else, even before the security headers."""
    powered = ("X-Powered-By", "Express")
    if negotiation.prefers_json(call.header("accept")):
        body = b'{"code":429,"error":"Too Many Requests"}'
        return Reply(body, 429, [powered, ("Content-Type", JSON_TYPE), ("Content-Length", str(len(body)))])
    return Reply(b"Too Many Requests", 429, [powered, ("Content-Type", "text/plain")], chunked=True)


def unauthorized(call: Call, prompt: bool = False) -> Reply:
    """The answer to callers who are not signed in: JSON, a redirect to the login page for browsers, or a prompt."""
    logout: Headers = [*call.own_headers, ("logout-authorization", "CHT-Core API")]
    if not prompt and negotiation.prefers_json(call.header("accept")):
        reply = unsized(call, 401, JSON_TYPE, b'{"code":401,"error":"unauthorized"}', logout)
    elif not prompt and looks_human(call):
        reply = login_redirect(call, logout)
    else:
        reply = unsized(call, 401, "text/plain", b"not logged in", logout)
        reply.headers.insert(-1, ("WWW-Authenticate", 'Basic realm="Medic Web Services"'))  # in the place of PROXY
        return reply
    if routing.is_proxied(call) and routing.is_plain(call) and (call.caller is not None or routing.is_unchecked(call)):
        reply.headers.insert(-1, PROXY)
    return reply


def loses_its_path(call: Call) -> bool:
    """Whether the server has put another path in the request's place."""
    return call.path == "/dbinfo" and releases.DB_INFO.holds(call)


def looks_human(call: Call) -> bool:
    """Whether a client counts as a browser: it sends a User-Agent, and is not one of two Android apps."""
    agent = call.header("user-agent")
    robot = agent.startswith("Dalvik/") and ("medic.gateway" in agent or ".collect.android" in agent)
    return bool(agent) and not robot


def login_redirect(call: Call, headers: Headers) -> Reply:
    wanted = "/" if loses_its_path(call) else call.target.removeprefix(call.prefix) or "/"
    page = f"{LOGIN}?redirect={quote(wanted, safe=COMPONENT)}"
    return redirect(call, page, headers=[*headers, LOGIN_FORCE])


def redirect(call: Call, path: str, status: int = 302, headers: Headers | None = None) -> Rendered:
    """Express' res.redirect: a Location and a line about it, in HTML for clients that prefer it. No ETag."""
    words = {301: "Moved Permanently", 302: "Found"}[status]
    line = f"{words}. Redirecting to {path}"
    form = negotiation.preferred(call.header("accept"), (negotiation.TEXT, negotiation.HTML))
    body = {negotiation.TEXT: line, negotiation.HTML: f"<p>{line}</p>", None: ""}[form].encode()
    kind = [("Content-Type", f"{form}; charset=utf-8")] if form else []
    place = ("Location", f"{call.prefix}{path}")
    tail = [("Vary", "Accept, Accept-Encoding" if form else "Accept"), *kind, ("Content-Length", str(len(body)))]
    return Rendered(body, status, [*guard(call), *(headers or []), place, *tail])
