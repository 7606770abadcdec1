"""Dates as phones write them, and what the libraries of CommCare HQ make of them: always text in UTC, six digits, `Z`.

HQ reads a form's dates in two ways: with the library iso8601 where it wants to be strict, with dateutil elsewhere.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from mocksrv.vendors.commcare.django import dates

# A text of a form that HQ takes for a date with a time (dimagi/ext/jsonobject.py). What iso8601 does not take, such as
# a blank before the zone, stays as it is.
DATETIME = re.compile(
    r"\d{4}\D?(?:0[1-9]|1[0-2])\D?(?:[12]\d|0[1-9]|3[01])[ T](?:[01]\d|2[0-3])\D?[0-5]\d\D?(?:[0-5]\d)?\D?(?:\d{3,6})?"
    r"(?:[zZ]|[+-](?:[01]\d|2[0-3])\D?(?:[0-5]\d)?)?$"
)
# What the library takes: a year alone, a month, a day; minutes may be left out before seconds.
ISO8601 = re.compile(
    r"([0-9]{4})(?:(?:-([0-9]{1,2})|([0-9]{2})(?!$))(?:(?:-([0-9]{1,2})|([0-9]{2}))(?:[ T]([0-9]{2})(?::?([0-9]{2}))?"
    r"(?::?([0-9]{1,2})(?:[.,]([0-9]+))?)?(?:(Z)|([-+])([0-9]{2}):?([0-9]{2})?)?)?)?)?$"
)
HQS_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def iso8601(text: Any) -> datetime:
    """What the library iso8601 reads, without a zone as UTC. Raises ValueError with the library's text."""
    try:
        found = ISO8601.match(text)
    except TypeError as error:
        raise ValueError(*error.args) from None
    if found is None:
        raise ValueError(f"Unable to parse date string {text!r}")
    year, dashed_month, month, dashed_day, day, hour, minute, second, fraction, _, sign, *zone = found.groups()
    hours, minutes = (int(f"{sign or ''}{part or 0}") for part in zone)
    return datetime(int(year), int(month or dashed_month or 1), int(day or dashed_day or 1), int(hour or 0),
                    int(minute or 0), int(second or 0), int((fraction or "0")[:6].ljust(6, "0")),
                    timezone(timedelta(hours=hours, minutes=minutes)))


def utc(text: str) -> str | None:
    """A date with a time, as forms have them, in HQ's form; None for anything else."""
    if not DATETIME.match(text):
        return None
    try:
        if HQS_FORM.fullmatch(text):
            datetime.fromisoformat(text)
            return text
        return hqs_form(iso8601(text))
    except (ValueError, OverflowError):
        return None


def loosely(text: str, today: str) -> str:
    """What dateutil reads; missing parts are those of `today`, a moment. Raises ValueError."""
    if HQS_FORM.fullmatch(text):
        return hqs_form(datetime.fromisoformat(text))
    try:
        return hqs_form(dates.parse_loosely(text, dates.moment(today)))
    except ArithmeticError:
        raise ValueError(text) from None


def hqs_form(moment: datetime) -> str:
    """A moment as HQ writes it; without a zone it is UTC."""
    utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
