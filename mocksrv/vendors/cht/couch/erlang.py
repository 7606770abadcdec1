"""Erlang's terms, which CouchDB holds JSON in: how its refusals print them, and the order that they have.

CouchDB 3.3 source, couch_mrview_updater (insert_results), mango_util; Erlang's documentation, "Term Comparisons".
"""

from __future__ import annotations

import json
from typing import Any

NUMBER, ATOM, OBJECT, EMPTY, LIST, TEXT = range(6)  # kinds of terms in their order
ATOMS = {None: "null", True: "true", False: "false"}


def term(value: Any, pretty: bool = False) -> str:
    """A JSON value as Erlang writes it; `pretty` with printable texts as such."""
    if isinstance(value, str):
        plain = pretty and value.isascii() and value.isprintable() and value
        return f"<<{json.dumps(value) if plain else ','.join(str(byte) for byte in value.encode())}>>"
    if isinstance(value, list):
        return f"[{','.join(term(one, pretty) for one in value)}]"
    if isinstance(value, dict):
        members = (f"{{{term(name, pretty)},{term(one, pretty)}}}" for name, one in value.items())
        return "{[" + ",".join(members) + "]}"
    return json.dumps(value)


def characters(text: str) -> str:
    """A text of the query string, which Erlang has as a list of characters: an empty one prints like any empty list."""
    return json.dumps(text, ensure_ascii=False) if text else "[]"


def order(value: Any) -> tuple[Any, ...]:
    """The sort key of JSON values as Erlang terms: numbers, atoms, objects, lists, texts by their bytes."""
    if isinstance(value, str):
        return TEXT, value
    if value is None or isinstance(value, bool):
        return ATOM, ATOMS[value]
    if isinstance(value, int | float):
        return NUMBER, value
    if isinstance(value, dict):
        return OBJECT, tuple((order(name), order(one)) for name, one in value.items())
    return (LIST, *(order(one) for one in value)) if value else (EMPTY,)
