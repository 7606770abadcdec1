"""The gate's server: a proxy in front of a live service that enforces the guardrails and writes the ledger.

Requests that the guardrails do not allow get a 403 of the gate itself, as a problem document.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mocksrv.clock import pause
from mocksrv.journal.redaction import redact_target
from mocksrv.live.forward import PATIENCE, Answer, Unreachable
from mocksrv.live.guardrails import Guardrails, NotAllowed, check_form
from mocksrv.live.recording_proxy import CASE, RecordingProxy, problem

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from mocksrv.app import Simulator
    from mocksrv.call import Call
    from mocksrv.live.ledger import Ledger
    from mocksrv.live.recorder import Recorder
    from mocksrv.live.sandbox import Sandbox, Touch

UNAUTHORIZED, TOO_MANY = 401, 429
OVER = "the run is over: what it made is being deleted"
ELSEWHERE = "the service sends the client away to {host}, where no rails are"


class Gate(RecordingProxy):
    """A WSGI app before one live service."""

    def __init__(self, sandbox: Sandbox, rails: Guardrails, ledger: Ledger, recorder: Recorder, routes: Simulator,
                 token: str = "") -> None:
        super().__init__(sandbox.vendor, sandbox.forward, recorder, routes, str(ledger.head["run"]), token)
        self.sandbox, self.rails, self.ledger = sandbox, rails, ledger
        self.changed = False  # what all share
        self._lock = threading.Lock()
        self._writes = threading.Condition()
        self._writing, self._over = 0, False

    @property
    def told(self) -> dict[str, str]:
        return {**super().told, "ledger": str(self.ledger.file)}

    def exchange(self, environ: WSGIEnvironment, target: str, body: bytes) -> Answer:
        try:
            return super().exchange(environ, target, body)
        except NotAllowed as error:
            path, case = target.partition("?")[0], environ.get("HTTP_X_MOCKSRV_CASE") or self.case
            with self._lock:
                self.refused.setdefault(case, []).append(f"{environ['REQUEST_METHOD']} {redact_target(path)}: {error}")
            self.recorder.leave(case)  # from here on the state is not what the test would have made
            return problem(403, f"the gate does not let this pass: {error}")

    def pass_on(self, call: Call, headers: list[tuple[str, str]], body: bytes) -> Answer:
        """Pass a request on, within the guardrails, and note it in the ledger before the client gets the answer. Raises
        NotAllowed.
        """
        check_form(call, reads=True)
        touch = self.sandbox.touch(call, self.ledger)
        self.rails.check(touch)
        check_form(call, reads=touch.kind == "reads")
        answer = self.in_time(call, lambda: self.allowed(call, touch, headers, body))
        if answer.status == TOO_MANY:
            self.recorder.leave(call.header(CASE) or self.case)  # a service's rate limit is no fact about the API
        return answer

    def allowed(self, call: Call, touch: Touch, headers: list[tuple[str, str]], body: bytes) -> Answer:
        """Send what the guardrails let pass."""
        self.rails.count_request()
        if touch.kind == "reads":
            answer = super().pass_on(call, headers, body)
        else:
            with self.writing():
                if touch.kind == "shares":
                    self.save(call)
                answer = self.write(call, headers, body, makes=touch.kind == "makes")
        self.rails.note_limits(answer)
        if touch.kind == "shares":
            pause(self.sandbox.settles)
        return answer

    def in_time(self, call: Call, send: Callable[[], Answer]) -> Answer:
        """Send when one more failed login may be, and once more if the service has had enough all the same."""
        limit, keys = self.sandbox.failed_logins, self.sandbox.login_keys(call)
        if limit is None:
            return send()
        pause(limit.wait(keys))
        answer = send()
        if answer.status == TOO_MANY:
            pause(limit.seconds)
            answer = send()
        if answer.status in (UNAUTHORIZED, TOO_MANY):
            limit.note(keys)
        return answer

    def write(self, call: Call, headers: list[tuple[str, str]], body: bytes, *, makes: bool) -> Answer:
        """Pass on a write: noted in the ledger before it is sent; what it made before the client gets the answer."""
        chosen = self.sandbox.chosen(call) if makes else []
        found = chosen or (self.sandbox.traces and (self.run in call.target or self.run.encode() in body))
        asked = self.ledger.note(asked=f"{call.method} {call.target.partition('?')[0]}", chosen=chosen,
                                 unsure=makes and not found and call.method != "DELETE")
        answer = super().pass_on(call, headers, body)
        made = self.sandbox.made(call, answer) if makes else []
        self.ledger.add(*made)
        if made or not makes or self.sandbox.traces or answer.status >= 300 or call.method == "DELETE":
            self.ledger.note(answered=asked)
        return answer

    def here(self, call: Call, answer: Answer, own_url: str) -> Answer:
        """The answer. Raises NotAllowed when it leads the client to another server."""
        shown = super().here(call, answer, own_url)
        shown.headers = [pair for pair in shown.headers if pair[0].lower() != "refresh"]  # another form of redirect
        if host := elsewhere(shown.header("location"), urlsplit(own_url).netloc):
            raise NotAllowed(ELSEWHERE.format(host=host))
        return shown

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Clean-up waits for requests that write, and refuses them once it has begun."""
        with self._writes:
            if self._over:
                raise NotAllowed(OVER)
            self._writing += 1
        try:
            yield
        finally:
            with self._writes:
                self._writing -= 1
                self._writes.notify_all()

    def save(self, call: Call) -> None:
        """Save the state that the request is about to change, as it was before the run."""
        self.changed = True
        name, state = self.sandbox.save(call)
        if self.ledger.saved(name) is None:
            self.ledger.note(saved=name, state=state)

    def put_back(self) -> None:
        """Restore shared state, so that each test finds it as before the run."""
        if self.changed:
            self.sandbox.restore(self.ledger)
            pause(self.sandbox.settles)
            self.changed = False

    def begin(self, case: str, *, shapes: bool = True) -> None:
        super().begin(case, shapes=shapes)
        self.put_back()

    def finish(self) -> dict[str, Any]:
        """Delete what the run made and store its shapes, once; returns what was sent, refused, made and left."""
        with self._lock:
            if self.finished is None:
                with self._writes:
                    self._over = True
                    self._writes.wait_for(lambda: not self._writing, timeout=PATIENCE)
                left = take_away(self.sandbox, self.ledger) if self.rails.writes else []
                made = len(self.ledger.made)
                self.ledger.release(remove=not left)
                self.recorder.save(self.version())
                self.finished = {"sent": self.rails.sent, "refused": sum(map(len, self.refused.values())),
                                  "made": made, "left": left, "ledger": str(self.ledger.file) if left else None}
            return self.finished

    def version(self) -> str:
        try:
            return self.sandbox.version()
        except (Unreachable, NotAllowed):
            return ""


def elsewhere(location: str, own: str) -> str:
    """The host that a redirect leads to, if that is not `own`: as a browser reads it, errors tolerated; else ""."""
    plain = "".join(char for char in location if char > " ").replace("\\", "/")
    try:
        parts = urlsplit(plain)
    except ValueError:
        return "nowhere"
    if parts.netloc == own or not (parts.scheme or plain.startswith("//")):
        return ""
    return parts.netloc.rpartition("@")[2] or parts.path.strip("/").partition("/")[0] or "nowhere"


def take_away(sandbox: Sandbox, ledger: Ledger) -> list[str]:
    """Restore and delete what a run's ledger lists; returns what failed, in words."""
    lost = ledger.count_unanswered()
    try:
        left = sandbox.clean(ledger)
    except (Unreachable, NotAllowed) as error:
        left = [f"all or some of what {ledger.file} holds: {error}"]
    return left + [f"{text}: no answer told what it made, if anything; look yourself, then delete {ledger.file}"
                   for text in lost]
