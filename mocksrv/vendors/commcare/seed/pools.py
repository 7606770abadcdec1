"""The names that made-up data is combined from: `fixtures/commcare/pools.json`, made by `draw.py`."""

from __future__ import annotations

import json
from functools import cache

from mocksrv import fixtures

FILE = fixtures.path("commcare", "pools.json")


@cache
def pools() -> dict[str, list[str]]:
    """`female`, `male` and `last` names, and `places`."""
    found: dict[str, list[str]] = json.loads(FILE.read_bytes())
    return found
