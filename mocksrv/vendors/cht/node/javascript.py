"""How JavaScript sees a JSON value, where the server's answers show it."""

from __future__ import annotations

import math
from typing import Any


def truthy(value: Any) -> bool:
    """Empty lists and objects are true, unlike in Python."""
    if isinstance(value, list | dict):
        return True
    return bool(value) and value == value


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


def units(value: str) -> int:
    """Length in UTF-16 units."""
    return len(value.encode("utf-16-le", "surrogatepass")) // 2
