"""What a user without `access_all_locations` may see and change: cases of the user's own locations and those below.

commcare-hq corehq/apps/locations/permissions.py (user_can_access_case) and corehq/apps/hqcase/api/updates.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.errors import view_error
from mocksrv.vendors.commcare.form_processor.stores import owned

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]


class Reach:
    """The owners whose cases a caller may see in a domain; all if `places` is None."""

    def __init__(self, world: World, domain: str, caller: Any) -> None:
        self.world = world
        self.domain = domain
        self.places = None if caller.may(world, domain, "access_all_locations") else self.below(own(caller, domain))

    def below(self, roots: Iterable[str]) -> set[str]:
        """Locations with all that lie below them."""
        table, found, waiting = self.world.table("commcare.locations"), set(), list(roots)
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                waiting += table.by("by_parent", (self.domain, place))
        return found

    def covers(self, owner_id: str) -> bool:
        """Whether an owner is an accessible location, or a mobile worker at one."""
        if self.places is None or owner_id in self.places:
            return True
        user = owned(self.world, "commcare.users", owner_id, self.domain)
        return user is not None and not self.places.isdisjoint(user["location_ids"])

    def sees(self, case: Doc) -> bool:
        return self.covers(case["owner_id"])

    def check_owners(self, owner_ids: Iterable[str]) -> None:
        """Refuse a change that concerns owners who are not accessible."""
        beyond = sorted({owner for owner in owner_ids if owner and not self.covers(owner)})
        places = {owner for owner in beyond if owned(self.world, "commcare.locations", owner, self.domain)}
        for kind, ids in (("location", sorted(places)), ("user", [owner for owner in beyond if owner not in places])):
            if ids:
                listed = f"{{{', '.join(map(repr, ids))}}}"  # HQ prints a Python set
                raise denied(f"No permission to access following {kind} ids from given case/owner ids: {listed}")


def own(caller: Any, domain: str) -> list[str]:
    """The locations that a caller is assigned to."""
    if caller.kind == "mobile":
        return list(caller.user["location_ids"])
    return list(caller.membership(domain)["assigned_location_ids"])


def denied(text: str) -> Refusal:
    return view_error(403, text, diagnosis="the caller's role lacks access_all_locations")
