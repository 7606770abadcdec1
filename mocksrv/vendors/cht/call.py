"""A request to CHT, with what is found out about it on the way to its handler."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import Any

from mocksrv import call
from mocksrv.call import Headers
from mocksrv.vendors.cht.couch.cookies import Malformed

BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


class Call(call.Call):
    def __init__(self, **received: Any) -> None:
        super().__init__(**received)
        self.json: Any = {}  # the parsed JSON body: an object or array once admitted
        self.json_errors = False  # refusals are JSON whatever the client accepts
        self.malformed: str | None = None  # why CouchDB cannot read the credentials
        self.own_headers: Headers = []  # what the API adds to any answer, such as a renewed cookie
        self.began: float | None = None  # by the stopwatch

    @property
    def basic(self) -> tuple[str, str] | None:
        """Name and password of the Authorization header, if it has them. Raises `Malformed`."""
        return basic(self.headers.get("authorization", ""))


@lru_cache(maxsize=1_000)
def basic(header: str) -> tuple[str, str] | None:
    """Name and password of an Authorization header, if it has them. Raises `Malformed`."""
    kind, _, encoded = header.partition(" ")
    if kind != "Basic":  # in this letter case only, as recorded
        return None
    encoded = "".join(encoded.split())
    if not BASE64.fullmatch(encoded):
        raise Malformed("Authorization header has invalid base64 value")
    name, colon, password = base64.b64decode(encoded).decode("utf-8", "replace").partition(":")
    return (name, password) if colon else None
