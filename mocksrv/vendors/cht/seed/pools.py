"""The names that made-up data draws from. `python -m mocksrv.vendors.cht.seed.pools` writes them anew."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from mocksrv import fixtures

FILE = ("cht", "pools.json")
SEED = 4150
NAMES = 120  # of each kind
AREAS = ("Busia", "Butere", "Emuhaya", "Funyula", "Gem", "Hamisi", "Kakamega", "Kisumu East", "Kisumu West", "Likuyani",
         "Lurambi", "Matayos", "Mbale", "Muhoroni", "Mumias", "Nambale", "Navakholo", "Nyakach", "Nyando", "Rarieda",
         "Sabatia", "Shinyalu", "Siaya", "Teso North", "Teso South", "Ugunja", "Vihiga")


@cache
def load() -> dict[str, Any]:
    """`female`, `male`, `last` and `area`: lists of names; read only."""
    found: dict[str, Any] = json.loads(fixtures.path(*FILE).read_bytes())
    return found


def make() -> dict[str, list[str]]:
    """The pools, drawn from Faker."""
    from faker import Faker

    source = Faker("en_KE")
    source.seed_instance(SEED)
    kinds = {"female": source.first_name_female, "male": source.first_name_male, "last": source.last_name}
    return {kind: sorted({draw() for _ in range(NAMES)}) for kind, draw in kinds.items()} | {"area": list(AREAS)}


if __name__ == "__main__":
    fixtures.path(*FILE).write_text(json.dumps(make(), indent=1, ensure_ascii=False) + "\n",
                                      encoding="utf-8")
