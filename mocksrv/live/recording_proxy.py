"""A proxy between a client and a service: passes requests on, and hands each exchange to a recorder.

`/_gate/...` addresses the proxy itself: POST case names the test that follows; GET refused lists what was not passed on
in a case; GET version asks the service for its release; POST finish ends the run.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from mocksrv.call import Call
from mocksrv.control import sent_by
from mocksrv.live.forward import Answer, Forward, Unreachable
from mocksrv.live.meant import Ids
from mocksrv.live.sandbox import body_of, keys_of, texts_of
from mocksrv.serving.wsgi import SLASH, headers_of, path_of, quoted_target, status_line

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from mocksrv.app import Simulator
    from mocksrv.live.fixture import Fixture
    from mocksrv.live.recorder import Recorder

OWN = "/_gate/"
PROBLEM = "application/problem+json"
SHORTEST_OWN = 4  # length from which on a sent text is recognised in an answer
CASE = "x-mocksrv-case"  # a client's header that names the case of its request; the service never sees it
FRAMING = ("transfer-encoding", "connection", "keep-alive")


class RecordingProxy:
    """A WSGI app before one service. The simulator knows the vendor's operations; `case` names the test under way, and
    the tag of the `run` is in all names that its tests make up. Who has the `token` may control it; "" lets anybody."""

    def __init__(self, vendor: str, forward: Forward, recorder: Recorder, simulator: Simulator, run: str,
                 token: str = "") -> None:
        self.vendor, self.simulator = simulator.vendors[vendor], simulator
        self.forward, self.recorder = forward, recorder
        self.run, self.token, self.case = run, token, ""
        self.fixture: Fixture | None = None  # takes the exchanges in, if they are wanted
        self.release = ""  # that the service is known to be
        self.sent = self.unanswered = 0
        self.silence = ""  # how the service did not answer, the first time
        self.ids = Ids()
        self.finished: dict[str, Any] | None = None  # the report, once somebody has asked the proxy to finish
        self.refused: dict[str, list[str]] = {}  # by case: requests that were not passed on, and why

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = environ.get("mocksrv.target") or quoted_target(environ)
        body = environ["wsgi.input"].read()
        try:
            answer = self.answer(environ, target, body)
        except Unreachable as error:
            answer = problem(502, str(error))
            self.unanswered += 1
            self.silence = self.silence or str(error)
        start_response(status_line(answer.status), answer.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else answer.chunks or [answer.body]

    @property
    def told(self) -> dict[str, str]:
        """What who starts the proxy must know beside its address."""
        return {"run": self.run, "token": self.token}

    def answer(self, environ: WSGIEnvironment, target: str, body: bytes) -> Answer:
        """The service's answer, or the proxy's own. Raises Unreachable."""
        if not target.startswith(OWN):
            return self.exchange(environ, target, body)
        if reason := self.stranger(environ):
            return problem(403, reason)
        return self.control(environ["REQUEST_METHOD"], target, body)

    def stranger(self, environ: WSGIEnvironment) -> str:
        """Why a caller may not control the proxy; "" for the one who started it."""
        given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")[2]
        if self.token and not hmac.compare_digest(given.encode(), self.token.encode()):
            return "send Authorization: Bearer and the token that the gate has printed"
        return sent_by(environ)

    def control(self, method: str, target: str, body: bytes) -> Answer:
        name, _, query = target.removeprefix(OWN).partition("?")
        match method, name:
            case "POST", "case":
                try:
                    sent = json.loads(body)
                    case, shapes = str(sent["case"]), bool(sent.get("shapes", True))
                except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                    return problem(400, 'send {"case": "the name of the test that follows"}')
                self.begin(case, shapes=shapes)
                data: Any = {}
            case "GET", "refused":
                data = self.refused.get(parse_qs(query).get("case", [""])[0], [])
            case "GET", "version":
                data = self.version()
            case "POST", "finish":
                data = self.finish()
            case _:
                return problem(404, f"the gate has no {method} {OWN}{name}")
        return answered(200, "application/json", data)

    def begin(self, case: str, *, shapes: bool = True) -> None:
        """What follows belongs to this case; without `shapes` it is not compared."""
        self.case = case
        if not shapes:
            self.recorder.leave(case)

    def exchange(self, environ: WSGIEnvironment, target: str, body: bytes) -> Answer:
        """The service's answer, with links that lead through the proxy. Raises Unreachable."""
        call, own_url = self.call(environ, target, body), own_base(environ)
        case = call.header(CASE) or self.case
        headers = [pair for pair in call.headers.items() if pair[0].lower() != CASE]
        answer = self.here(call, self.pass_on(call, headers, body), own_url)
        own = own_texts(call, self.run)
        self.recorder.add(case, call, answer, own, own_url, self.ids.meant(own))
        self.ids.learn(call, answer, own)
        if self.fixture is not None:
            self.fixture.add(case, call, answer)
        return answer

    def pass_on(self, call: Call, headers: list[tuple[str, str]], body: bytes) -> Answer:
        self.sent += 1
        return self.forward.send(call.method, call.target, headers, body)

    def version(self) -> str:
        """The release that the service is; "" if nobody knows."""
        return self.release

    def finish(self) -> dict[str, Any]:
        """Store the shapes; returns what was sent, refused, made and left."""
        if self.finished is None:
            self.recorder.save(self.version())
            self.finished = {"sent": self.sent, "refused": 0, "made": 0, "left": []}
        return self.finished

    def call(self, environ: WSGIEnvironment, target: str, body: bytes) -> Call:
        """The request as the simulator would see it, with its operation."""
        path = path_of(target)
        call = Call(method=environ["REQUEST_METHOD"], path=path, target=target, headers=headers_of(environ),
                    input=BytesIO(body), max_body=max(len(body), 1))
        call.path = self.vendor.route(self.simulator.worlds["default"], path)
        self.simulator.routes.find(self.vendor, call)
        return call

    def here(self, call: Call, answer: Answer, own_url: str) -> Answer:
        """The answer with links to the service rewritten, so that a client that follows them stays behind the proxy."""
        headers = [(name, self.link(value, own_url)) for name, value in answer.headers if name.lower() not in FRAMING]
        if call.method == "HEAD":
            return Answer(answer.status, headers, b"")
        if self.forward.netloc.encode() in answer.plain or (self.inner and self.inner in answer.plain):
            body = self.link(answer.plain.decode("latin-1"), own_url).encode("latin-1")
            headers = [pair for pair in headers if pair[0].lower() not in ("content-encoding", "content-length")]
            answer = Answer(answer.status, headers, body)
        if answer.chunks is None and not any(name.lower() == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(answer.body))))
        return Answer(answer.status, headers, answer.body, answer.chunks)

    @property
    def inner(self) -> bytes:
        """The beginning of links with the service's path prefix but no host; b"" if there is no prefix."""
        return f"{self.forward.path}/".encode() if self.forward.path else b""

    def link(self, text: str, own_url: str) -> str:
        """The text with links to the service rewritten to the proxy."""
        text = self.forward.links.sub(lambda _: own_url, text)
        return text.replace(self.inner.decode(), "/") if self.inner else text


def own_base(environ: WSGIEnvironment) -> str:
    """The base URL under which the client calls the proxy; HTTP/1.0 has no Host."""
    return f"http://{environ.get('HTTP_HOST') or environ['SERVER_NAME'] + ':' + environ['SERVER_PORT']}"


def own_texts(call: Call, run: str) -> list[str]:
    """The texts that the client sent, which are erased from error texts that repeat them."""
    body = body_of(call)
    path = call.params.values() if call.operation else call.path.split("/")
    sent = [*path, *(value for _, value in call.query), *texts_of(body)]
    sent += [key for key in keys_of(body) if run in key]
    return [text.replace(SLASH, "/") for text in sent if len(text) >= SHORTEST_OWN]


def answered(status: int, kind: str, data: Any) -> Answer:
    body = json.dumps(data).encode()
    return Answer(status, [("Content-Type", kind), ("Content-Length", str(len(body)))], body)


def problem(status: int, detail: str) -> Answer:
    """An answer of the proxy's own (RFC 9457)."""
    said = {"type": "about:blank", "title": "mocksrv gate", "status": status, "detail": detail}
    return answered(status, PROBLEM, said)
