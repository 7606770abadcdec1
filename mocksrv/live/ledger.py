"""What a run makes on a live service, on disk before the client gets the answer, so that a killed run can be cleaned
up.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from pathlib import Path
from typing import Any


class InUse(Exception):
    """A run that is still under way holds the ledger."""


class Ledger:
    """A file of JSON lines, readable by its owner alone, and locked as long as its run lives.

    The first line names the run (and holds what the vendor needs to find its traces); the others are `{"made": id}`,
    `{"saved": name, "state": what to put back}`, `{"restored": name}`, and `{"asked": a request that writes}` before it
    is sent with `{"answered": number of that line}` after it. Raises InUse.
    """

    def __init__(self, file: Path, head: dict[str, Any] | None = None) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | (os.O_CREAT | os.O_EXCL if head is not None else 0)
        self.file = file
        self._out = os.fdopen(os.open(file, flags, 0o600), "a+", encoding="utf-8")
        self._lock = threading.Lock()
        try:
            fcntl.flock(self._out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._out.close()
            raise InUse(f"{file} belongs to a run that is under way") from None
        self._out.seek(0)
        self.lines: list[dict[str, Any]] = [json.loads(line) for line in whole_lines(self._out.read())]
        self.made = {line["made"]: None for line in self.lines if "made" in line}  # a dict keeps the order
        if head is not None:
            self.note(**head)

    @property
    def head(self) -> dict[str, Any]:
        return self.lines[0] if self.lines else {}

    def note(self, **line: Any) -> int:
        """Append a line; it is on the disk when this returns its number."""
        with self._lock:
            self._out.write(json.dumps(line) + "\n")
            self._out.flush()
            os.fsync(self._out.fileno())
            self.lines.append(line)
            return len(self.lines) - 1

    def add(self, *ids: str) -> None:
        """Note what the run has made."""
        for id in ids:
            if id not in self.made:
                self.made[id] = None
                self.note(made=id)

    def count_unanswered(self) -> list[str]:
        """Count ids that clients chose in unanswered requests as made; returns those requests that may have made
        something with an unknown id."""
        answered = {line["answered"] for line in self.lines if "answered" in line}
        open_ones = [line for number, line in enumerate(self.lines) if "asked" in line and number not in answered]
        self.add(*(id for line in open_ones for id in line.get("chosen", ())))
        return [line["asked"] for line in open_ones if line.get("unsure")]

    def saved(self, name: str) -> Any:
        """The state that is kept under a name and was not put back yet, or None."""
        state = None
        for line in self.lines:
            if line.get("saved") == name:
                state = line["state"]
            elif line.get("restored") == name:
                state = None
        return state

    def release(self, *, remove: bool) -> None:
        """End the run; the file is removed if everything has been deleted."""
        if remove:
            self.file.unlink(missing_ok=True)
        self._out.close()


def whole_lines(text: str) -> list[str]:
    """The lines of a file whose last one may have been cut by a crash."""
    return text[: text.rfind("\n") + 1].splitlines()
