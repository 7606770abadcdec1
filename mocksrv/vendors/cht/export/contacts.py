"""Contacts as CSV, and as the page has them. CHT 4.15 source, api/src/services/export/contact-mapper.js."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mocksrv.vendors.cht.ddocs import full_text
from mocksrv.vendors.cht.export import csvtext, pages, search
from mocksrv.vendors.cht.export.options import Options
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.shared_libs import contact_types
from mocksrv.world import World

COLUMNS = ("id", "rev", "name", "patient_id", "type", "contact_type", "place_id")


def stream(world: World, options: Options) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\n"
    for page in rows(world, options):
        yield "".join(csvtext.line(cells(doc)) for doc in page)


def array(world: World, options: Options) -> Iterator[str]:
    """The same columns as a JSON array of objects, null where a contact has none, as on the page."""
    before = "["
    for page in rows(world, options):
        for doc in page:
            yield before + json_text.text(dict(zip(COLUMNS, cells(doc), strict=True)))
            before = ","
    yield "[]" if before == "[" else "]"


def rows(world: World, options: Options) -> Iterator[list[Mapping[str, Any]]]:
    """Pages of contacts: by type and id, or with filters in the order of the application's lists."""
    medic = world.table("cht.medic")

    def stored(ids: Iterable[str]) -> list[Mapping[str, Any]]:
        return [doc for id in ids if (doc := medic.get(id)) is not None]

    tests = search.tests_of_contacts(world, options)
    if not tests:
        return pages.of(world, options.limit, lambda skip, limit: stored(
            id for _, id in medic.range("by_contact_type", skip=skip, limit=limit)))
    everybody = (doc for row in medic.rows() if contact_types.is_contact(doc := row.copy()))
    found = sorted((full_text.sort_order(doc), doc["_id"]) for doc in pages.filtered(everybody, tests))
    return map(stored, pages.matching(world, options.limit, iter([id for _, id in found])))


def cells(doc: Mapping[str, Any]) -> Iterator[Any]:
    return (doc.get(name) for name in ("_id", "_rev", *COLUMNS[2:]))
