"""The names and numbers of made-up people: of CHT's own locale stored, of others drawn from Faker for a world.

`python -m mocksrv.vendors.cht.seed.pools` writes the stored ones anew.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache

from mocksrv import fixtures
from mocksrv.generator import Generator
from mocksrv.people import names, phones

FILE = ("cht", "pools.json")
LOCALE = "en_KE"
SEED = 4150  # of the stored pools
NAMES = 120  # of each kind
AREAS = ("Busia", "Butere", "Emuhaya", "Funyula", "Gem", "Hamisi", "Kakamega", "Kisumu East", "Kisumu West", "Likuyani",
         "Lurambi", "Matayos", "Mbale", "Muhoroni", "Mumias", "Nambale", "Navakholo", "Nyakach", "Nyando", "Rarieda",
         "Sabatia", "Shinyalu", "Siaya", "Teso North", "Teso South", "Ugunja", "Vihiga")
Pools = dict[str, list[str]]


def load(locale: str, seed: str) -> Pools:
    """`female`, `male`, `last` and `area`: lists of names; read only."""
    return stored() if locale == LOCALE else make(locale, seed)


@cache
def stored() -> Pools:
    found: Pools = json.loads(fixtures.path(*FILE).read_bytes())
    return found


@lru_cache(maxsize=32)
def make(locale: str = LOCALE, seed: int | str = SEED) -> Pools:
    """The pools, drawn from Faker; its towns are the areas where there is no list of ours."""
    source = names.draws(locale, seed)
    made = {kind: sorted({source[kind]() for _ in range(NAMES)}) for kind in ("female", "male", "last")}
    return made | {"area": list(AREAS) if locale == LOCALE else names.different(source["place"], len(AREAS))}


def phone(locale: str, random: Generator) -> str:
    """A mobile phone's number, as +254712345678."""
    if locale != LOCALE:
        return phones.draw(locale, random.randrange)
    return f"+2547{random.randint(10_000_000, 29_999_999)}"


if __name__ == "__main__":
    fixtures.path(*FILE).write_text(json.dumps(make(), indent=1, ensure_ascii=False) + "\n",
                                      encoding="utf-8")
