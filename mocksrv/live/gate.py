"""The gate's server: a tap before a live service that keeps to the rails and writes the ledger.

What the rails do not allow is answered by the gate itself, 403 as a problem document. `/_gate/...` speaks to the
gate: POST case names the test that follows; GET refused tells what was refused in a case; POST finish cleans up.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from mocksrv.live.forward import Answer
from mocksrv.live.rails import NotAllowed, Rails
from mocksrv.live.tap import Tap, answered, problem

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from mocksrv.app import Simulator
    from mocksrv.live.ledger import Ledger
    from mocksrv.live.recorder import Recorder
    from mocksrv.live.sandbox import Sandbox
    from mocksrv.operation import Call

OWN = "/_gate/"


class Gate(Tap):
    """A WSGI app before one live service."""

    def __init__(self, sandbox: Sandbox, rails: Rails, ledger: Ledger, recorder: Recorder, routes: Simulator) -> None:
        super().__init__(sandbox.vendor, sandbox.forward, recorder, routes, str(ledger.head["run"]))
        self.sandbox, self.rails, self.ledger = sandbox, rails, ledger
        self.refused: dict[str, list[str]] = {}
        self.changed = False  # what all share
        self.finished: dict[str, Any] | None = None
        self._lock = threading.Lock()

    def answer(self, environ: WSGIEnvironment, target: str, body: bytes) -> Answer:
        if target.startswith(OWN):
            return self.control(environ["REQUEST_METHOD"], target, body)
        try:
            return super().answer(environ, target, body)
        except NotAllowed as error:
            path = target.partition("?")[0]
            with self._lock:
                self.refused.setdefault(self.case, []).append(f"{environ['REQUEST_METHOD']} {path}: {error}")
            self.recorder.leave(self.case)  # from here on the test sees another state than it would have made
            return problem(403, f"the gate does not let this pass: {error}")

    def pass_on(self, call: Call, headers: list[tuple[str, str]], body: bytes) -> Answer:
        """Within the rails, and noted in the ledger before the client hears of it. Raises NotAllowed."""
        touch = self.sandbox.touch(call, self.ledger)
        self.rails.check(touch)
        self.rails.spend()
        if touch.kind == "reads":
            answer = super().pass_on(call, headers, body)
        else:
            if touch.kind == "shares":
                self.save(call)
            self.ledger.note(asked=f"{call.method} {call.target.partition('?')[0]}")
            answer = super().pass_on(call, headers, body)
            if touch.kind == "makes":
                self.ledger.add(*self.sandbox.made(call, answer))
        self.rails.heed(answer)
        return answer

    def save(self, call: Call) -> None:
        """Note what the request is about to change, as it was before the run."""
        self.changed = True
        name, state = self.sandbox.save(call)
        if self.ledger.saved(name) is None:
            self.ledger.note(saved=name, state=state)

    def put_back(self) -> None:
        """Each test finds what all share as it was before the run."""
        if self.changed:
            self.sandbox.restore(self.ledger)
            self.changed = False

    def control(self, method: str, target: str, body: bytes) -> Answer:
        name, _, query = target.removeprefix(OWN).partition("?")
        match method, name:
            case "POST", "case":
                self.case = str(json.loads(body)["case"])
                self.put_back()
                data: Any = {}
            case "GET", "refused":
                data = self.refused.get(parse_qs(query).get("case", [""])[0], [])
            case "POST", "finish":
                data = self.finish()
            case _:
                return problem(404, f"the gate has no {method} {OWN}{name}")
        return answered(200, "application/json", data)

    def finish(self) -> dict[str, Any]:
        """Take away what the run made and store its shapes, once; what was sent, refused, made, and what is left."""
        with self._lock:
            if self.finished is None:
                made = len(self.ledger.made)
                left = self.sandbox.clean(self.ledger) if self.rails.writes else []
                self.ledger.release(remove=not left)
                self.recorder.save(self.sandbox.version())
                self.finished = {"sent": self.rails.sent, "refused": sum(map(len, self.refused.values())),
                                  "made": made, "left": left, "ledger": str(self.ledger.file) if left else None}
            return self.finished
