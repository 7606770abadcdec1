"""Reading the WSGI environment and writing answers for it: paths, worlds in paths, headers, status lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from mocksrv.clock import Clock

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)  # of a world, or of a snapshot
NAMES = "1 to 64 ASCII letters, digits, dots, dashes or underscores"
WORLD = re.compile(rf"/~({NAME.pattern})(?=/|$)", re.ASCII)
SLASH = "\ue02f"  # stands for an encoded slash inside a path segment while routes are looked up
CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}  # strict clients refuse them
STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


def take_world(prefix: str, path: str) -> tuple[str, str | None, str]:
    """Move a leading `/~name` from the path to the prefix."""
    found = WORLD.match(path)
    if found is None:
        return prefix, None, path
    return prefix + found[0], found[1], path[found.end() :] or "/"


def path_of(target: str) -> str:
    """The decoded path of a request target in which an encoded slash inside a segment stays apart."""
    raw = target.partition("#")[0].partition("?")[0]
    if not raw.startswith("/"):  # absolute-form: http://host/path
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    return "/".join(unquote(part).replace("/", SLASH) for part in raw.split("/"))


def quoted_target(environ: WSGIEnvironment) -> str:
    """The request target out of a plain WSGI environment, for servers that do not keep the original."""
    path = quote(environ.get("SCRIPT_NAME", "").encode("latin-1") + environ["PATH_INFO"].encode("latin-1"),
                 safe="/:@!$&'()*+,;=~-._")
    query = environ.get("QUERY_STRING")
    return f"{path}?{query}" if query else path


def headers_of(environ: WSGIEnvironment) -> dict[str, str]:
    """The request's headers, names in lower case."""
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    for key, name in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        if environ.get(key):
            headers[name] = environ[key]
    return headers


def status_line(status: int) -> str:
    return STATUS_LINES.get(status) or f"{status} Unknown"


def dated(start_response: StartResponse) -> StartResponse:
    """Adds the Date header (RFC 9110, 6.6.1) of our own answers: they come from no world, so in real time."""
    def start(status: str, headers: list[tuple[str, str]],
              error: tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None = None,
              /) -> Callable[[bytes], object]:
        return start_response(status, [*headers, ("Date", Clock().http())], error)

    return start


def header_safe(text: str) -> str:
    """One line that fits into a header."""
    return " ".join(text.split()).translate(CONTROLS).encode("latin-1", "backslashreplace").decode("latin-1")[:4_000]
