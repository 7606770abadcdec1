"""Contacts as CSV, and as the page has them. CHT 4.15 source, api/src/services/export/contact-mapper.js."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mocksrv.vendors.cht.export import csvtext, pages, search
from mocksrv.vendors.cht.export.options import Options
from mocksrv.vendors.cht.node import javascript, json_text
from mocksrv.vendors.cht.shared_libs import contact_types
from mocksrv.world import World

COLUMNS = ("id", "rev", "name", "patient_id", "type", "contact_type", "place_id")
RANKS = {"district_hospital": "0", "health_center": "1", "clinic": "2", "person": "3"}


def stream(world: World, options: Options) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\n"
    for page in rows(world, options):
        yield "".join(csvtext.line(cells(doc)) for doc in page)


def array(world: World, options: Options) -> Iterator[str]:
    """The same columns as a JSON array of objects, null where a contact has none. Difference 31: so the page."""
    before = "["
    for page in rows(world, options):
        for doc in page:
            yield before + json_text.text(dict(zip(COLUMNS, cells(doc), strict=True)))
            before = ","
    yield "[]" if before == "[" else "]"


def rows(world: World, options: Options) -> Iterator[list[Mapping[str, Any]]]:
    """Pages of contacts: by type and id, or with filters in the order of the application's lists."""
    medic = world.table("cht.medic")
    tests = search.tests_of_contacts(options)
    if tests:
        everybody = (doc for row in medic.rows() if contact_types.is_contact(doc := row.copy()))
        found = [id for _, id in sorted((order(doc), doc["_id"]) for doc in pages.filtered(everybody, tests))]

    def read(skip: int, limit: int) -> list[Mapping[str, Any]]:
        ids = (found[skip : skip + limit] if tests
               else [id for _, id in medic.range("by_contact_type", skip=skip, limit=limit)])
        return [doc for id in ids if (doc := medic.get(id)) is not None]

    return pages.of(world, options.limit, read)


def order(doc: Mapping[str, Any]) -> str:
    """Living before dead, heard before muted, then by type and name. CHT 4.15 source, ddoc medic-client."""
    kind = javascript.text(contact_types.type_id(doc))
    dead, muted = ("true" if javascript.truthy(doc.get(name)) else "false" for name in ("date_of_death", "muted"))
    name = doc.get("name")
    return f"{dead} {muted} {RANKS.get(kind, kind)} {name.lower() if isinstance(name, str) else ''}"


def cells(doc: Mapping[str, Any]) -> Iterator[Any]:
    return (doc.get(name) for name in ("_id", "_rev", *COLUMNS[2:]))
