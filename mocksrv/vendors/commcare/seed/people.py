"""The mobile workers of `demo` and their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocksrv.people.names import latin
from mocksrv.vendors.commcare.seed import accounts
from mocksrv.vendors.commcare.seed.pools import phone, pools

if TYPE_CHECKING:
    from mocksrv.world import World

TEAMS = ("North team", "South team", "East team", "West team", "supervisors")


def fill(world: World, domain: str, size: int, clinics: list[str]) -> list[dict[str, Any]]:
    """Workers and groups; the active workers, the ready-made one first."""
    users = world.table("commcare.users")
    users.update(accounts.MOBILE_ID, {"location_id": clinics[0], "location_ids": [clinics[0]]})
    wanted = max(5, min(size // 10, 2000))
    made = [worker(world, domain, number, clinics) for number in range(1, wanted + 1)]
    made[-1]["active"] = False
    made[-2]["user_location_id"] = clinics[-1]
    for user in made:
        users.insert(user["id"], user)
    active = [users.get(accounts.MOBILE_ID) or {}, *(user for user in made if user["active"])]
    for number, name in enumerate(TEAMS):
        members = [user["id"] for user in [*active, made[-1]]][number :: len(TEAMS)]
        group: dict[str, Any] = {"id": world.hex(), "domain": domain, "name": name,
                                 "case_sharing": name != "supervisors",
                                 "reporting": True, "metadata": {"district": str(number)} if number else {},
                                 "users": members}
        world.table("commcare.groups").insert(group["id"], group)
    return active


def worker(world: World, domain: str, number: int, clinics: list[str]) -> dict[str, Any]:
    """A mobile worker's document."""
    names, random = pools(world), world.random
    first, last = random.choice(names["female"] if number % 2 else names["male"]), random.choice(names["last"])
    name = f"{latin(first, 'worker')}{number}"
    called = phone(world, lambda: f"2547{random.randint(0, 99_999_999):08d}")
    clinic = clinics[number % len(clinics)]
    return accounts.mobile_user(
        world.hex(), domain, name, first, last, email=f"{name}@example.org",
        phone_numbers=[called], default_phone_number=called, user_data={"cadre": "chw" if number % 3 else "nurse"},
        location_id=clinic, location_ids=[clinic],
        last_modified=f"2025-01-03T{number % 24:02d}:15:00.{random.randint(1, 999_999):06d}Z")
