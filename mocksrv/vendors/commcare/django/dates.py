"""Moments: the stored form (UTC text, six digits, `Z`), and the forms that CommCare HQ sends and takes. Stored text
sorts like time, so ranges compare text. The form in answers depends on the field and the era.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mocksrv.world import World

# The only form that filters of cases (v1) and forms take. HQ source, corehq/apps/api/es.py (date filters).
FILTER_FORMS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%MZ")
LAST = "9999-12-31T23:59:59.999999Z"
LONGEST = 200  # longer texts are not dates, and dateutil would need long to find that out


def text(moment: datetime) -> str:
    """The internal text of an aware datetime; a naive one is UTC."""
    utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def now(world: World) -> str:
    """The world's time as internal text."""
    return text(world.clock.now())


def moment(stored: str) -> datetime:
    """The aware datetime of an internal text."""
    return datetime.fromisoformat(stored)


def parse_iso(value: str) -> str:
    """Any ISO 8601 date or time as internal text. Raises ValueError."""
    try:
        return text(datetime.fromisoformat(value.strip().replace(" ", "T")))
    except OverflowError:
        raise ValueError(value) from None


def parse_loosely(value: str, today: datetime) -> datetime:
    """What dateutil takes for a date: `Nov 3 2024`, `2024-11`, `3/11/2024` (March), `monday`.

    Missing parts are today's, at midnight. Named time zones are not known. Raises ValueError; OverflowError,
    which HQ does not catch, for numbers that are too large.
    """
    if len(value) > LONGEST:
        raise ValueError(value)
    from dateutil import parser  # type: ignore[import-untyped]

    midnight = datetime.combine(today.date(), time())
    parsed: datetime = parser.parse(value, default=midnight, tzinfos=zone_of)
    return parsed


def zone_of(name: str | None, offset: int | None) -> tzinfo | None:
    return None if offset is None else timezone(timedelta(seconds=offset))


def parse_filter(value: str) -> str:
    """A bound of a case or form filter as internal text; a date alone is its midnight. Raises ValueError."""
    for form in FILTER_FORMS:
        try:
            return text(datetime.strptime(value, form))
        except ValueError:
            continue
    raise ValueError(value)


def naive(stored: str | None) -> str | None:
    """Six digits, no zone."""
    return stored and stored[:-1]


def isoformat(stored: str | None) -> str | None:
    """Python's `isoformat()` of a naive datetime: no zone, and no fraction when it is zero."""
    return stored and stored[:-1].removesuffix(".000000")


def python(stored: str | None) -> str | None:
    """Python's `str(datetime)`: a space, no zone, no fraction when it is zero."""
    return stored and stored[:-1].removesuffix(".000000").replace("T", " ")


def milliseconds(stored: str | None) -> str | None:
    """Django's JSON encoder on a naive datetime: milliseconds, no zone, no fraction when it is zero."""
    if stored is None:
        return None
    return stored[:-1].removesuffix(".000000") if stored.endswith(".000000Z") else stored[:-4]


def before(stored: str, **span: float) -> str:
    """The internal text of the moment that lies so much earlier (`days=30`), at the earliest in year 1."""
    try:
        return text(moment(stored) - timedelta(**span))
    except OverflowError:
        return "0001-01-01T00:00:00.000000Z"
