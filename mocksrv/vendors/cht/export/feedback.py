"""Feedback as CSV. CHT 4.15 source, api/src/services/export/feedback-mapper.js."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mocksrv.vendors.cht import conformance, documents, jsonio
from mocksrv.vendors.cht.export import csvtext, pages
from mocksrv.vendors.cht.export.options import Options
from mocksrv.vendors.cht.export.reports import value_at
from mocksrv.world import World

COLUMNS = ("id", "reported_date", "user", "app_version", "url", "info")
FIRST, LAST = "feedback-", "feedback-\ufff0"


def stream(world: World, options: Options) -> Iterator[str]:
    """The newest first. Difference 36: the page can leave the header out, the server cannot."""
    if not (conformance.docs(world) and options.query.get("skip_header_row") == "true"):
        yield ",".join(COLUMNS) + "\n"
    meta = documents.database(world, "medic-users-meta")

    def read(skip: int, limit: int) -> list[Mapping[str, Any]]:
        ids = meta.all_ids(FIRST, LAST, skip=skip, limit=limit, reverse=True)
        return [doc for id in ids if (doc := meta.get(id)) is not None]

    for page in pages.of(world, options.limit, read):
        yield "".join(csvtext.line(cells(doc)) for doc in page)


def cells(doc: Mapping[str, Any]) -> list[Any]:
    info = jsonio.text(doc["info"]).replace(",", "\\,") if "info" in doc else None
    return [doc["_id"], *(value_at(doc, path) for path in ("meta.time", "meta.user.name", "meta.version", "meta.url")),
            info]
