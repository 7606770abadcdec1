"""Query strings with nested brackets, as the API's parser (the package qs) reads them.

`a[b][0][c]=x` is `{"a": {"b": [{"c": "x"}]}}`; a repeated key is a list; all values are texts.
"""

from __future__ import annotations

import re
from typing import Any

from mocksrv.vendors.cht.call import Call

BRACKETS = re.compile(r"\[([^\[\]]*)\]")
INDEX = re.compile("[0-9]{1,2}")
DEPTH = 5  # levels of brackets that are read; the rest of the key is one name
LONGEST = 20  # the highest index of a list; above it the index is a name
MOST = 1000  # parameters that are read


def parse(call: Call) -> dict[str, Any]:
    """The query as nested data."""
    tree: dict[str, Any] = {}
    for key, value in call.query[:MOST]:
        put(tree, path_of(key), value)
    return {name: as_lists(value) for name, value in tree.items()}


def path_of(key: str) -> list[str]:
    """The names of a key: `a[b][]` is `["a", "b", ""]`."""
    first = BRACKETS.search(key)
    if first is None or first.start() == 0:
        return [key]
    names, end = [key[: first.start()]], first.start()
    for found in BRACKETS.finditer(key, end):
        if found.start() != end:
            break
        if len(names) > DEPTH:
            return [*names, key[end:]]
        names.append(found[1])
        end = found.end()
    return names


def put(tree: dict[str, Any], names: list[str], value: str) -> None:
    """Put a value under a path of names; a second value of a path makes a list of both."""
    *parents, last = names
    for name in parents:
        inner = tree.setdefault(name, {})
        if not isinstance(inner, dict):  # a=1&a[b]=2: the plain value becomes a name, as in the original
            inner = tree[name] = {str(inner): True}
        tree = inner
    if last == "":
        last = str(len(tree))
    known = tree.get(last)
    tree[last] = value if known is None else [*(known if isinstance(known, list) else [known]), value]


def as_lists(value: Any) -> Any:
    """Objects whose names are all small numbers as lists, in the order of the numbers."""
    if not isinstance(value, dict):
        return value
    inner = {name: as_lists(one) for name, one in value.items()}
    if inner and all(INDEX.fullmatch(name) and int(name) <= LONGEST for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
