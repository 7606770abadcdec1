"""Reports as CSV. CHT 4.15 source, api/src/services/export/report-mapper.js."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mocksrv.vendors.cht.export import csvtext, pages, search
from mocksrv.vendors.cht.export.options import Options
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import lineage
from mocksrv.world import World

STEP = 500  # reports that a search examines at a time
OWN = ("_id", "form", "patient_id", "reported_date", "from")
ABOVE = ("contact", "contact.parent", "contact.parent.parent", "contact.parent.parent.parent")


def stream(world: World, options: Options) -> Iterator[str]:
    """The header, then a page of lines at a time."""
    selected = options.selected("forms")
    columns = field_columns(world, search.columns_of(selected) if javascript.truthy(selected) else forms_in_use(world))
    yield ",".join([*OWN, *(f"{place}.name" for place in ABOVE), *columns]) + "\n"
    for page in rows(world, options):
        yield "".join(csvtext.line(cells(world, doc, columns, options.human)) for doc in page)


def rows(world: World, options: Options) -> Iterator[list[Mapping[str, Any]]]:
    """Pages of reports, newest first; with filters each page is ascending in itself."""
    tests = search.tests_of_reports(world, options)

    def read(skip: int, limit: int) -> list[Mapping[str, Any]]:
        return newest(world, skip, limit)

    if not tests:
        yield from pages.of(world, options.limit, read)
        return
    everything = (doc for page in pages.of(world, STEP, read) for doc in page)
    yield from pages.matching(world, options.limit, pages.filtered(everything, tests), backwards=True)


def newest(world: World, skip: int, limit: int) -> list[Mapping[str, Any]]:
    medic = world.table("cht.medic")
    found = medic.range("by_reported", skip=skip, limit=limit, reverse=True)
    return [doc for _, id in found if (doc := medic.get(id)) is not None]  # copies are not cached


def forms_in_use(world: World) -> list[str]:
    """The codes of all forms that have reports, in order."""
    medic, codes = world.table("cht.medic"), []
    code = ""
    while found := medic.range("by_form", (code, "\U0010ffff"), include_low=False, limit=1):
        code = found[0][0][0]
        codes.append(code)
    return codes


def field_columns(world: World, forms: list[Any]) -> list[str]:
    """The sorted paths of the fields in one sample report of each form."""
    medic = world.table("cht.medic")
    paths: set[str] = set()
    for form in forms:
        if isinstance(form, str) and (found := medic.range("by_form", (form, ""), (form, "\U0010ffff"), limit=1)):
            sample = medic.peek(found[0][1]) or {}
            paths.update(flatten(sample.get("fields")))
    return sorted(paths, key=lambda path: path.encode("utf-16-be"))


def flatten(value: Any, prefix: str = "") -> Iterator[str]:
    """The dotted paths of an object's leaves; a list is a leaf."""
    if isinstance(value, dict):
        for name, inner in value.items():
            path = f"{prefix}.{name}" if prefix else name
            if isinstance(inner, dict):
                yield from flatten(inner, path)
            else:
                yield path


def cells(world: World, report: Mapping[str, Any], columns: list[str], human: bool) -> Iterator[Any]:
    yield from (report.get("_id"), report.get("form"), report.get("patient_id"),
                csvtext.date(report.get("reported_date"), human), report.get("from"))
    names = lineage.sender_names(world, report)
    yield from (*names, *(None for _ in ABOVE))[: len(ABOVE)]
    for path in columns:
        yield value_at(report.get("fields"), path)


def value_at(value: Any, path: str) -> Any:
    """The value at a dotted path; None if there is none."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
