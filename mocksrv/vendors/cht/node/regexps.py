"""What JavaScript's regular expressions and conversions mean by space, line end and number."""

from __future__ import annotations

import math
import re
from typing import Any

from mocksrv.vendors.cht.node import javascript, json_text

SPACES = javascript.SPACES
S = f"[{SPACES}]"
DOT = "[^\n\r\u2028\u2029]"
LINE_END = re.compile("[\n\r\u2028\u2029]")
ZERO_WIDTH = re.compile("[\u200b-\u200d\ufeff]")
DEVANAGARI = {ord("०") + digit: str(digit) for digit in range(10)}


def without_zero_width(value: Any) -> Any:
    """A text without invisible characters; anything else as it is."""
    return ZERO_WIDTH.sub("", value) if isinstance(value, str) else value


def number(value: Any) -> int | float | None:
    """The number in a value, Devanagari digits too; None if there is no number, or it is not finite."""
    text = javascript.text(value).translate(DEVANAGARI)
    if text == "":
        return None
    found = javascript.number(text)
    return json_text.number(found) if math.isfinite(found) else None
