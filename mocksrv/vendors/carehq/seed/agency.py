"""The whole agency, in the order in which its parts refer to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocksrv.store.row import uncollected
from mocksrv.vendors.carehq.seed import enquiries, money, residents, setting_up
from mocksrv.vendors.carehq.seed.base import Agency

if TYPE_CHECKING:
    from mocksrv.world import World

LEAST = 40  # enquiries, so that each stage has some


def plant(world: World, size: int) -> None:
    """Fill a world; `size` is the number of care enquiries, all else is in proportion."""
    size = max(size, LEAST)
    homes, people = min(60, 12 + size // 2_000), max(25, size // 5)
    with uncollected():
        agency = Agency(world)
        setting_up.account(agency)
        setting_up.homes(agency, homes)
        setting_up.staff(agency)
        residents.rooms(agency, max(6, 6 * people // (5 * homes)))
        residents.move_in(agency, people)
        enquiries.arrive(agency, size)
        enquiries.follow(agency)
        residents.live(agency)
        money.terms(agency)
        money.bill(agency)
        agency.save()
