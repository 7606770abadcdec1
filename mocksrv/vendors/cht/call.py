"""A request to CHT, with what is found out about it on the way to its handler."""

from __future__ import annotations

from typing import Any

from mocksrv import call
from mocksrv.call import Headers


class Call(call.Call):
    def __init__(self, **received: Any) -> None:
        super().__init__(**received)
        self.json: Any = {}  # the parsed JSON body: an object or array once admitted
        self.json_errors = False  # refusals are JSON whatever the client accepts
        self.malformed: str | None = None  # why CouchDB cannot read the credentials
        self.own_headers: Headers = []  # what the API adds to any answer, such as a renewed cookie
        self.began: float | None = None  # by the stopwatch
