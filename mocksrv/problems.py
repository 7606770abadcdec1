"""No room: there are as many worlds as may be, or what they hold takes all the memory that there is for them."""

from __future__ import annotations

MEGABYTE = 1024 * 1024


class NoRoom(Exception):
    """What is wanted would not fit; the text says what to do. `code` and `status` are those of our own answer."""

    code = "no-room"
    status = 503


class TooManyWorlds(NoRoom):
    """There is no room for one more world, and none is idle."""

    code = "too-many-worlds"

    def __init__(self, most: int) -> None:
        super().__init__(f"there are {most} worlds already and all were used lately: delete some with DELETE "
                         "/~name/_mocksrv/world, or start with more --worlds or a shorter --idle")


class OutOfMemory(NoRoom):
    """What was written into worlds and snapshots since they were seeded takes all the memory that there is for it."""

    code = "out-of-memory"
    status = 507

    def __init__(self, megabytes: int) -> None:
        super().__init__(f"worlds and snapshots hold {megabytes} MB, and this would be more: delete some with DELETE "
                         "/~name/_mocksrv/world and DELETE /_mocksrv/snapshots/name, reset those that hold much "
                         "(GET /_mocksrv/worlds shows the bytes of each), or start with more --memory")
