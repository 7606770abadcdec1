"""The log of an upload of many users: `bulk-user-upload-<ms>` in the database `medic-logs`.

It goes through initiated, parsing, parsed, saving and finished. CHT 4.15 source,
shared-libs/user-management/src/bulk-upload-log.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.users.accounts import Data
from mocksrv.world import World

PREFIX = "bulk-user-upload-"
EVERY = 10  # the server leaves out rows 0, 10, 20 ... when it notes progress
LARGE = 100  # rows; of more, progress is noted ten times only: nobody sees it between the rows of one request


class UploadLog:
    """The log of one upload, written as the upload goes on."""

    def __init__(self, world: World, user: str) -> None:
        self.world = world
        self.database = documents.database(world, "medic-logs")
        self.id = self._unused_id()
        self.entries: list[Data] = []
        self.progress: Data = {"status": "initiated"}
        self.database.put({"_id": self.id, "bulk_uploaded_by": user, "bulk_uploaded_on": world.clock.iso(),
                           "progress": self.progress, "data": {}})

    def _unused_id(self) -> str:
        stamp = self.world.clock.ms()
        while f"{PREFIX}{stamp}" in self.database:
            stamp += 1
        return f"{PREFIX}{stamp}"

    def begin(self, status: str, counts: Data) -> Data:
        """Enter a stage; its counters, to be counted up."""
        self.entries = []
        self.progress = {**self.progress, "status": status, status: counts}
        self._write(None)
        return counts

    def end(self, status: str) -> None:
        """Note that a stage is over."""
        self.progress["status"] = status
        self._write(self.entries)

    def add(self, index: int, data: Data, status: str, message: Any = None) -> None:
        """Note a row as it is now, without its password; `message` defaults to status and time."""
        if isinstance(message, dict):
            message = message.get("message")
        note = {"status": status, "message": message or f"{status} on {self.world.clock.iso()}"}
        kept = {key: value for key, value in data.items() if key != "password"}
        self.entries.append({**kept, "import": note})

    def step(self, index: int, total: int) -> None:
        """Note progress after a row, but for every tenth; of large uploads, after every tenth part."""
        if index % EVERY if total <= LARGE else index % (total // EVERY) == 0:
            self._write(self.entries)

    def _write(self, data: list[Data] | None) -> None:
        doc = self.database.load(self.id)
        doc["progress"] = self.progress
        doc.pop("data", None)
        if data is not None:
            doc["data"] = data
        self.database.put(doc)
