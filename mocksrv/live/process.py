"""A gate as a process of its own: it outlives the one that started it, and cleans up when that is killed."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterable
from typing import Any

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class DidNotOpen(Exception):
    """The gate says why it does not stand open."""


class GateProcess:
    """The gate to one service, opened with these options of `mocksrv gate`. Raises DidNotOpen.

    `environment` is what leads a suite there, beside what its environment has already.
    """

    def __init__(self, vendor: str, options: Iterable[str]) -> None:
        with tempfile.TemporaryFile("w+") as said:
            self.process = subprocess.Popen([sys.executable, "-m", "mocksrv", "gate", vendor, *options], stderr=said,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            said.seek(0)
            why = said.read()
        if not line:
            self.process.communicate()
            raise DidNotOpen(f"the gate to {vendor} did not open: {why.strip()}")
        sys.stderr.write(why)
        opened = json.loads(line)
        self.url, self.token, self.environment = opened["url"], opened["token"], opened["environment"]

    def ask(self, method: str, path: str, data: Any = None) -> Any:
        """A call of the gate's own, below /_gate/."""
        body = None if data is None else json.dumps(data).encode()
        with DIRECT.open(urllib.request.Request(f"{self.url}/_gate/{path}", body, method=method,
                                                headers={"Authorization": f"Bearer {self.token}"})) as answer:
            return json.load(answer)

    def finish(self) -> dict[str, Any]:
        """Clean up, and end the gate: what was sent, made, refused, and what is left: all of it, where it has gone."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            report: dict[str, Any] = self.ask("POST", "finish", {})
        except OSError as error:
            left = [f"what the run made: the gate has gone ({error})"]
            return {"sent": "?", "refused": "?", "made": "?", "left": left}
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
        return report
