"""Made-up data: places with people, an account for each role, forms, reports, messages, and data from devices."""

from __future__ import annotations

from mocksrv.vendors.cht.seed import accounts, devices, forms, hierarchy, records
from mocksrv.world import World


def plant(world: World, size: int) -> None:
    """Fill a new world with that many contacts, and accounts, forms and records for them."""
    forms.plant(world)
    places = hierarchy.plant(world, size, lambda places: records.make(world, places, size))
    accounts.plant(world, places)
    devices.plant(world, places)
