"""Feedback as CSV. CHT 4.15 source, api/src/services/export/feedback-mapper.js."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.export import csvtext, pages
from mocksrv.vendors.cht.export.options import Options
from mocksrv.vendors.cht.export.reports import value_at
from mocksrv.vendors.cht.node import json_text
from mocksrv.world import World

COLUMNS = ("id", "reported_date", "user", "app_version", "url", "info")
MINUTES = re.compile(r"[+-]?0*(?:[0-9]{1,3}|1[0-3][0-9]{2}|14[0-3][0-9])", re.ASCII)  # less than a day
FIRST, LAST = "feedback-", "feedback-\ufff0"


def stream(world: World, options: Options) -> Iterator[str]:
    """The newest first. The page can leave the header out and move dates, the server cannot."""
    asked = options.query if Difference.FEEDBACK_PARAMETERS.as_page(world) else {}
    zone = timezone_of(asked.get("tz"))
    if asked.get("skip_header_row") != "true":
        yield ",".join(COLUMNS) + "\n"
    meta = documents.database(world, "medic-users-meta")

    def read(skip: int, limit: int) -> list[Mapping[str, Any]]:
        ids = meta.all_ids(FIRST, LAST, skip=skip, limit=limit, reverse=True)
        return [doc for id in ids if (doc := meta.get(id)) is not None]

    for page in pages.of(world, options.limit, read):
        yield "".join(csvtext.line(cells(doc, zone)) for doc in page)


def cells(doc: Mapping[str, Any], zone: timezone | None) -> list[Any]:
    info = json_text.text(doc["info"]).replace(",", "\\,") if "info" in doc else None
    date, *others = (value_at(doc, path) for path in ("meta.time", "meta.user.name", "meta.version", "meta.url"))
    return [doc["_id"], date if zone is None else moved(date, zone), *others, info]


def timezone_of(minutes: Any) -> timezone | None:
    """The zone so many minutes from GMT; None for what is no such number."""
    if not isinstance(minutes, str) or not MINUTES.fullmatch(minutes):
        return None
    return timezone(timedelta(minutes=int(minutes)))


def moved(date: Any, zone: timezone) -> Any:
    """An ISO date in another zone, with its offset; anything else as it is."""
    try:
        read = datetime.fromisoformat(date)
        aware = read if read.tzinfo else read.replace(tzinfo=UTC)
        return aware.astimezone(zone).isoformat(timespec="milliseconds")
    except (TypeError, ValueError, OverflowError):
        return date
