"""The domain `demo`: one small health programme whose parts fit together, as large as it is asked to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocksrv.store.row import uncollected
from mocksrv.vendors.commcare.form_processor import processing
from mocksrv.vendors.commcare.seed import accounts, activity, apps, people, places, records, tables

if TYPE_CHECKING:
    from mocksrv.world import World

DOMAIN = "demo"


def fill(world: World, size: int) -> None:
    """`size` cases, with the places, people, applications and forms that explain them."""
    clinics = places.fill(world, DOMAIN, size)
    workers = people.fill(world, DOMAIN, size, clinics)
    app = apps.fill(world, DOMAIN)
    # The tables take all at once only while they are empty, so the one form of exi-training comes in again.
    for name in ("commcare.forms", "commcare.cases"):
        for id in list(world.table(name).ids()):
            world.table(name).delete(id)
    with uncollected():
        submissions = records.submissions(world, DOMAIN, size, workers, app)
        processing.load(world, [accounts.milk(), *submissions])
        tables.fill(world, DOMAIN)
        activity.fill(world, DOMAIN, size, workers)
