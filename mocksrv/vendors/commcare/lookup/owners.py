"""Whom the rows of an uploaded workbook are for. HQ source: corehq/apps/fixtures/upload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from mocksrv.vendors.commcare.django.model_fields import is_email
from mocksrv.vendors.commcare.form_processor.stores import TOP_NUMBER
from mocksrv.vendors.commcare.lookup.sheets import Row
from mocksrv.vendors.commcare.lookup.workbook import items

if TYPE_CHECKING:
    from mocksrv.world import World

ADDED = "But the row is successfully added"


class Owners:
    """The users, groups and locations of a domain."""

    def __init__(self, world: World, domain: str) -> None:
        self.world, self.domain = world, domain

    def problems(self, row: Row) -> Iterator[str]:
        """What is wrong with the owners of a row: names that nobody has, or several. Raises 500."""
        for name in items(row, "user"):
            yield from self.user(str(name).lower())
        for name in items(row, "group"):
            if self.world.table("commcare.groups").first("by_name", (self.domain, str(name))) is None:
                yield f"Unknown group: '{name}'. {ADDED}"
        for name in items(row, "location"):
            yield from self.location(str(name).lower())

    def user(self, name: str) -> Iterator[str]:
        username = name if is_email(name) else f"{name}@{self.domain}.commcarehq.org"
        if not is_email(username):
            yield f"Invalid username: '{name}'. {ADDED}"
        elif self.world.table("commcare.users").first("by_username", username) is None:
            yield f"Unknown user: '{name}'. {ADDED}"

    def location(self, name: str) -> Iterator[str]:
        """By site code, or else by name."""
        places = self.world.table("commcare.locations")
        coded = (places.peek(id) or {} for id in places.by("by_site_code", (self.domain, name)))
        if any(not place["archived"] for place in coded):
            return
        if self.names[name] > 1:
            yield f"Multiple locations found with the name: '{name}'.  Try using site code. {ADDED}"
        elif not self.names[name]:
            yield f"Unknown location: '{name}'. {ADDED}"

    @cached_property
    def names(self) -> Counter[str]:
        """How many locations have a name, in small letters."""
        places, first, last = self.world.table("commcare.locations"), (self.domain,), (self.domain, TOP_NUMBER)
        every = (places.peek(id) or {} for _, id in places.range("by_number", first, last))
        return Counter(str(place["name"]).lower() for place in every if not place["archived"])
