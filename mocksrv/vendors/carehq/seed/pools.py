"""The names and numbers of the agency's people: of its own locale stored, of others drawn from Faker for a world.

`python -m mocksrv.vendors.carehq.seed.pools` draws the stored ones anew: loading Faker takes longer than all the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, lru_cache

from mocksrv import fixtures
from mocksrv.people import names, phones

LOCALE = "en_GB"
SEED = 20260101  # of the stored pools
SIZES = {"female": 150, "male": 150, "last": 300}
Pools = dict[str, list[str]]


def pools(locale: str, seed: str) -> Pools:
    """Female and male first names, and last names; read only."""
    return stored() if locale == LOCALE else draw(locale, seed)


@cache
def stored() -> Pools:
    held: Pools = json.loads(fixtures.path("carehq", "pools.json").read_bytes())
    return held


@lru_cache(maxsize=32)
def draw(locale: str = LOCALE, seed: int | str = SEED) -> Pools:
    """Pools of different names each, from a seeded Faker."""
    makers = names.draws(locale, seed)
    return {kind: names.different(makers[kind], size) for kind, size in SIZES.items()}


def phone(locale: str, below: Callable[[int], int], *, fixed: bool = False) -> str:
    """A number as it is written inside the country. Ofcom keeps the British ones for drama: they ring nowhere."""
    if locale != LOCALE:
        return phones.draw(locale, below, fixed=fixed, national=True)
    return f"{'01632 960' if fixed else '07700 900'}{below(1000):03}"


def main() -> None:
    path = fixtures.path("carehq", "pools.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(draw(), indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
