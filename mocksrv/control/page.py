"""The web page of a world: static files, which get their data from the other routes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Response, request

from mocksrv.control.base import CONTROL, ControlError, control
from mocksrv.control.describe import TEXT, told

FOLDER = Path(__file__).parents[1] / "page"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    # What it shows comes from anybody: none of it may run, load anything, or be framed by another site.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                               "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                               "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


@control.get("/")
@told(TEXT, kind="text/html", open=True)
def show_page() -> Response:
    """The page; it is about the world whose prefix it is asked under."""
    return send("index.html")


@control.get("/page/<file>")
@told(TEXT, kind="*/*", open=True)
def page_file(file: str) -> Response:
    """A part of the page."""
    return send(file)


def send(file: str) -> Response:
    """One of the page's own files; never another, whatever the name."""
    path = next((path for path in FOLDER.iterdir() if path.name == file and path.suffix in KINDS), None)
    if path is None:
        raise ControlError("not-found", 404, f"the page has no part {file!r}; it begins at {CONTROL}/")
    body = path.read_bytes()
    response = Response(body, content_type=f"{KINDS[path.suffix]}; charset=utf-8", headers=HEADERS)
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.make_conditional(request)
    return response
