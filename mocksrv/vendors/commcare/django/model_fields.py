"""Values as Django's model fields take them; what they do not take is answered with Django's own texts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from mocksrv.vendors.commcare.errors import failed, invalid

MOST_INTEGER = 2**31 - 1  # PostgreSQL's integer


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


def integer_of(value: Any) -> int:
    """Raises 500: Django's ValueError is none that tastypie knows."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise failed(f"{value!r} is no number") from None
    if abs(number) > MOST_INTEGER:
        raise failed(f"{number} does not fit into the column")
    return number
