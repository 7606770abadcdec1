"""How JavaScript sees a JSON value, where the server's answers show it."""

from __future__ import annotations

import math
import re
from typing import Any

SPACES = (
    "\t\n\x0b\x0c\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
PREFIXED = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
LONGEST = 200  # characters of a prefixed number that is not yet infinite


def truthy(value: Any) -> bool:
    """Empty lists and objects are true, unlike in Python."""
    if not value:
        return isinstance(value, (list, dict))
    return value == value if isinstance(value, float) else True


def every(*values: Any) -> bool:
    """Whether all are true."""
    return all(map(truthy, values))


def first(*values: Any) -> Any:
    """`a || b || c`."""
    return next((value for value in values if truthy(value)), values[-1])


def text(value: Any) -> str:
    """`String(value)`; a missing value is `None` here and "null" there."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "[object Object]"
    if isinstance(value, list):
        return ",".join("" if item is None else text(item) for item in value)
    if isinstance(value, float):
        return number_text(value)
    return str(value)


def number_text(value: float) -> str:
    """A number as JavaScript prints it: 1.0 is "1", and exponents begin at 1e21 and 1e-7."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return mantissa
    if -7 < int(exponent) < 0:
        return f"{value:.{len(mantissa.replace('-', '').replace('.', '')) - 1 - int(exponent)}f}"
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"


def number(value: str) -> float:
    """`Number(value)`."""
    value = value.strip(SPACES)
    if not value:
        return 0.0
    if PREFIXED.fullmatch(value):
        return float(int(value, 0)) if len(value) < LONGEST else math.inf
    if value.lstrip("+-") == "Infinity" and len(value) < 10:
        return -math.inf if value[0] == "-" else math.inf
    return float(value) if DECIMAL.fullmatch(value) else math.nan


def to_number(value: Any) -> float:
    """`Number(value)` of any JSON value."""
    if value is None or isinstance(value, int | float):
        return float(value or 0)
    return number(text(value))


def plus(one: Any, other: Any) -> Any:
    """`one + other`: a sum of numbers, but texts one after the other if any of them is no number."""
    if any(isinstance(value, str | list | dict) for value in (one, other)):
        return text(one) + text(other)
    return to_number(one) + to_number(other)


def cut(items: list[Any], start: Any, end: Any) -> list[Any]:
    """`items.slice(start, end)`: NaN is 0, negative numbers count from the end."""
    edges = []
    for edge in (to_number(start), to_number(end)):
        bounded = max(-len(items), min(len(items), 0 if edge != edge else edge))
        edges.append(int(bounded) if edge >= 0 or edge != edge else len(items) + int(bounded))
    return items[edges[0] : edges[1]]


def units(value: str) -> int:
    """Length in UTF-16 units."""
    return len(value.encode("utf-16-le", "surrogatepass")) // 2


def partly_equal(part: Any, whole: Any) -> bool:
    """`_.isMatch(whole, part)`: whether all that is in one value is in the other, too; lists in any order.

    lodash 4.17 source, baseIsMatch, equalArrays, equalObjects.
    """
    if part is whole:
        return True
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and partly_equal(value, whole[name]) for name, value in part.items())
    if isinstance(part, list):
        left = list(whole) if isinstance(whole, list) and len(whole) >= len(part) else []
        return isinstance(whole, list) and all(took(value, left) for value in part)
    return bool(part == whole) and isinstance(part, bool) is isinstance(whole, bool)


def took(part: Any, left: list[Any]) -> bool:
    """Whether something in the list is partly equal; it is taken out."""
    place = next((place for place, whole in enumerate(left) if partly_equal(part, whole)), None)
    if place is not None:
        del left[place]
    return place is not None
