"""The pools of names that the agency is made from: `python -m mocksrv.vendors.carehq.seed.pools` draws them anew.

They are drawn from Faker once and stored, because making each person with Faker would take longer than all the rest.
"""

from __future__ import annotations

import json
from functools import cache

from mocksrv import fixtures

SEED = 20260101
SIZES = {"female": 150, "male": 150, "last": 300}


@cache
def pools() -> dict[str, list[str]]:
    """The stored pools: female and male first names, and last names."""
    stored: dict[str, list[str]] = json.loads(fixtures.path("carehq", "pools.json").read_bytes())
    return stored


def draw() -> dict[str, list[str]]:
    """Pools of different names each, from a seeded Faker."""
    from faker import Faker

    fake = Faker("en_GB")
    fake.seed_instance(SEED)
    makers = {"female": fake.first_name_female, "male": fake.first_name_male, "last": fake.last_name}
    drawn = {}
    for name, size in SIZES.items():
        found: dict[str, None] = {}
        while len(found) < size:
            found[makers[name]()] = None
        drawn[name] = list(found)
    return drawn


def main() -> None:
    path = fixtures.path("carehq", "pools.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(draw(), indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
