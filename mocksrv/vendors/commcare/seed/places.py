"""The location tree of `demo`: country, regions, districts, clinics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mocksrv.people.names import latin
from mocksrv.vendors.commcare.seed.pools import pools

if TYPE_CHECKING:
    from mocksrv.world import World

# name, code, administrative, shares cases
TYPES = (("Country", "country", True, False), ("Region", "region", True, False),
         ("District", "district", True, False), ("Clinic", "clinic", False, True))
CREATED = "2024-11-04T06:30:00.{:06d}Z"


def fill(world: World, domain: str, size: int) -> list[str]:
    """Location types and locations; the ids of the clinics."""
    for number, (name, code, administrative, shares) in enumerate(TYPES, 1):
        world.table("commcare.location_types").insert(str(number), {
            "id": number, "domain": domain, "name": name, "code": code, "parent_id": number - 1 or None,
            "administrative": administrative, "shares_cases": shares, "view_descendants": administrative})
    names = pools(world)["places"]
    made: list[dict[str, Any]] = [place(world, domain, 1, 1, "Demoland", "")]
    regions = min(2 + size // 2000, 8)
    for kind, parents, each in ((2, 1, regions), (3, regions, 2), (4, 2 * regions, min(2 + size // 500, 20))):
        above = made[-parents:]
        for parent in above:
            for _ in range(each):
                number = len(made) + 1
                name = names[number % len(names)] + (f" {number // len(names) + 1}" if number >= len(names) else "")
                made.append(place(world, domain, number, kind, name, parent["location_id"]))
    closed = place(world, domain, len(made) + 1, 4, "Old Clinic", made[-1]["parent_id"]) | {"archived": True}
    world.table("commcare.locations").load_many((item["location_id"], item) for item in [*made, closed])
    return [item["location_id"] for item in made if item["type_id"] == 4]


def place(world: World, domain: str, number: int, kind: int, name: str, parent: str) -> dict[str, Any]:
    """A location's document."""
    moment = CREATED.format(number)
    return {
        "location_id": world.hex(), "id": number, "domain": domain, "name": name,
        "site_code": site_code(name, number), "external_id": f"DHIS-{number:05d}" if kind == 4 else None,
        "created_at": moment, "last_modified": moment,
        "latitude": f"{world.random.uniform(-1, 1):.10f}" if kind == 4 else None,
        "longitude": f"{world.random.uniform(34, 38):.10f}" if kind == 4 else None,
        "location_data": {"catchment": str(world.random.randint(200, 9000))} if kind == 4 else {},
        "type_id": kind, "parent_id": parent, "archived": False,
    }


def site_code(name: str, number: int) -> str:
    """Small letters, digits and underlines of ASCII, as HQ has them; with the number where others are left out."""
    plain = name.lower().replace(" ", "_")
    return plain if re.fullmatch("[a-z0-9_]+", plain) else f"{latin(name, 'site')}_{number}"
