"""The ways to write a report in a text message: Muvuku, JavaRosa, Textforms and compact Textforms.

Each reader turns a message into raw values by field; `fields` converts them. CHT 4.15 source,
api/src/services/report/*-parser.js.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.node.regexps import DOT, LINE_END, SPACES, S

Raw = dict[str, Any]  # a field that was not given has no key
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MUVUKU = re.compile(rf"{S}*([A-Za-z]?[0-9])!{DOT}+!{DOT}+")
FIRST_WORD = re.compile(rf"{S}*([^{SPACES}!\-,:#]+)")
AFTER_CODE = rf"[{SPACES}!\-,:#]*"
# Spaces before a sign are tried from the first of them alone: from each it would take time that grows with the square.
SPACES_BEFORE = rf"(?:(?<!{S}){S}++)?+"
BOUNDARY = re.compile(rf"{SPACES_BEFORE}#{S}*")
SEPARATORS = rf"[{SPACES}\-!]*+"
# Possessive: what follows matches anything but a line end, so backtracking never helps.
PAIR = re.compile(
    rf"{SPACES_BEFORE}([A-Za-z_.*]++){SEPARATORS}([0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}})?+{SEPARATORS}"
    rf"([1-9][0-9]*(?:\.(?:[0-9]+)?)?)?+{SEPARATORS}")
QUOTED_WORDS = re.compile(rf'"[^"]+"|[^"{SPACES}]+')
QUOTED_LINE = re.compile(rf'"{DOT}+"|[^"{SPACES}]+')
UNESCAPED_HASH = re.compile(r"([^\\])#", re.DOTALL)


class Crash(ValueError):
    """A message at which the 4.15.0 server fails."""


def form_code(message: Any) -> str | None:
    """The code of the form that a message is for, in upper case: the second part of Muvuku, or the first word."""
    if not isinstance(message, str):
        return None
    parts = message.split("!")
    if len(parts) >= 3:
        return parts[1].upper()
    found = FIRST_WORD.match(message)
    return found[1].upper() if found else None


def muvuku_header(message: str) -> str | None:
    """The parser that the header of a Muvuku message names: "1", "J1" or an unknown one; else None."""
    found = MUVUKU.match(message)
    return found[1].upper() if found else None


def strip_code(code: Any, message: str) -> str:
    """The message without the form's code in front; without a code, as it is."""
    if not isinstance(code, str):
        return message
    return re.sub(rf"\A{S}*{re.escape(code)}{AFTER_CODE}", "", message, count=1, flags=re.IGNORECASE)


def muvuku(keys: list[str], message: str) -> tuple[Raw, bool]:
    """`1!CODE!v1#v2`: values by position, and whether there were more than fields."""
    first, *rest = message.split("#")
    values = ["!".join(first.split("!")[2:]), *rest]
    return {key: value.strip(SPACES) for key, value in zip(keys, values, strict=False)}, len(values) > len(keys)


def javarosa(labels: dict[str, str], message: str) -> Raw:
    """`J1!CODE!label#value#label#value`: values by tiny label, in any order; `\\#` is a plain #."""
    parts = UNESCAPED_HASH.sub("\\1\x0b", "!".join(message.split("!")[2:])).split("\x0b")
    raw: Raw = {}
    for key, label in labels.items():
        for given, value in zip(parts[::2], parts[1::2], strict=False):
            if given.strip(SPACES).lower() == label.lower():
                raw[key] = value.replace("\\#", "#")
    return raw


def textforms(message: str) -> Raw:
    """`label value # label value`: values by label in lower case."""
    raw: Raw = {}
    for piece in BOUNDARY.split(message):
        pair = read_pair(piece)
        if pair:
            add(raw, *pair)
    return raw


def read_pair(piece: str) -> tuple[str, Any] | None:
    """Label and value of one piece; the value is None if there is none."""
    start = 0
    while found := PAIR.search(piece, start):
        rest = piece[found.end() :].rstrip(SPACES)
        if not LINE_END.search(rest):
            label, date, number = found.groups()
            return label.lower(), pair_value(date, number, rest or None)
        start = found.end(1)
    return None


def pair_value(date: str | None, number: str | None, rest: str | None) -> Any:
    if number is not None and rest is not None:
        return {"type": "pair", "values": [number, rest]}
    if number is not None:
        return json_text.number(float(number))
    return date_value(date) if date is not None else rest


def date_value(text: str) -> int | None:
    """Milliseconds of a date; the 31st of a short month is the 1st of the next one, as in JavaScript."""
    year, month, day = (int(part) for part in re.split("[-/]", text))
    if not (1 <= month <= 12 and 1 <= day <= 31 and year):
        return None
    return (datetime(year, month, 1, tzinfo=UTC) + timedelta(days=day - 1) - EPOCH) // timedelta(milliseconds=1)


def add(raw: Raw, label: str, value: Any) -> None:
    """The first value stands alone; with the second it becomes a list."""
    old = raw.get(label)
    if old is None:
        joined = isinstance(value, dict)
        if value is not None:
            raw[label] = "".join(value["values"]) if joined else value
    elif isinstance(old, list):
        old.append(value)
    else:
        raw[label] = [old, value]


def is_compact(labels: list[str], message: str) -> bool:
    """Whether the values come without labels: no `#`, and it does not begin with a label."""
    return bool(message) and "#" not in message and not any(begins_with(message, label) for label in labels)


def begins_with(message: str, label: str) -> bool:
    if message.lower() == label.lower():
        return True
    return bool(label) and bool(re.match(rf"{re.escape(label)}[{SPACES}0-9]", message, re.IGNORECASE))


def compact(keys: list[str], last_takes_rest: bool, message: str, strict: bool = False) -> Raw:
    """`v1 v2 "two words"`: values by position. Raises Crash, if `strict`, for a message of quotes alone."""
    values = QUOTED_WORDS.findall(message)
    if len(values) > len(keys):
        values = QUOTED_LINE.findall(message)
    if not values and strict:
        raise Crash("a message of quotes alone")
    raw: Raw = {}
    for number, key in enumerate(keys):
        if not values:
            break
        rest = number == len(keys) - 1 and last_takes_rest
        value = " ".join(values) if rest else values.pop(0)
        raw[key] = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    return raw
