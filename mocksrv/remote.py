"""A Python client of the control plane, for tests and scripts: one world of a running server."""

from __future__ import annotations

import base64
import json
import os
import ssl
import warnings
from collections.abc import Callable
from functools import cache, cached_property
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from mocksrv.serving.wsgi import NAME, NAMES

if TYPE_CHECKING:
    from tinydb import TinyDB

DEFAULT = "default"  # the world that needs no prefix
NOTHING: Any = object()  # in the place of a JSON body, which may be None


@cache
def opener(*_trusted: str | None) -> OpenerDirector:
    """A urllib opener that ignores HTTP_PROXY, which is meant for hosts outside. The files of CAs are read when it is
    made.
    """
    return build_opener(ProxyHandler({}))


def direct() -> OpenerDirector:
    """The opener for the CAs that are trusted now."""
    return opener(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


class ControlFailure(Exception):
    """The control plane refused; the text is the `detail` of its problem."""


class NoAnswer(ControlFailure):
    """No server answered; the text says why, and what to do."""


FAILURES = (ControlFailure, OSError, HTTPException)  # what a call may raise


def reason(server: str, error: BaseException) -> str:
    """Why a call failed, and what to do, in one line."""
    if isinstance(error, ControlFailure):
        return str(error)
    cause = getattr(error, "reason", error)  # urllib wraps what the socket said
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (f"the certificate of {server} is not trusted ({cause.verify_message}): name its CA, "
                "such as SSL_CERT_FILE=~/.mocksrv/ca.pem")
    if isinstance(cause, ssl.SSLError):
        return f"{server} does not speak TLS ({cause.reason or cause}): use http:// for a server without --tls"
    if isinstance(cause, HTTPException | ConnectionResetError) and server.startswith("http://"):
        return f"{server} hung up without an answer: use https:// for a server with --tls"
    return f"no answer from {server} ({cause}): start one with `mocksrv serve`, or give its --url"


class RemoteClock:
    """The clock of a world; every method answers its new state, `{"now", "frozen", "skew", "rate"}`."""

    def __init__(self, world: RemoteWorld) -> None:
        self._world = world

    def _change(self, **change: Any) -> dict[str, Any]:
        state: dict[str, Any] = self._world.control("POST", "/clock", change)
        return state

    def read(self) -> dict[str, Any]:
        state: dict[str, Any] = self._world.control("GET", "/clock")
        return state

    def advance(self, seconds: float) -> dict[str, Any]:
        return self._change(advance=seconds)

    def freeze(self, at: str | None = None) -> dict[str, Any]:
        """Stand still now, or at an ISO 8601 moment."""
        return self._change(freeze=True, **({} if at is None else {"set": at}))

    def unfreeze(self) -> dict[str, Any]:
        return self._change(freeze=False)

    def set(self, at: str) -> dict[str, Any]:
        return self._change(set=at)

    def rate(self, times: float) -> dict[str, Any]:
        """Run so many times as fast as real time."""
        return self._change(rate=times)

    def skew(self, seconds: float) -> dict[str, Any]:
        return self._change(skew=seconds)


class Account:
    """One vendor in a world: `url` and `credentials` for any client, and a ready `client` where one is known."""

    def __init__(self, vendor: str, world: RemoteWorld) -> None:
        self.vendor = vendor
        self.world = world
        self.credentials = world.credentials(vendor)[0]
        self.url: str = self.credentials["base_url"]

    @cached_property
    def client(self) -> Any:
        """CareHQ's official APIClient, or a requests session that logs in; both must be installed by you."""
        known = self.credentials
        if self.vendor == "carehq":
            from carehq import APIClient  # type: ignore[import-untyped]

            return APIClient(known["account_id"], known["api_key"], known["api_secret"], api_base_url=self.url)
        import requests

        session = requests.Session()
        if self.vendor == "commcare":
            session.headers["Authorization"] = f"ApiKey {known['username']}:{known['api_key']}"
        elif "token" in known:
            session.headers["Authorization"] = f"Bearer {known['token']}"
        elif "username" in known:
            session.auth = (known["username"], known["password"])
        return session


class RemoteWorld:
    """One world of a server, by its base URL. `url` is what a vendor's client is pointed at.

    `timeout` is the most seconds that a call of the control plane waits for a byte.
    Raises ValueError for a URL without http:// or https://, and for a name that no world can have.
    """

    timeout = 300.0  # a large world takes its time to be made

    def __init__(self, server: str, name: str, token: str = "") -> None:
        check_url(server)
        if not NAME.fullmatch(name):
            raise ValueError(f"no world can be called {name!r}: use {NAMES}")
        self.server = server.rstrip("/")
        self.name = name
        self.url = self.server if name == DEFAULT else f"{self.server}/~{name}"
        self.clock = RemoteClock(self)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def control(self, method: str, path: str, data: Any = None) -> Any:
        """A call of the control plane under this world's prefix. Raises ControlFailure."""
        return self._call(method, path, data)[0]

    def _call(self, method: str, path: str, data: Any = None) -> tuple[Any, str | None]:
        """The same, and the advice that the server sends beside the answer."""
        body = None if data is None else json.dumps(data).encode()
        request = Request(f"{self.url}/_mocksrv{path}", body, self._headers, method=method)
        try:
            with direct().open(request, timeout=self.timeout) as response:
                text, advice = response.read(), response.headers["X-Mocksrv-Diagnosis"]
        except HTTPError as error:
            with error:
                raise ControlFailure(detail(error)) from None
        except (OSError, HTTPException) as error:
            raise NoAnswer(reason(self.server, error)) from None
        try:
            return json.loads(text) if text else None, advice
        except ValueError:
            raise ControlFailure(f"{request.full_url} did not answer in JSON: is there a mocksrv?") from None

    def reset(self) -> None:
        """Begin again: seeded data, an empty journal, no faults, the settings of the start, the machine's time."""
        self.control("POST", "/reset")

    def plant(self, *, seed: int | None = None, size: int | str | None = None, at: str | None = None,
              **settings: Any) -> None:
        """Make the world anew, with another seed, size or settings (`cht_conformance="page"`).

        Its clock stands at the ISO 8601 moment `at`, and its records are older: the same seed gives the same bytes on
        any day. Without `at` it has the machine's time; a clock that was set before is forgotten, with a warning.
        """
        fields = {"seed": seed, "size": size, "clock": None if at is None else {"freeze": True, "set": at},
                  "settings": dotted(settings) or None}
        given = {key: value for key, value in fields.items() if value is not None}
        if advice := self._call("POST", "/worlds", {"name": self.name} | given)[1]:
            warnings.warn(advice, stacklevel=2)

    def set(self, **settings: Any) -> None:
        """Change vendors' settings in this world: `world.set(cht_conformance="page")`."""
        self.control("POST", "/settings", dotted(settings))

    @cached_property
    def db(self) -> TinyDB:
        """The world's tables, to read: `world.db.table("cht.medic").search(where("type") == "person")`."""
        from mocksrv.store.remote import RemoteDB

        return RemoteDB(self)

    def credentials(self, vendor: str) -> list[dict[str, Any]]:
        """The ready-made credentials of a vendor. Raises ValueError for one that is not served."""
        known: dict[str, list[dict[str, Any]]] = self.control("GET", "/credentials")
        if vendor not in known:
            from mocksrv.problems import unknown

            raise ValueError(unknown("vendor", vendor, known))
        return known[vendor]

    def account(self, vendor: str) -> Account:
        """One vendor in this world, with its first ready-made credentials."""
        return Account(vendor, self)

    def journal(self, **wanted: Any) -> list[dict[str, Any]]:
        """The last exchanges, by vendor, operation, method, status or caller."""
        entries: list[dict[str, Any]] = self.control("GET", f"/journal?{urlencode(wanted)}")
        return entries

    def verify(self, operation: str | None = None, **expected: Any) -> None:
        """Fail with a readable account unless the journal shows it: `verify("get_person", exactly=2)`, or with what was
        sent: `verify("create_people", json={"name": "Asha"})`, `query`, `headers`, `form`, ... (docs/verify.md).
        """
        aim = {} if operation is None else {"operation": operation}
        result = self.control("POST", "/journal/verify", aim | expected)
        if not result["ok"]:
            raise AssertionError(result["account"])

    def import_(self, *files: str, data: dict[str, Any] | None = None) -> dict[str, int]:
        """Put own data into this world, out of files or as `{"cht": {"users": [...]}}`; how many records by table."""
        from mocksrv.imports import read_file

        read = [read_file(file) for file in files]
        sent = [{"name": one.name, "text": one.text} for one in read]
        if data is not None:
            sent.append({"name": "data.json", "text": json.dumps(data)})
        answer: dict[str, dict[str, int]] = self.control("POST", "/import", {"files": sent})
        return answer["imported"]

    def export(self, *tables: str) -> dict[str, Any]:
        """The records of this world in the form in which they are imported: all, or those of tables (`cht.users`)."""
        found: dict[str, Any] = self.control("GET", f"/export?{urlencode([('table', name) for name in tables])}")
        return found

    def outbox(self, **wanted: Any) -> list[dict[str, Any]]:
        """What the services send by themselves: calls by vendor, kind, state, about, method, url or status."""
        calls: list[dict[str, Any]] = self.control("GET", f"/outbox?{urlencode(wanted)}")
        return calls

    def deliver(self, id: int, **answer: Any) -> dict[str, Any]:
        """Have a call of the outbox answered: `deliver(3, status=201, body="...")`; without an answer it is really
        made where it may go."""
        call: dict[str, Any] = self.control("POST", f"/outbox/{id}/deliver", answer)
        return call

    def fail(self, id: int, error: str = "no answer") -> dict[str, Any]:
        """Make a call of the outbox fail: it gets no answer."""
        call: dict[str, Any] = self.control("POST", f"/outbox/{id}/fail", {"error": error})
        return call

    def delay(self, id: int, seconds: float) -> dict[str, Any]:
        """Let a call of the outbox wait longer, on the world's clock."""
        call: dict[str, Any] = self.control("POST", f"/outbox/{id}/delay", {"seconds": seconds})
        return call

    def verify_sent(self, **expected: Any) -> None:
        """Fail with a readable account unless the outbox shows it: `verify_sent(operation="outbound", exactly=2)`."""
        result = self.control("POST", "/outbox/verify", expected)
        if not result["ok"]:
            raise AssertionError(result["account"])

    def fault(self, **fields: Any) -> dict[str, Any]:
        """Let something go wrong: `fault(operation="get_person", status=503, times=2)`.

        Raises OSError where the file of an own answer cannot be read.
        """
        if "answer" in fields:
            fields["answer"] = with_file(fields["answer"])
        added: dict[str, Any] = self.control("POST", "/faults", fields)
        return added

    def answer(self, operation: str, *, when: str = "instead", status: int | str | None = None,
               headers: dict[str, str] | None = None, json: Any = NOTHING, text: str | None = None,
               file: str | os.PathLike[str] | None = None, **aim: Any) -> dict[str, Any]:
        """Have an operation answer what you say: `answer("cht.get_person", json={"name": "Ada"}, times=1)`.

        `when="after"` carries the operation out and changes its answer. Texts may be templates, files are sent as they
        are; `aim` is that of a fault: times, nth, probability, caller, path, method.
        """
        given = {"when": when, "status": status, "headers": headers, "text": text, "file": file}
        answer = {name: value for name, value in given.items() if value is not None}
        if json is not NOTHING:
            answer["json"] = json
        return self.fault(**aim_of(operation), **aim, answer=answer)

    def on(self, operation: str, *, when: str = "after", **aim: Any) -> Callable[[Any], Any]:
        """Have a function make the answers of an operation. Raises RuntimeError: it could not be called from here."""
        raise RuntimeError(f"a hook on {operation!r} is called in the server's own process, and {self.server} runs in "
                           "another: use answer(), or leave out --mocksrv-url and --mocksrv-subprocess")

    def faults(self) -> list[dict[str, Any]]:
        """The faults and own answers, each with how many calls it has `seen` and how many it `hits`."""
        found: list[dict[str, Any]] = self.control("GET", "/faults")
        return found

    def remove_fault(self, number: int | None = None) -> None:
        """Remove the fault of that `id`, or all of them."""
        self.control("DELETE", "/faults" if number is None else f"/faults/{number}")

    def snapshot(self, name: str, *, lasting: bool = False) -> None:
        """Keep the world as it is now; it is forgotten with the world unless it is `lasting`."""
        self.control("POST", "/snapshots", {"name": name, "lasting": lasting})

    def copy_snapshot(self, world: str, name: str) -> None:
        """Have a snapshot of the world of that name here, too."""
        self.control("POST", "/snapshots", {"name": name, "from": {"world": world, "snapshot": name}})

    def restore(self, name: str) -> None:
        """Make the world what the snapshot was."""
        self.control("POST", f"/snapshots/{quote(name, safe='')}/restore")

    def scenario(self, name: str) -> dict[str, str]:
        """Set up a scenario in this world; returns its symptom and what a client should do."""
        applied: dict[str, str] = self.control("POST", f"/scenarios/{quote(name, safe='')}")
        return applied

    def delete(self) -> None:
        """Forget the world; asking for it again makes a new one."""
        self.control("DELETE", "/world")


def check_url(url: str) -> None:
    """Raises ValueError with what would be right."""
    parts = urlsplit(url)  # which does not take every host
    if parts.scheme not in ("http", "https"):
        right = "http://127.0.0.1:8080" if "://" in url or not url else f"http://{url}"
        raise ValueError(f"{url!r} begins with neither http:// nor https://: use a URL such as {right}")
    if not parts.hostname:
        raise ValueError(f"{url!r} names no host: use {parts.scheme}://127.0.0.1:8080")
    try:
        parts.port  # noqa: B018 (it is read from the text here)
    except ValueError as error:
        raise ValueError(f"{url!r}: {error}") from None


def aim_of(operation: str) -> dict[str, str]:
    """`cht.get_person`, or `get_person` alone, as an aim."""
    vendor, dot, name = operation.rpartition(".")
    return {"vendor": vendor, "operation": name} if dot else {"operation": name}


def with_file(answer: Any) -> Any:
    """An own answer whose file, named by its path, is put into it. Raises OSError."""
    path = answer.get("file") if isinstance(answer, dict) else None
    if not isinstance(path, str | os.PathLike):
        return answer
    data = Path(path).read_bytes()
    return answer | {"file": {"name": Path(path).name, "base64": base64.b64encode(data).decode("ascii")}}


def detail(error: HTTPError) -> str:
    """The `detail` of the control plane's problem; the plain text if another server answered."""
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{error.url} answered {error.code} {error.reason}: is there a mocksrv?"


def dotted(settings: dict[str, Any]) -> dict[str, Any]:
    """`cht_conformance` as `cht.conformance`: keywords cannot hold dots."""
    return {whole_name(name).replace("_", ".", 1): value for name, value in settings.items()}


def whole_name(setting: str) -> str:
    """`release` is short for `cht_release`."""
    return "cht_release" if setting == "release" else setting
