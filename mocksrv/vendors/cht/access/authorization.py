"""Which documents belong to an offline user: what it replicates, and all that it may read and write.

CHT 4.15 source, api/src/services/authorization.js, ddocs/medic-db/medic/views (contacts_by_depth,
docs_by_replication_key).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.access.auth import USER
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch.view_index import Thrown
from mocksrv.vendors.cht.ddocs.mapping import first, is_contact, lineage, truthy
from mocksrv.vendors.cht.ddocs.replication_keys import ALL, LATER_COMMON_TYPE, UNASSIGNED, docs_by_replication_key
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

Doc = Mapping[str, Any]

DESIGN = "_design/medic-client"
DEFAULTS = (DESIGN, "service-worker-meta", "settings")  # all that `_changes` and `_all_docs` give, with the account
NO_LIMIT = -1
INTEGER = re.compile(r"\s*([+-]?\d{1,15})")


@dataclass(frozen=True)
class Scope:
    """The facts that replication depends on; without a `user` tasks never count. `contact` is the id of the user's own.
    """

    facilities: tuple[Any, ...]
    roles: tuple[Any, ...] = ()
    user: str | None = None
    contact: Any = None

    @property
    def account(self) -> str:
        return f"{USER}{self.user or 'undefined'}"

    @property
    def defaults(self) -> tuple[str, ...]:
        return (*DEFAULTS, self.account)


def of_user(world: World, name: str) -> Scope:
    """The scope of an offline account; refuses with 500 if the account is broken."""
    user = documents.database(world, "_users").peek(USER + name) or {}
    settings_doc = documents.database(world, "medic").peek(USER + name)
    found = user.get("facility_id")
    facilities = found if isinstance(found, list) else [found] if javascript.truthy(found) else []
    if settings_doc is None or not (facilities or releases.NO_PLACE.holds(world)):
        errors.server_error(diagnosis=f"the account {name} has no user-settings document or no place")
    return Scope(tuple(facilities), tuple(user.get("roles") or ()), name, settings_doc.get("contact_id"))


# --- what a document belongs to ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """One key that a document replicates with."""

    subject: Any
    kind: Any = None
    submitter: Any = None
    private: bool = False


def keys_of(doc: Doc) -> list[Key]:
    """The replication keys of a document; none if nobody replicates it."""
    try:
        return [Key(subject, value.get("type"), value.get("submitter"), "private" in value)
                for subject, value in docs_by_replication_key(doc)]
    except Thrown:
        return []


# --- what a user may see -------------------------------------------------------------------------------------


class Reader:
    """What one user may see. Contacts are looked up only when a document depends on them."""

    def __init__(self, world: World, scope: Scope) -> None:
        settings = app_settings.read(world)
        self.scope = scope
        self.medic = documents.database(world, "medic")
        self.contact_depth, self.report_depth = depths(settings, scope.roles)
        self._levels: dict[Any, int | None] = {ALL: 0, scope.account: 0, UNASSIGNED: None}
        if javascript.truthy(settings.get("district_admins_access_unallocated_messages")) and app_settings.allows(
                world, scope.roles, "can_view_unallocated_data_records"):
            self._levels[UNASSIGNED] = 0
        self._common = LATER_COMMON_TYPE if releases.ADMIN_ONLY.holds(world) else None
        self._own = set(self._names(scope.contact))
        for facility in scope.facilities:
            self._own.update(self._names(facility))

    def _names(self, id: Any) -> Iterator[Any]:
        """The id of a contact and its short code."""
        if isinstance(id, str):
            yield id
            yield from shortcode(self.medic.peek(id) or {})

    def level(self, contact: Doc) -> int | None:
        """How many levels a contact is below the user's place; None if it is outside, or too deep."""
        if not is_contact(contact):
            return None
        nearest = min((depth for depth, id in lineage(contact) if id in self.scope.facilities), default=None)
        if nearest is None or (self.contact_depth != NO_LIMIT and nearest > self.contact_depth):
            return None
        return nearest

    def subject(self, key: Any) -> int | None:
        """The level of the contact of that id or short code; None if the user does not have it.

        A short code that is a number does not equal the text of its digits.
        """
        if isinstance(key, bool) or not isinstance(key, str | int | float):
            return None
        if key not in self._levels:
            named = [doc for doc in self.medic.by("by_shortcode", str(key)) if key in shortcode(doc)]
            if isinstance(key, str) and (own := self.medic.peek(key)) is not None:
                named.append(own)
            self._levels[key] = min((level for level in map(self.level, named) if level is not None), default=None)
        return self._levels[key]

    def near(self, key: Key) -> bool:
        """Whether a report is within the configured depth; the user's own reports always are."""
        if self.report_depth == NO_LIMIT or key.kind != "data_record" or (
                key.submitter and key.submitter == self.scope.contact):
            return True
        level = self.subject(key.subject)
        return level is not None and level <= self.report_depth

    def sees(self, key: Key) -> bool:
        """Whether a key belongs to the user, unless it is a private report about the user or its place by somebody
        else.
        """
        if self.subject(key.subject) is None:
            return False
        secret = key.private and key.submitter and key.subject in self._own
        return not secret or self.subject(key.submitter) is not None

    def may(self, id: Any, doc: Doc) -> bool:
        """Whether the user may see a document."""
        if id in (DESIGN, self.scope.account):
            return True
        keys = keys_of(doc)
        if (keys and keys[0].subject == ALL) or (self._common and doc.get("type") == self._common):
            return True
        if is_contact(doc):
            return self.level(doc) is not None
        return any(self.sees(key) and self.near(key) for key in keys)

    def admitted(self, docs: Sequence[Doc]) -> list[bool]:
        """Which of several documents the user may write: new contacts admit further documents that belong to them, and
        removed ones no longer do."""
        verdicts, again = [False] * len(docs), True
        while again:
            again = False
            for number, doc in enumerate(docs):
                if not verdicts[number]:
                    verdicts[number] = may_create(doc) or self.may(doc.get("_id"), doc)
                    again = self._learn(doc, verdicts[number]) or again
        return verdicts

    def _learn(self, doc: Doc, allowed: bool) -> bool:
        """Note that a contact will exist, or not; returns whether that changes anything."""
        if not is_contact(doc):
            return False
        names = [name for name in (doc.get("_id"), *shortcode(doc)) if isinstance(name, str | int | float)]
        fresh = [name for name in names if not allowed or self.subject(name) is None]
        self._levels.update(dict.fromkeys(fresh, self.level(doc) if allowed else None))
        return allowed and bool(fresh)


def shortcode(contact: Doc) -> list[Any]:
    """The short code (`patient_id`, else `place_id`) of a contact, if it has one."""
    code = first(contact.get("patient_id"), contact.get("place_id"))
    return [code] if truthy(code) else []


def may_create(doc: Doc) -> bool:
    """Whether a document may be created by anybody, as feedback may."""
    return doc.get("type") == "feedback"


def depths(settings: Mapping[str, Any], roles: Sequence[Any]) -> tuple[int, int]:
    """The deepest `replication_depth` of the roles, and the `report_depth` that goes with it."""
    configured = settings.get("replication_depth")
    if javascript.truthy(configured) and not isinstance(configured, list):
        errors.server_error(diagnosis="replication_depth in the app settings must be a list")
    listed = [one for one in configured if isinstance(one, dict)] if isinstance(configured, list) else []
    deepest, reports = NO_LIMIT, NO_LIMIT
    for role in roles:
        found = next((one for one in listed if one.get("role") == role), {})
        depth = integer(found.get("depth"))
        if depth > deepest:
            deepest, reports = depth, integer(found.get("report_depth"))
    return deepest, reports


def integer(value: Any) -> int:
    """JavaScript's parseInt; anything but a number sets no limit."""
    found = INTEGER.match(javascript.text(value))
    return int(found[1]) if found else NO_LIMIT
