"""CHT's refusals as data; `rendering` renders them.

    Refusal
     ├─ Failure      the API's own: text or JSON, as Accept has it; 401 and 5xx lose their message
     ├─ CouchError   CouchDB's, passed through: always {"error", "reason"}
     ├─ PlainText    text whatever Accept says (the documentation page's example of a wrong place)
     └─ Data         JSON of the API's own, whatever Accept says
         └─ Firewall     an offline user where only online users may go

CHT 4.15 source, api/src/server-utils.js, api/src/middleware/authorization.js.
"""

from __future__ import annotations

from typing import Any, NoReturn

from mocksrv.call import Refusal
from mocksrv.vendors.cht.couch.errors import CouchError, couch, unknown

__all__ = ["BAD_NAME", "NO_DATABASE", "USUAL", "CouchError", "Data", "Failure", "Firewall", "PlainText", "couch",
           "denied", "fail", "server_error", "unknown"]


class Failure(Refusal):
    """An error of the API. `body` is its message: text, or an object with `message`."""

    def __init__(self, status: int, message: Any, details: Any = None, *, prompt: bool = False,
                 diagnosis: str | None = None) -> None:
        super().__init__(status, message, diagnosis=diagnosis)
        self.details = details
        self.prompt = prompt  # a 401 that asks for Basic credentials, whatever the client accepts


class PlainText(Refusal):
    """A text whatever the client accepts."""


class Data(Refusal):
    """JSON of the API's own, whatever the client accepts."""


class Firewall(Data):
    """The firewall's refusal of offline users."""

    def __init__(self) -> None:
        super().__init__(
            403,
            {"code": 403, "error": "forbidden",
             "details": "Offline users are not allowed access to this endpoint"},
            diagnosis="this user is offline: it has neither the role mm-online nor _admin; "
                      "use an account whose roles are online")


def fail(status: int, message: Any, details: Any = None, *, prompt: bool = False,
         diagnosis: str | None = None) -> NoReturn:
    """Refuse with a status and a message, which is a text or an object with `message`.

    A 401 does not show them (see `rendering.unauthorized`), nor does a status from 500 on.
    """
    raise Failure(status, message, details, prompt=prompt, diagnosis=diagnosis or str(message))


def server_error(public: str | None = None, *, diagnosis: str | None = None) -> NoReturn:
    """The 500 `Server error`; `public` is what the server shows of the cause, in `details`."""
    raise Failure(500, "Server error", public, diagnosis=diagnosis or public)


def denied(diagnosis: str) -> NoReturn:
    """Refuse an offline user a document of others."""
    raise Data(403, {"error": "forbidden", "reason": "Insufficient privileges"}, diagnosis=diagnosis)


# The usual message of the API for a status, for faults.
USUAL = {403: "Insufficient privileges", 404: "missing", 409: "Document update conflict.", 413: "Payload Too Large",
         429: "Too Many Requests"}
NO_DATABASE = (404, "not_found", "Database does not exist.")
BAD_NAME = ("Name: '{}'. Only lowercase characters (a-z), digits (0-9), and any of the characters _, $, (, ), +, -, "
            "and / are allowed. Must begin with a letter.")
