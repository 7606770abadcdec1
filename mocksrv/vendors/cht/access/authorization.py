"""Which documents belong to an offline user: what it replicates, and all that it may read and write.

CHT 4.15 source, api/src/services/authorization.js, ddocs/medic-db/medic/views (contacts_by_depth,
docs_by_replication_key).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.access.auth import USER
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch.view_index import Thrown, View, rows_of
from mocksrv.vendors.cht.ddocs.mapping import KINDS, Rows, is_contact, lineage, member, truthy
from mocksrv.vendors.cht.ddocs.replication_keys import ALL, LATER_COMMON_TYPE, UNASSIGNED, docs_by_replication_key
from mocksrv.vendors.cht.node import javascript, json_text
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

Doc = Mapping[str, Any]

DESIGN = "_design/medic-client"
DEFAULTS = (DESIGN, "service-worker-meta", "settings")  # all that `_changes` and `_all_docs` give, with the account
NO_LIMIT = -1
INTEGER = re.compile(r"\s*([+-]?\d{1,15})")


class Scope(NamedTuple):
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
    if settings_doc is None:
        errors.server_error(diagnosis=f"the account {name} has no user-settings document")
    return Scope(tuple(facilities), tuple(user.get("roles") or ()), name, settings_doc.get("contact_id"))


# --- what a document belongs to ------------------------------------------------------------------------------


class Key(NamedTuple):
    """One key that a document replicates with."""

    subject: Any
    kind: Any = None
    submitter: Any = None
    private: bool = False


def keys_of(doc: Doc) -> list[Key]:
    """The replication keys of a document; none if nobody replicates it."""
    try:
        return [key_of(subject, value) for subject, value in docs_by_replication_key(doc)]
    except Thrown:
        return []


def key_of(key: Any, value: Mapping[str, Any]) -> Key:
    """The key that a row of the view shows."""
    return Key(key, value.get("type"), value.get("submitter"), "private" in value)


# --- what a user may see -------------------------------------------------------------------------------------


def primary_contact(place: Doc) -> Any:
    """The id of a place's contact, which may be an object or that id."""
    contact = place.get("contact")
    return member(contact, "_id") or contact


def by_primary_contact(place: Doc) -> Rows:
    if isinstance(id := primary_contact(place), str):
        yield id, None


PRIMARY = "medic", "replication", "by_primary_contact"
BY_PRIMARY = View(by_primary_contact, types=KINDS, order=json_text.dumps)


class Reader:
    """What one user may see. Contacts are looked up only when a document depends on them."""

    def __init__(self, world: World, scope: Scope) -> None:
        settings = app_settings.read(world)
        self.scope = scope
        self.medic = documents.database(world, "medic")
        self.world, later = world, releases.PRIMARY_CONTACTS.holds(world)
        self.contact_depth, self.report_depth, self.primary = depths(settings, scope.roles, later=later)
        self._levels: dict[Any, int | None] = {ALL: 0, scope.account: 0, UNASSIGNED: None}
        self._complete = False  # whether they are all that there are
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
        """The level of a contact; that of its places if it is there for them alone. None if the user has it not."""
        found = self.own_level(contact)
        if found is not None or not self.primary or not is_contact(contact):
            return found
        places = rows_of(self.world, PRIMARY, BY_PRIMARY).at(contact.get("_id"))
        levels = (self.own_level(self.medic.peek(id) or {}) for _, id, *_ in places)
        return min((level for level in levels if level is not None), default=None)

    def own_level(self, contact: Doc) -> int | None:
        """How many levels a contact is below the user's place; None if it is outside, or too deep."""
        if not is_contact(contact):
            return None
        facilities = self.scope.facilities
        nearest = next((depth for depth, id in lineage(contact) if id in facilities), None)  # they come nearest first
        if nearest is None or (self.contact_depth != NO_LIMIT and nearest > self.contact_depth):
            return None
        return nearest

    def subject(self, key: Any) -> int | None:
        """The level of the contact of that id or short code; None if the user does not have it.

        A short code that is a number does not equal the text of its digits.
        """
        if isinstance(key, bool) or not isinstance(key, str | int | float):
            return None
        if key not in self._levels and not self._complete:
            named = [doc for doc in self.medic.by("by_shortcode", str(key)) if key in shortcode(doc)]
            if isinstance(key, str) and (own := self.medic.peek(key)) is not None:
                named.append(own)
            self._levels[key] = min((level for level in map(self.level, named) if level is not None), default=None)
        return self._levels.get(key)

    def contacts(self) -> set[str]:
        """The ids of all contacts that the user has. From then on `subjects` are complete."""
        below = {id for facility in self.scope.facilities if isinstance(facility, str)
                 for id in self.medic.docs.by("by_ancestor", facility)}
        limited = self.contact_depth != NO_LIMIT or self.report_depth != NO_LIMIT
        levels: dict[Any, int] = {}
        found = set()
        for id in below:
            contact = self.medic.docs.peek(id) or {}
            level = self.level(contact) if limited else 0 if is_contact(contact) else None
            if level is not None:
                found.add(id)
                for name in (id, *shortcode(contact)):
                    levels[name] = min(level, levels.get(name, level))
        for id in [*found] if self.primary else ():
            found |= self._with_primary(id, levels)
        self._levels, self._complete = {**levels, **self._levels}, True
        return found

    def _with_primary(self, id: str, levels: dict[Any, int]) -> set[str]:
        """The contact of a place, at the place's level unless it is nearer."""
        place = self.medic.docs.peek(id) or {}
        contact = self.medic.peek(primary_contact(place)) if isinstance(primary_contact(place), str) else None
        if contact is None or not is_contact(contact):
            return set()
        for name in (contact["_id"], *shortcode(contact)):
            levels[name] = min(levels[id], levels.get(name, levels[id]))
        return {contact["_id"]}

    @property
    def subjects(self) -> list[Any]:
        """The keys of which is known that the user has them."""
        return [key for key, level in self._levels.items() if level is not None]

    def near(self, key: Key) -> bool:
        """Whether a report is within the configured depth by this key, which need not be the one that the user sees it
        by; the user's own reports always are."""
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
            return self.level(doc) is not None or (self.primary and self.subject(id) is not None)
        return any(map(self.sees, keys)) and any(map(self.near, keys))

    def may_create(self, doc: Doc) -> bool:
        """Whether anybody may create the document: feedback, in older releases."""
        return doc.get("type") == "feedback" and not releases.FEEDBACK.holds(self.world)

    def admitted(self, docs: Sequence[Doc]) -> list[int]:
        """Which of several documents the user may write, by their places, in the order in which they are let in: new
        contacts admit further documents that belong to them, and removed ones no longer do."""
        order: dict[int, None] = {}
        again = True
        while again:
            again = False
            for number, doc in enumerate(docs):
                if number not in order:
                    if allowed := self.may_create(doc) or self.may(doc.get("_id"), doc):
                        order[number] = None
                    again = self._learn(doc, allowed) or again
        return list(order)

    def _learn(self, doc: Doc, allowed: bool) -> bool:
        """Note that a contact will exist, or not; returns whether that changes anything."""
        if not is_contact(doc):
            return False
        more = (primary_contact(doc),) if self.primary and allowed else ()
        names = [name for name in (doc.get("_id"), *shortcode(doc), *more) if isinstance(name, str | int | float)]
        fresh = [name for name in names if not allowed or self.subject(name) is None]
        known = (self.level(doc), *(map(self.subject, names) if self.primary else ())) if allowed else ()
        level = min((one for one in known if one is not None), default=None)  # it may be there for its places alone
        self._levels.update(dict.fromkeys(fresh, level))
        return allowed and bool(fresh)


def shortcode(contact: Doc) -> list[Any]:
    """The short code (`patient_id`, else `place_id`) of a contact, if it has one: a text or a number."""
    code = contact.get("patient_id")
    code = code if truthy(code) else contact.get("place_id")
    return [code] if code and type(code) in (str, int, float) and code == code else []


def depths(settings: Mapping[str, Any], roles: Sequence[Any], *, later: bool) -> tuple[int, int, bool]:
    """The deepest `replication_depth` of the roles, with its `report_depth` and whether contacts of places are added.

    Of several as deep the first counts, in later releases the more permissive.
    """
    configured = settings.get("replication_depth")
    if javascript.truthy(configured) and not isinstance(configured, list):
        errors.server_error(diagnosis="replication_depth in the app settings must be a list")
    listed = [one for one in configured if isinstance(one, dict)] if isinstance(configured, list) else []
    deepest, reports, primary = NO_LIMIT, NO_LIMIT, False
    for role in roles:
        found = next((one for one in listed if one.get("role") == role), {})
        depth = integer(found.get("depth"))
        near, added = integer(found.get("report_depth")), later and truthy(found.get("replicate_primary_contacts"))
        if depth > deepest:
            deepest, reports, primary = depth, near, added
        elif later and depth == deepest != NO_LIMIT:
            reports, primary = max(reports, near), primary or added
    return deepest, reports, primary


def integer(value: Any) -> int:
    """JavaScript's parseInt; anything but a number sets no limit."""
    found = INTEGER.match(javascript.text(value))
    return int(found[1]) if found else NO_LIMIT
