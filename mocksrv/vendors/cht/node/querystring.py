"""Query strings with nested brackets, as Express reads them with the package qs 6.13.

`a[b][0][c]=x` is `{"a": {"b": [{"c": "x"}]}}`; a repeated key is a list; all values are texts. The package qs-codec
does the work; where it differs from qs, input and output are corrected: bad escapes, brackets that are not
closed, indices above 20, the name `__proto__`, and JavaScript's order of keys.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

from mocksrv.vendors.cht.call import Call

BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
STRUCTURED = re.compile(r"\[|%5b|__proto__", re.IGNORECASE)
OPEN = re.compile(r"\[(?![^\[\]]*\])")  # a bracket that is part of a name
MEMBER = re.compile(r"\[[^\[\]]*\]")
INDEX = re.compile(r"\[([1-9][0-9]+)\]")
POSITION = re.compile("0|[1-9][0-9]{0,9}")  # keys that JavaScript puts first
LONGEST = 20  # the highest index of a list; above it the index is a name
MOST = 1000  # parameters that are read
BRACKET, NAME = "\ue000", "\ue001"  # stand for a literal bracket, and before an index that is a name


def parse(call: Call) -> dict[str, Any]:
    """The query as nested data."""
    return decode(call.query_string)


def decode(query: str) -> dict[str, Any]:
    """A query string as nested data."""
    if STRUCTURED.search(query):
        import qs_codec

        found: dict[str, Any] = tidy(qs_codec.decode(sorted_pairs(query), options()))
        return found
    flat: dict[str, Any] = {}
    for pair in [part for part in query.split("&", MOST)[:MOST] if part]:
        name, _, value = pair.partition("=")
        if not name:
            continue
        key, value = unescape(name), unescape(value)
        if key in flat:
            known = flat[key]
            flat[key] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            flat[key] = value
    return in_order(flat)


def sorted_pairs(query: str) -> str:
    """The query as qs merges its pairs: whole numbers as names first, as JavaScript has them in an object; and without
    an empty value for a name that has members already.
    """
    pairs = [(unescape(pair.partition("=")[0]), pair) for pair in query.split("&", MOST)[:MOST]]
    first = sorted((pair for pair in pairs if POSITION.fullmatch(pair[0])), key=lambda pair: int(pair[0]))
    named, roots, kept = Counter(name for name, _ in pairs), set(), [pair for _, pair in first]
    for name, pair in pairs:
        if member := MEMBER.search(name):
            roots.add(name[: member.start()])
        empty = pair.partition("=")[2] == "" and name in roots and named[name] == 1
        if not empty and not POSITION.fullmatch(name):
            kept.append(pair)
    return "&".join(kept)


@cache
def options() -> Any:
    import qs_codec

    def decoder(text: str | None, charset: Any = None, kind: Any = None) -> str | None:
        if text is None:
            return None
        text = unescape(text)
        if kind == qs_codec.DecodeKind.KEY and "[" in text:
            text = INDEX.sub(named, OPEN.sub(BRACKET, text))
        return text

    return qs_codec.DecodeOptions(decoder=decoder, strict_merge=False, list_limit=MOST, parameter_limit=MOST)


def named(index: re.Match[str]) -> str:
    """A high index as the name that it is."""
    return f"[{NAME}{index[1]}]" if len(index[1]) > 2 or int(index[1]) > LONGEST else index[0]


def unescape(text: str) -> str:
    """Decoded; if an escape is broken, only "+" is replaced."""
    text = text.replace("+", " ")
    if "%" not in text or BAD_ESCAPE.search(text):
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text


def tidy(value: Any) -> Any:
    """Restore names as they were sent, in JavaScript's order; `__proto__` cannot be set."""
    if isinstance(value, list):
        return [tidy(one) for one in value]
    if not isinstance(value, dict):
        return value
    return in_order({str(name).replace(BRACKET, "[").replace(NAME, ""): tidy(one)
                     for name, one in value.items() if name != "__proto__"})


def in_order(value: dict[str, Any]) -> dict[str, Any]:
    """Whole numbers before all other names."""
    positions = sorted((name for name in value if POSITION.fullmatch(name)), key=int)
    return {name: value[name] for name in positions} | value if positions else value
