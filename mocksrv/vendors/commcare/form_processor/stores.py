"""Small helpers over the tables that several resources share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from mocksrv.vendors.commcare.django import dates

if TYPE_CHECKING:
    from mocksrv.world import World

T = TypeVar("T")
REMEMBERED = 8  # cached searches of each kind, so that further pages cost little
TOP = "\uffff"  # sorts behind every text that an index holds
TOP_NUMBER = float("inf")


def next_indexed_on(world: World, table: str, domain: str) -> str:
    """When a case or form that is written now appears in lists: later for every write, `index_delay` from now."""
    wanted = dates.text(world.clock.now() + timedelta(seconds=world.setting("commcare.index_delay")))
    # The last document written may be deleted by now, but readers with a cursor have seen it.
    given: dict[tuple[str, str], str] = world.memory.setdefault("commcare.indexed_on", {})
    found = world.table(table).range("by_indexed", (domain,), (domain, TOP), reverse=True, limit=1)
    last = max(given.get((table, domain), ""), found[0][0][1] if found else "")
    if last >= wanted:
        wanted = dates.text(dates.moment(last) + timedelta(microseconds=1))
    given[table, domain] = wanted
    return wanted


def remembered(world: World, kind: str, key: Hashable, find: Callable[[], T]) -> T:
    """The result of `find`, cached for all pages of a search; `key` holds the versions of the tables that it reads."""
    held: dict[Hashable, T] = world.memory.setdefault(f"commcare.{kind}", {})
    if key not in held:
        if len(held) >= REMEMBERED:
            held.pop(next(iter(held), None), None)
        held[key] = find()
    return held[key]


def visible(world: World, doc: Mapping[str, Any]) -> bool:
    """Whether lists show a case or form yet."""
    return not world.setting("commcare.index_delay") or doc["indexed_on"] <= dates.now(world)


def owned(world: World, table: str, id: str, domain: str) -> Mapping[str, Any] | None:
    """A domain's document by its id, read-only; None for another domain's."""
    found = world.table(table).peek(id)
    return found if found is not None and found["domain"] == domain else None
