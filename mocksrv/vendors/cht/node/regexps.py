"""What JavaScript's regular expressions and conversions mean by space, line end and number."""

from __future__ import annotations

import math
import re
from typing import Any

from mocksrv.vendors.cht.node import javascript, json_text

SPACES = (
    "\t\n\x0b\x0c\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
S = f"[{SPACES}]"
DOT = "[^\n\r\u2028\u2029]"
LINE_END = re.compile("[\n\r\u2028\u2029]")
ZERO_WIDTH = re.compile("[\u200b-\u200d\ufeff]")
DEVANAGARI = {ord("०") + digit: str(digit) for digit in range(10)}
DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
PREFIXED = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")


def without_zero_width(value: Any) -> Any:
    """A text without invisible characters; anything else as it is."""
    return ZERO_WIDTH.sub("", value) if isinstance(value, str) else value


def number(value: Any) -> int | float | None:
    """The number in a value, Devanagari digits too; None if it is none or not finite."""
    text = javascript.text(value).translate(DEVANAGARI)
    if text == "":
        return None
    text = text.strip(SPACES)
    if not text:
        return 0
    if PREFIXED.fullmatch(text):
        return json_text.number(float(int(text, 0))) if len(text) < 200 else None
    if not DECIMAL.fullmatch(text):
        return None
    found = float(text)
    return json_text.number(found) if math.isfinite(found) else None
