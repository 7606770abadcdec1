"""A proxy between a client and a service: passes requests on, and hands each exchange to a recorder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from mocksrv.call import Call
from mocksrv.live.forward import Answer, Forward, Unreachable
from mocksrv.live.sandbox import body_of, keys_of, texts_of
from mocksrv.serving.wsgi import SLASH, headers_of, path_of, quoted_target, status_line

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from mocksrv.app import Simulator
    from mocksrv.live.recorder import Recorder

PROBLEM = "application/problem+json"
SHORTEST_OWN = 4  # length from which on a sent text is recognised in an answer
FRAMING = ("transfer-encoding", "connection", "keep-alive")


class RecordingProxy:
    """A WSGI app before one service. `routes` knows the vendor's operations; `case` names the test under way, and
    the tag of the `run` is in all names that its tests make up."""

    def __init__(self, vendor: str, forward: Forward, recorder: Recorder, routes: Simulator, run: str) -> None:
        self.vendor, self.forward, self.recorder, self.routes = routes.vendors[vendor], forward, recorder, routes
        self.run, self.case = run, ""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = environ.get("mocksrv.target") or quoted_target(environ)
        body = environ["wsgi.input"].read()
        try:
            answer = self.answer(environ, target, body)
        except Unreachable as error:
            answer = problem(502, str(error))
        start_response(status_line(answer.status), answer.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else answer.chunks or [answer.body]

    def answer(self, environ: WSGIEnvironment, target: str, body: bytes) -> Answer:
        """The service's answer, with links that lead through the proxy. Raises Unreachable."""
        case, call, own_url = self.case, self.call(environ, target, body), own_base(environ)
        answer = self.here(call, self.pass_on(call, list(call.headers.items()), body), own_url)
        self.recorder.add(case, call, answer, own_texts(call, self.run), own_url)
        return answer

    def pass_on(self, call: Call, headers: list[tuple[str, str]], body: bytes) -> Answer:
        return self.forward.send(call.method, call.target, headers, body)

    def call(self, environ: WSGIEnvironment, target: str, body: bytes) -> Call:
        """The request as the simulator would see it, with its operation."""
        path = path_of(target)
        call = Call(method=environ["REQUEST_METHOD"], path=path, target=target, headers=headers_of(environ),
                    input=BytesIO(body), max_body=max(len(body), 1))
        call.path = self.vendor.route(self.routes.worlds["default"], path)
        self.routes.find_route(self.vendor, call)
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
