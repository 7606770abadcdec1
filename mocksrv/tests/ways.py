"""How far a request goes: how often a call of a function leads from one file of mocksrv to another."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import mocksrv
from mocksrv.app import Simulator, create_app
from mocksrv.config import Config

ROOT = str(Path(mocksrv.__file__).parent)
ADMIN = "Basic YWRtaW46cGFzcw=="


class Ways:
    """The changes of file since it was made, `(from, to)`; what is not of mocksrv is "...". Callbacks count, too."""

    def __init__(self) -> None:
        self.pairs: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> None:
        sys.setprofile(self._note)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    @property
    def changes(self) -> int:
        return sum(self.pairs.values())

    @property
    def files(self) -> int:
        return len({to for _, to in self.pairs})

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "call" or frame.f_back is None:
            return
        here, there = frame.f_code.co_filename, frame.f_back.f_code.co_filename
        if here != there and here.startswith(ROOT):
            self.pairs[self._name(there), self._name(here)] += 1

    @staticmethod
    def _name(path: str) -> str:
        return path[len(ROOT) + 1 :] if path.startswith(ROOT) else "..."


def ask(app: Simulator, method: str, target: str, body: Any = None) -> Any:
    """The JSON of CHT's answer, which must be a success, from the WSGI application itself."""
    data = b"" if body is None else json.dumps(body).encode()
    path, _, query = target.partition("?")
    environ = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
               "SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.url_scheme": "http", "mocksrv.target": target,
               "wsgi.input": io.BytesIO(data), "HTTP_AUTHORIZATION": ADMIN, "HTTP_ACCEPT": "application/json"}
    if body is not None:
        environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(data))}
    told: list[str] = []
    answer = b"".join(app.wsgi_app(environ, lambda status, *_: told.append(status)))  # type: ignore[arg-type]
    assert told[0].startswith("2"), (told[0], answer)
    return json.loads(answer)


def of_new_user() -> Ways:
    """Those of POST /api/v2/users with a login link, a new place and a new person: CHT's longest way of one object."""
    app = create_app(Config(vendor=("cht",), size=200))
    ask(app, "PUT", "/api/v1/settings", {"token_login": {"enabled": True, "message": "Hi"}})
    above = ask(app, "GET", "/api/v1/place?type=district_hospital")["data"][0]["_id"]
    found = Ways()
    for number in range(3):  # the first ones import and remember
        body = {"username": f"asha{number}", "type": "chw", "phone": f"+25471234567{number}", "token_login": True,
                "place": {"name": "Kisumu", "type": "health_center", "parent": above},
                "contact": {"name": "Asha", "type": "person"}}
        found = Ways()
        with found:
            ask(app, "POST", "/api/v2/users", body)
    return found
