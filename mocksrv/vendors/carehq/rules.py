"""What single resources do beyond the catalogue: small named functions, found by the resource's slug.

Sources: the developer pages name what happens (a visit's confirmation, its default user, the comment's label); details
that are not published are our choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mocksrv.vendors.carehq import errors
from mocksrv.vendors.carehq.arguments import Given
from mocksrv.vendors.carehq.catalogue import Resource

if TYPE_CHECKING:
    from mocksrv.vendors.carehq.call import Call
    from mocksrv.world import World

Record = dict[str, Any]
Held = Mapping[str, Any]
Check = Callable[["World", Given, Record, "Held | None"], None]
Fill = Callable[["World", "Call", Record], None]
Created = Callable[["World", "Call", Record, Record], None]


def nothing(*_: Any) -> None:
    """Most resources have no rule of their own."""


class Rules(NamedTuple):
    """`check` adds errors to what was given (the old record is None on create); `fill` completes a new record;
    `created` does what follows; `protect` refuses a change of an existing record."""

    check: Check = nothing
    fill: Fill = nothing
    created: Created = nothing
    protect: Callable[[Held], None] = nothing
    before_reading: Callable[[World], None] = nothing


RULES: dict[str, Rules] = {}


def rules_of(resource: Resource) -> Rules:
    return RULES.get(resource.slug, Rules())


def protect_group(group: Held) -> None:
    """Protected groups can neither be updated nor deleted (developer page: groups)."""
    if group["protected"]:
        raise errors.refused(403, "This group is protected.", diagnosis="only groups that are not protected change")


RULES["groups"] = Rules(protect=protect_group)
