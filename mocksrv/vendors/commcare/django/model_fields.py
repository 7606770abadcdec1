"""Values as Django's model fields take them; refusals have Django's texts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from mocksrv.vendors.commcare.errors import failed, invalid

MOST_INTEGER = 2**31 - 1  # PostgreSQL's integer
LARGEST = 20  # the exponent of a decimal number that the database still takes
DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,6})\d{0,6})?)?")
DATETIME = re.compile(rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})[T ]{TIME.pattern}\s*(Z|[+-]\d{{2}}(?::?\d{{2}})?)?")

# Django's EmailValidator (django/core/validators.py): the parts before and after the @.
ATOM = r"[-!#$%&'*+/=?^_`{}|~0-9A-Z]+"
LOCAL = re.compile(rf'{ATOM}(\.{ATOM})*|"([\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"',
                   re.IGNORECASE)
LETTER = "A-Za-z\u00a1-\uffff"
LONGEST_EMAIL = 320


# A text: it is compiled for the first address, which takes 10 ms for so many letters (25 with re.IGNORECASE).
HOST = (rf"[{LETTER}0-9](?:[{LETTER}0-9-]{{0,61}}[{LETTER}0-9])?(?:\.(?!-)[{LETTER}0-9-]{{1,63}}(?<!-))*"
        rf"\.(?!-)(?:[{LETTER}-]{{2,63}}|[Xx][Nn]--[A-Za-z0-9]{{1,59}})(?<!-)")


def is_email(text: str) -> bool:
    """Whether Django's EmailValidator takes a text."""
    local, _, host = text.rpartition("@")
    return len(text) <= LONGEST_EMAIL and bool(
        LOCAL.fullmatch(local) and (host == "localhost" or re.fullmatch(HOST, host) or is_address(host)))


def is_address(host: str) -> bool:
    """Whether an IP address stands in brackets."""
    try:
        return host[:1] == "[" and host[-1:] == "]" and "%" not in host and bool(ip_address(host[1:-1]))
    except ValueError:
        return False


def uuid_of(value: Any) -> str:
    """An id as 32 hex digits: in any of the forms that Python's UUID reads, or a number. Raises 400."""
    try:
        return (UUID(int=value) if isinstance(value, int) else UUID(hex=value)).hex
    except (AttributeError, ValueError):
        raise invalid(f"“{value}” is not a valid UUID.") from None


def boolean_of(value: Any) -> bool:
    """Raises 400; 500 for null, which the database refuses."""
    if value is None:
        raise failed("the column takes no null")
    if isinstance(value, bool | int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value in ("t", "True", "1", "f", "False", "0"):
        return value in ("t", "True", "1")
    raise invalid(f"“{value}” value must be either True or False.")


def whole_of(value: Any) -> int:
    """A value as an IntegerField reads it. Raises 500: tastypie does not handle Django's ValueError."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise failed(f"{value!r} is not a number") from None


def integer_of(value: Any) -> int:
    """What an IntegerField stores of a value. Raises 500."""
    number = whole_of(value)
    if abs(number) > MOST_INTEGER:
        raise failed(f"{number} does not fit into the column")
    return number


def number_of(value: Any) -> Decimal:
    """A value as a DecimalField reads it. Raises 400."""
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        number = Decimal("NaN")
    if not number.is_finite():
        raise invalid(f"“{value}” value must be a decimal number.")
    return number


def decimal_of(value: Any) -> Decimal:
    """What a DecimalField stores of a value; the answer of a write shows it to the last digit."""
    number = number_of(value)
    if number and number.adjusted() > LARGEST:
        raise failed("the number is too large for the database")
    return number


def stored_decimal(number: Decimal) -> str:
    """What a column with ten decimals gives back of a number: Python writes small ones as 0E-10 and 1.000E-7."""
    kept = Decimal(f"{number:.10f}")
    return str(kept if kept else abs(kept))  # the database knows no negative zero


def moment_of(value: Any) -> datetime:
    """What a DateTimeField holds of a text; one without a zone is UTC."""
    if not isinstance(value, str):
        raise failed(f"a moment must be a text, not {value!r}")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        pass
    if found := DATETIME.fullmatch(value):
        try:
            year, month, day, hour, minute, second, fraction, zone = found.groups()
            return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0),
                            int((fraction or "0").ljust(6, "0")), offset(zone))
        except ValueError:
            raise invalid(f"“{value}” value has the correct format (YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]) but it is an "
                          "invalid date/time.") from None
    try:
        found_day = parse_day(value)
    except ValueError:
        raise invalid(f"“{value}” value has the correct format (YYYY-MM-DD) but it is an invalid date.") from None
    if found_day is None:
        raise invalid(f"“{value}” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] "
                      "format.")
    return datetime(found_day.year, found_day.month, found_day.day)


def offset(zone: str | None) -> timezone | None:
    if zone is None or zone == "Z":
        return UTC if zone else None
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def parse_day(value: str) -> date | None:
    """A date; None for what does not look like one. Raises ValueError for a day that does not exist."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        found = DATE.fullmatch(value)
        return date(*map(int, found.groups())) if found else None


def time_of(value: Any) -> time:
    """What a TimeField holds of a text."""
    if not isinstance(value, str):
        raise failed(f"a time must be a text, not {value!r}")
    try:
        return time.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        pass
    found = TIME.fullmatch(value)
    if found is None:
        raise invalid(f"“{value}” value has an invalid format. It must be in HH:MM[:ss[.uuuuuu]] format.")
    hour, minute, second, fraction = found.groups()
    try:
        return time(int(hour), int(minute), int(second or 0), int((fraction or "0").ljust(6, "0")))
    except ValueError:
        raise invalid(f"“{value}” value has the correct format (HH:MM[:ss[.uuuuuu]]) but it is an invalid "
                      "time.") from None


def day_of(value: Any) -> date:
    """What a DateField holds of a text."""
    if not isinstance(value, str):
        raise failed(f"a date must be a text, not {value!r}")
    try:
        found = parse_day(value)
    except ValueError:
        raise invalid(f"“{value}” value has the correct format (YYYY-MM-DD) but it is an invalid date.") from None
    if found is None:
        raise invalid(f"“{value}” value has an invalid date format. It must be in YYYY-MM-DD format.")
    return found
