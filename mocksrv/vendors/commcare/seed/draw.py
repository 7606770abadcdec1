"""Draw the pools of names anew from Faker: `python -m mocksrv.vendors.commcare.seed.draw`."""

from __future__ import annotations

import json
from collections.abc import Callable

from mocksrv.vendors.commcare.seed.pools import FILE


def draw() -> dict[str, list[str]]:
    """New pools."""
    from faker import Faker

    fake = Faker("tw_GH")
    fake.seed_instance(1)
    kinds = {"female": (fake.first_name_female, 60), "male": (fake.first_name_male, 60), "last": (fake.last_name, 80),
             "places": (fake.city, 60)}
    return {name: sorted(unique(make, wanted)) for name, (make, wanted) in kinds.items()}


def unique(make: Callable[[], str], wanted: int) -> set[str]:
    """So many different values, or as many as a thousand tries give."""
    found: set[str] = set()
    for _ in range(1000):
        if len(found) < wanted:
            found.add(make().title())
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(draw(), indent=1) + "\n", encoding="utf-8")
