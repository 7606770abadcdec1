"""Small helpers over the tables that several resources share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare import dates

if TYPE_CHECKING:
    from mocksrv.world import World

TOP = "\uffff"  # sorts behind every text that an index holds


def next_indexed_on(world: World, table: str, domain: str) -> str:
    """When a case or form that is written now appears in lists: `index_delay` from now, each a bit later."""
    wanted = dates.text(world.clock.now() + timedelta(seconds=world.setting("commcare.index_delay")))
    last = world.table(table).range("by_indexed", (domain,), (domain, TOP), reverse=True, limit=1)
    if last and last[0][0][1] >= wanted:
        return dates.text(dates.moment(last[0][0][1]) + timedelta(microseconds=1))
    return wanted


def visible(world: World, doc: Mapping[str, Any]) -> bool:
    """Whether lists show a case or form yet."""
    return not world.setting("commcare.index_delay") or doc["indexed_on"] <= dates.now(world)


def owned(world: World, table: str, id: str, domain: str) -> Mapping[str, Any] | None:
    """A domain's document by its id, read-only; None for another domain's."""
    found = world.table(table).peek(id)
    return found if found is not None and found["domain"] == domain else None
