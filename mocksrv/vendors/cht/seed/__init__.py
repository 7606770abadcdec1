"""Made-up data: a hierarchy of places with people, an account for each role, and forms."""

from __future__ import annotations

from mocksrv.vendors.cht.seed import accounts, forms, hierarchy
from mocksrv.world import World


def plant(world: World, size: int) -> None:
    """Fill a new world with that many contacts, the accounts that go with them, and forms."""
    places = hierarchy.plant(world, size)
    accounts.plant(world, places)
    forms.plant(world)
