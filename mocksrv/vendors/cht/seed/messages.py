"""Message tasks in all states, with the history that leads to each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mocksrv.clock import EPOCH
from mocksrv.world import World

Doc = dict[str, Any]
MINUTE, DAY = 60_000, 86_400_000
WAY = ("pending", "forwarded-to-gateway", "received-by-gateway", "forwarded-by-gateway", "sent", "delivered")
# States in turn: most messages are delivered, few are pending.
STATES = ("delivered", "sent", "delivered", "failed", "delivered", "denied", "sent", "delivered", "pending",
          "delivered", "forwarded-to-gateway", "sent", "delivered", "received-by-gateway", "duplicate", "delivered",
          "forwarded-by-gateway", "sent")
FAILURE = {"reason": "NO_SERVICE"}
WEEKS = (4, 12, 40)  # after a registration, reminders


class Maker:
    """Makes tasks; each message has the state whose turn it is."""

    def __init__(self, world: World, now: int) -> None:
        self.world = world
        self.now = now
        self.turn = 0

    def task(self, number: int, at: int, to: Doc, text: str) -> Doc:
        """A task that was due at once."""
        state = STATES[self.turn % len(STATES)]
        self.turn += 1
        way = list(WAY[: WAY.index(state) + 1]) if state in WAY else ["denied"] if state == "denied" else (
            ["duplicate"] if state == "duplicate" else [*WAY[:3], "failed"])
        return {"messages": [self.message(to, text)], **self.history(way, at)}

    def message(self, to: Doc, text: str) -> Doc:
        return {"to": to["phone"], "message": text, "uuid": self.world.uuid()}

    def history(self, way: list[str], at: int) -> Doc:
        """The states one after the other, a minute each; none in the future."""
        steps = [{"state": state, **({"state_details": FAILURE} if state == "failed" else {}),
                  "timestamp": iso(min(at + number * MINUTE, self.now))} for number, state in enumerate(way)]
        return {"state_history": steps, "state": way[-1]} | (
            {"state_details": FAILURE} if way[-1] == "failed" else {})

    def reminders(self, number: int, at: int, to: Doc, text: str) -> list[Doc]:
        """Scheduled messages: delivered once they are due; of some patients they are muted or cleared."""
        stopped = (None, None, "muted", None, "cleared")[number // 9 % 5]
        tasks = []
        for group, weeks in enumerate(WEEKS, 1):
            due = at + weeks * 7 * DAY
            way = ["scheduled", stopped] if stopped else ["scheduled", *WAY] if due < self.now else ["scheduled"]
            began = due if due < self.now and not stopped else at
            tasks.append(self.scheduled(way, began, due, group, to, text))
        return tasks

    def ended(self, number: int, at: int, to: Doc, text: str) -> list[Doc]:
        """A reminder that is no longer wanted."""
        return [self.scheduled(["scheduled", "cleared"], at, at + 7 * DAY, 1, to, text)]

    def scheduled(self, way: list[str], began: int, due: int, group: int, to: Doc, text: str) -> Doc:
        return {"due": iso(due), "group": group, "type": "ANC Reminders", "messages": [self.message(to, text)],
                **self.history(way, began)}


def today(world: World) -> int:
    """The beginning of the day in UTC, in milliseconds: the present of made-up data."""
    now = world.clock.ms()
    return now - now % DAY


def iso(at: int) -> str:
    """Milliseconds as JavaScript's toISOString()."""
    return (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
