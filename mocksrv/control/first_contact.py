"""What a browser sees that opens the address which `mocksrv serve` has printed.

A vendor's own answer to `GET /` stays where it has one: CHT serves its web application there, to anybody, and clients
read its headers. In the place of the application, which is not simulated, is a page that leads to ours. CareHQ and
CommCare HQ have no route at `/` that is simulated; alone on a server they would greet a person with a 401 in JSON or an
empty 404. Nothing that calls an API looks like a person who has just arrived: it has credentials, a path, or wants
something else than HTML. So that one request gets a page of ours, unless a fault in the world says otherwise; under the
vendor's own mount (`/carehq/`, `/commcare/`) it never does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocksrv.serving.wsgi import dated

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>mocksrv</title></head>
<body><h1>mocksrv runs here</h1>
<p>This address is for clients of the simulated services. For people there is <a href="{prefix}/_mocksrv/">its page</a>:
base URLs, credentials, a first call to try, and all that is asked and answered.</p></body>
</html>
"""
SIGNED_IN = ("HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_X_CAREHQ_ACCOUNTID")


def is_first(environ: WSGIEnvironment) -> bool:
    """Whether this may be a person's first look: a browser that asks for a page and brings nothing along."""
    return (environ["REQUEST_METHOD"] == "GET" and "text/html" in environ.get("HTTP_ACCEPT", "")
            and not environ.get("QUERY_STRING") and not any(key in environ for key in SIGNED_IN))


def greet(prefix: str, start_response: StartResponse) -> list[bytes]:
    """The page; `prefix` is that of the world, of which no letter means anything in HTML."""
    body = PAGE.format(prefix=prefix).encode()
    dated(start_response)("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body))),
                                     ("Content-Security-Policy", "default-src 'none'"), ("Cache-Control", "no-store"),
                                     ("Vary", "Accept, Authorization, Cookie")])
    return [body]
