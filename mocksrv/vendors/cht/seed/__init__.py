"""Made-up data: a hierarchy of places with people, and an account for each role."""

from __future__ import annotations

from mocksrv.vendors.cht.seed import accounts, hierarchy
from mocksrv.world import World


def plant(world: World, size: int) -> None:
    """Fill a new world with that many contacts, and the accounts that go with them."""
    places = hierarchy.plant(world, size)
    accounts.plant(world, places)
