"""The full-text indexes of releases 5.x: which words and values find a contact or a report, and in which order.

The real server asks Nouveau (Lucene) for them. What is indexed and how the server queries it comes from its source and
recordings; Lucene's own part is assumed: the text of cursors, and the order of documents that sort alike (by id here).
CHT 5.2 source, ddocs/medic-db/medic/nouveau, shared-libs/cht-datasource/src/local/libs/nouveau.ts.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from mocksrv.store import TOP
from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.couch import view_index
from mocksrv.vendors.cht.ddocs import replication_keys
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import contact_types
from mocksrv.world import World

Doc = Mapping[str, Any]
SHORTEST = 3  # letters of a value that is indexed
LONGEST = 1000  # letters of a value that is found as a whole
SKIPPED = frozenset(("_id", "_rev", "type", "refid", "geolocation"))
SKIPPED_OF_REPORTS = frozenset(("_id", "_rev", "type", "refid", "content"))
RANKS = {"district_hospital": "0", "health_center": "1", "clinic": "2", "person": "3"}
WORD, VALUE = "w", "="  # prefixes of the keys of entries
LAST = "\U0010ffff"


class FullText(NamedTuple):
    """An index by its name, with the view that it is kept as: keys are texts, values `[order, type]`."""

    name: str
    view: view_index.View


def page(world: World, index: FullText, text: str, cursor: str | None, limit: int,
         kind: str | None = None) -> dict[str, Any]:
    """The ids that a text finds, from a cursor on: a word's beginning, or `field:value` as a whole."""
    after = None if cursor is None else position(cursor)
    found = search(world, index, text, kind)
    if after is not None:
        found = [one for one in found if one > after]
    chosen = found[:limit]
    return {"data": [id for _, id in chosen], "cursor": bookmark(chosen[-1]) if len(chosen) == limit else None}


def search(world: World, index: FullText, text: str, kind: str | None = None) -> list[tuple[Any, str]]:
    """(order, id) of all documents that a text finds, in order; the steps are those documents."""
    if ":" in text:
        return holding(world, index, value_of(text), kind)
    return between(world, index, f"{WORD}{text}", f"{WORD}{text}{LAST}", kind)


def holding(world: World, index: FullText, text: str, kind: str | None = None) -> list[tuple[Any, str]]:
    """(order, id) of all documents that have exactly this `field:value`, in order."""
    return between(world, index, f"{VALUE}{text}", f"{VALUE}{text}", kind)


def between(world: World, index: FullText, low: str, high: str, kind: str | None) -> list[tuple[Any, str]]:
    # Not under the view's own name: forks of either release begin with the rows of one world.
    rows = view_index.rows_of(world, ("medic", "medic/_nouveau", index.name), index.view)
    found = set()
    for row in rows.scan((bytes_of(low),), (bytes_of(high), TOP), len(rows)):
        order, type_of = view_index.parsed(row)["value"]
        if kind is None or type_of == kind:
            found.add((order, row[1]))
    return sorted(found)


def has_words(keys: Collection[str], words: Iterable[str]) -> bool:
    """Whether a document of those keys has all of the words: their beginnings, or `field:value` as a whole."""
    return all(f"{VALUE}{word}" in keys if ":" in word else any(key.startswith(f"{WORD}{word}") for key in keys)
               for word in words)


def value_of(text: str) -> str:
    """A value within quotes of a query, where a backslash escapes the next character.

    The server does not escape values: a quote ends the phrase, and a final backslash escapes the closing quote, which
    the engine refuses.
    """
    made, rest = "", iter(text)
    for sign in rest:
        following = next(rest, None) if sign == "\\" else sign
        if sign == '"' or following is None:
            errors.server_error(diagnosis="a quote or a backslash at the end of field:value breaks the query")
        made += following
    return made


def bookmark(one: tuple[Any, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(one, separators=(",", ":")).encode()).decode().rstrip("=")


def position(cursor: str) -> tuple[Any, str]:
    """The position in a bookmark; the engine fails at any other text."""
    try:
        order, id = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        order, id = None, None
    if not isinstance(order, str | int | float) or not isinstance(id, str):
        errors.server_error(diagnosis="this cursor was given out by no answer")
    return order, id


# --- what is indexed ---


def entries(fields: Mapping[str, Any], skipped: frozenset[str]) -> Iterator[str]:
    """The keys of a document's fields: the words of texts, and `field:value` of texts and numbers."""
    for name, value in fields.items():
        key = name.lower()
        if not javascript.truthy(value) or key in skipped or key.endswith("_date"):
            continue
        if isinstance(value, str):
            low = value.lower()
            if len(low) >= SHORTEST:
                yield from (f"{WORD}{word}" for word in low.split())
            if len(whole := f"{key}:{low}") <= LONGEST:
                yield f"{VALUE}{whole}"
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{VALUE}{key}:{javascript.text(value)}"


def of_contact(doc: Doc) -> Iterator[tuple[str, Any]]:
    """A contact's entries; its type need not be configured."""
    if contact_types.is_contact(doc):
        value = [sort_order(doc), contact_types.type_id(doc)]
        yield from ((key, value) for key in set(entries(doc, SKIPPED)))


def of_report(doc: Doc) -> Iterator[tuple[str, Any]]:
    """A report's entries, those of its fields on the first level, and the id of its contact."""
    if doc.get("type") != "data_record" or not javascript.truthy(doc.get("form")):
        return
    date = doc.get("reported_date")
    value = [date if isinstance(date, int | float) and not isinstance(date, bool) else 0, None]
    keys = set(entries(doc, SKIPPED_OF_REPORTS))
    if isinstance(fields := doc.get("fields"), dict):
        keys |= set(entries(fields, SKIPPED_OF_REPORTS))
    contact = doc.get("contact")
    if isinstance(contact, dict) and isinstance(contact.get("_id"), str) and contact["_id"]:
        keys.add(f"{VALUE}contact:{contact['_id'].lower()}")
    yield from ((key, value) for key in keys)


def of_replicated(doc: Doc) -> Iterator[tuple[str, Any]]:
    """An entry for each value of the fields that say who replicates a document; no field is split into words."""
    fields = replication_keys.indexed(doc)
    if fields:
        keys = {f"{VALUE}{name}:{javascript.text(one)}" for name, values in fields.items()
                if name in replication_keys.SEARCHED for one in values}
        yield from ((key, [0, None]) for key in (WORD, *keys))


def sort_order(doc: Doc) -> str:
    """The sort key of contacts: the dead and the muted last, then by type and name."""
    kind = javascript.text(contact_types.type_id(doc))
    dead, muted = ("true" if javascript.truthy(doc.get(name)) else "false" for name in ("date_of_death", "muted"))
    name = doc.get("name")
    return f"{dead} {muted} {RANKS.get(kind, kind)} {name.lower() if isinstance(name, str) else ''}"


def bytes_of(key: str) -> bytes:
    """The sort key of a text: by code points."""
    return key.encode("utf-8", "surrogatepass")


CONTACTS = FullText("contacts_by_freetext", view_index.View(
    of_contact, types=contact_types.CONTACT_TYPES, order=bytes_of))
REPORTS = FullText("reports_by_freetext", view_index.View(
    of_report, types=frozenset(("data_record",)), order=bytes_of))
REPLICATED = FullText("docs_by_replication_key", view_index.View(of_replicated, order=bytes_of))
