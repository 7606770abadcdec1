"""The names that made-up data is combined from: of CommCare's own locale stored, of others drawn for a world.

`python -m mocksrv.vendors.commcare.seed.pools` draws the stored ones anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from mocksrv import fixtures
from mocksrv.people import names, phones

if TYPE_CHECKING:
    from mocksrv.world import World

FILE = fixtures.path("commcare", "pools.json")
LOCALE = "tw_GH"
SEED = 1  # of the stored pools
SIZES = {"female": 60, "male": 60, "last": 80, "place": 60}
Pools = dict[str, list[str]]


def pools(world: World) -> Pools:
    """`female`, `male` and `last` names, and `places`; read only."""
    locale = world.setting("commcare.locale")
    return stored() if locale == LOCALE else draw(locale, world.random.seed_text)


@cache
def stored() -> Pools:
    found: Pools = json.loads(FILE.read_bytes())
    return found


@lru_cache(maxsize=32)
def draw(locale: str = LOCALE, seed: int | str = SEED) -> Pools:
    """New pools, from a seeded Faker."""
    makers = names.draws(locale, seed)
    drawn = {kind: sorted(names.different(titled(makers[kind]), size)) for kind, size in SIZES.items()}
    return {"places" if kind == "place" else kind: held for kind, held in drawn.items()}


def titled(make: Callable[[], str]) -> Callable[[], str]:
    return lambda: make().title()


def phone(world: World, own: Callable[[], str]) -> str:
    """A mobile phone's number in digits alone: `own` makes that of CommCare's own locale."""
    locale = world.setting("commcare.locale")
    return own() if locale == LOCALE else phones.draw(locale, world.random.randrange).lstrip("+")


if __name__ == "__main__":
    FILE.write_text(json.dumps(draw(), indent=1) + "\n", encoding="utf-8")
