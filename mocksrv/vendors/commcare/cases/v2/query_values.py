"""The functions of the case search language that are values: `today()`, `date-add('2024-01-31', 'months', 1)`.

commcare-hq corehq/apps/case_search/xpath_functions/value_functions.py and dsl_utils.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.cases.v2.xpath import Function, Negated, Step, serialize

if TYPE_CHECKING:
    from mocksrv.world import World

EPOCH = date(1970, 1, 1)
DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})$")
MOMENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,6})\d{0,6})?)?\s*"
                    r"(Z|[+-]\d{2}(?::?\d{2})?)?$")
INTERVALS = ("seconds", "minutes", "hours", "days", "weeks", "months", "years")


class BadQuery(Exception):
    """HQ refuses the query with this text."""

    def __init__(self, text: str, diagnosis: str | None = None) -> None:
        super().__init__(text)
        self.diagnosis = diagnosis


def value_of(world: World, node: Any) -> Any:
    """What stands on the right side of a comparison: a text, a number or a list. Raises BadQuery, and TypeError."""
    if isinstance(node, Step):
        raise BadQuery("You cannot reference a case property on the right side of an operation. If "
                       f'"{serialize(node)}" is meant to be a value, please surround it with quotation marks')
    if isinstance(node, Negated):
        return -1 * node.right
    if isinstance(node, Function):
        if node.name not in FUNCTIONS:
            raise BadQuery(f'We don\'t know what to do with the function "{node.name}". '
                           f"Accepted functions are: {', '.join(FUNCTIONS)}")
        return FUNCTIONS[node.name](world, node)
    if not isinstance(node, str | int | float):
        raise BadQuery("Unexpected type for value expression")
    return node


def check_count(node: Function, expected: int) -> None:
    if len(node.args) != expected:
        raise BadQuery(f"The '{node.name}' function accepts exactly {expected} arguments, got {len(node.args)}")


def parse_day(text: str) -> date | None:
    """Django's parse_date: None where a text does not look like a date. Raises ValueError where it only looks so."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        found = DAY.match(text)
        return date(*map(int, found.groups())) if found else None


def parse_moment(text: str) -> datetime | None:
    """Django's parse_datetime, likewise."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        found = MOMENT.match(text)
        if not found:
            return None
        *parts, fraction, zone = found.groups()
        year, month, day, hour, minute, second = (int(part or 0) for part in parts)
        moment = datetime(year, month, day, hour, minute, second, int((fraction or "0").ljust(6, "0")))
        return datetime.fromisoformat(moment.isoformat() + (zone or ""))


def day_of(value: Any) -> date:
    """A value as a day. Raises BadQuery."""
    if isinstance(value, int):
        return EPOCH + timedelta(days=value)
    try:
        day = parse_day(value) if isinstance(value, str) else None
    except ValueError:
        raise BadQuery(f"{value} is not a valid date") from None
    if day is None:
        raise BadQuery('Invalid date value. Dates must be an integer or a string of the format "YYYY-mm-dd"')
    return day


def moment_of(value: Any) -> datetime:
    """A value as a moment. Raises BadQuery."""
    if isinstance(value, int | float):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=value)
    try:
        moment = parse_moment(value) if isinstance(value, str) else None
    except ValueError:
        raise BadQuery(f"{value} is not a valid datetime") from None
    if moment is None:
        raise BadQuery("Invalid datetime value. Must be a number or a ISO 8601 string.")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def argument(world: World, node: Function) -> Any:
    check_count(node, 1)
    return value_of(world, node.args[0])


def added(world: World, node: Function, read: Callable[[Any], Any]) -> Any:
    """A day or moment so much later. Raises BadQuery, and what HQ does not catch."""
    from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]

    check_count(node, 3)
    start = read(value_of(world, node.args[0]))
    interval, quantity = value_of(world, node.args[1]), value_of(world, node.args[2])
    if interval not in INTERVALS:
        raise BadQuery(f'The "date-add" function expects the \'interval\' argument to be one of {INTERVALS}')
    try:
        quantity = float(quantity) if isinstance(quantity, str) else quantity
    except ValueError:
        quantity = None
    if not isinstance(quantity, int | float):
        raise BadQuery('The "date-add" function expects the interval quantity to be a numeric value')
    if interval in ("years", "months") and int(quantity) != quantity:
        raise BadQuery('Non-integer years and months are ambiguous and not supported by the "date-add" function')
    delta = relativedelta(**{interval: quantity})
    try:
        return start + delta
    except (ValueError, OverflowError) as error:
        raise BadQuery(str(error)) from None


def now(world: World, node: Function) -> str:
    check_count(node, 0)
    return world.clock.now().astimezone(UTC).isoformat()


def double(world: World, node: Function) -> float:
    """A number; of a day or moment, the days since 1970."""
    value = argument(world, node)
    if isinstance(value, str):
        for parse in (parse_day, parse_moment):
            try:
                found: Any = parse(value)
            except ValueError:
                continue
            if found:
                return float((found - (EPOCH if parse is parse_day else datetime(1970, 1, 1, tzinfo=UTC)))
                             / timedelta(days=1))
    try:
        return float(value)
    except (ValueError, TypeError):
        raise BadQuery(f"Cannot convert {value} to a double") from None


def unwrapped(world: World, node: Function) -> Any:
    check_count(node, 1)
    return json.loads(node.args[0])


FUNCTIONS: dict[str, Callable[[World, Function], Any]] = {
    "date": lambda world, node: day_of(argument(world, node)).strftime("%Y-%m-%d"),
    "date-add": lambda world, node: added(world, node, day_of).strftime("%Y-%m-%d"),
    "datetime": lambda world, node: moment_of(argument(world, node)).isoformat(),
    "datetime-add": lambda world, node: added(world, node, moment_of).isoformat(),
    "double": double,
    "now": now,
    "today": lambda world, node: now(world, node)[:10],
    "unwrap-list": unwrapped,
}
