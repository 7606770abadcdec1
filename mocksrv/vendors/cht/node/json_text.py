"""JSON as the server reads and writes it: JavaScript's numbers, compact, raw UTF-8."""

from __future__ import annotations

import json
import math
import re
from functools import reduce
from typing import Any

import orjson

SAFE = 2**53  # beyond it JavaScript has only every other whole number
SURROGATE = re.compile("[\ud800-\udfff]")
LONE = "\U000fffff"  # stands for a lone surrogate: a noncharacter that nobody sends
DIGITS = 20  # more digits than any number up to SAFE has
LEVELS = 150  # of nesting; Node.js and CouchDB take more, Python's functions that follow a value do not
ORJSON = 254  # levels that orjson writes
LARGEST = 2**63  # whole numbers from here on stay floats: the store keeps 64 bits


def number(value: float) -> int | float:
    """A float as JavaScript prints it: without a fraction if it has none."""
    return int(value) if value.is_integer() and abs(value) < LARGEST else value


def _float(text: str) -> int | float | None:
    value = float(text)
    return number(value) if math.isfinite(value) else None  # JSON.stringify(1e999) is null


def _int(text: str) -> int | float | None:
    value = int(text) if len(text) < DIGITS else LARGEST
    return value if -SAFE <= value <= SAFE else _float(text)


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def loads(data: bytes | str) -> Any:
    """Parse strictly; raises ValueError, also beyond 150 levels. Numbers become what JavaScript would hold."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff") if isinstance(data, bytes) else data
    try:
        value = json.loads(text, parse_float=_float, parse_int=_int, parse_constant=_refuse)
        value = whole(value) if "\\u" in text else value
        if text.count("[") + text.count("{") > LEVELS:
            orjson.dumps(reduce(lambda inner, _: [inner], range(ORJSON - LEVELS), value))
        return value
    except (RecursionError, orjson.JSONEncodeError):
        raise ValueError("nested too deeply") from None


def whole(value: Any) -> Any:
    """Half a surrogate pair, which only an escape can make, becomes LONE: UTF-8 cannot hold it, CouchDB refuses it."""
    if isinstance(value, str):
        return SURROGATE.sub(LONE, value)
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {whole(key): whole(item) for key, item in value.items()}
    return value


def dumps(value: Any) -> bytes:
    """What JSON.stringify gives, in UTF-8."""
    try:
        return orjson.dumps(value)
    except TypeError:  # whole numbers beyond 64 bits, lone surrogates, deep nesting
        plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        return plain.encode("utf-8", "backslashreplace")


def text(value: Any) -> str:
    """JSON.stringify, as a string."""
    return dumps(value).decode()
