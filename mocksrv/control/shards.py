"""Which worlds this process holds, where several processes share them; and handing over those that move to another."""

from __future__ import annotations

from flask import Response

from mocksrv.control.base import ControlError, answer, control, payload, worlds
from mocksrv.control.describe import TEXT, all_of, listed, told
from mocksrv.shards import Shard
from mocksrv.world import World

STATE = all_of(shard=TEXT, leaving=listed(TEXT))


@control.get("/shard")
@told(STATE)
def read_shard() -> Response:
    """Which of how many processes this is, such as 2/4, and the worlds that wait for their new process."""
    return answer({"shard": str(worlds().shard), "leaving": list(worlds().leaving)})


@control.post("/shard")
@told(STATE, takes={"shard": TEXT}, needs=("shard",))
def change_shard() -> Response:
    """Change which of how many processes this is. Worlds that others hold from now on are refused here, and wait in
    `leaving`.
    """
    try:
        shard = Shard.parse(str(payload().get("shard")))
    except ValueError as error:
        raise ControlError("bad-shard", 400, f"shard: {error}") from None
    return answer({"shard": str(shard), "leaving": worlds().hold(shard)})


@control.get("/leaving/<key>")
@told("SnapshotFile")
def read_leaving(key: str) -> Response:
    """A world that waits for its new process, as a snapshot: `PUT /snapshots/name` and `restore` there take it."""
    return answer(leaving(key).dump())


@control.delete("/leaving/<key>")
@told(None, 204)
def forget_leaving(key: str) -> Response:
    """Forget a world that its new process has taken over."""
    leaving(key)
    worlds().leaving.pop(key, None)
    return Response(status=204)


def leaving(key: str) -> World:
    found = worlds().leaving.get(key)
    if found is None:
        raise ControlError("no-such-world", 404, f"no world {key!r} is leaving; GET /_mocksrv/shard lists them")
    return found
