"""What belongs to a deleted document goes with it: its `-info`, and that users have read it.

On the server within five minutes; here when the background process meets the deletion. CHT 4.15 source,
sentinel/src/schedule/background-cleanup.js.
"""

from __future__ import annotations

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch_api import infodocs
from mocksrv.world import World

USERS = "medic-user-"  # what the names of users' own databases begin with
READ = ("read:report:", "read:message:")


@sentinel.cleaner
def clean_up(world: World, id: str) -> None:
    """Delete what is kept about a deleted document."""
    forget(documents.database(world, infodocs.DATABASE), id + infodocs.SUFFIX)
    for name in documents.names(world):
        if name.startswith(USERS):
            for prefix in READ:
                forget(documents.database(world, name), prefix + id)


def forget(database: documents.Database, id: str) -> None:
    if id in database:
        database.delete(id)
