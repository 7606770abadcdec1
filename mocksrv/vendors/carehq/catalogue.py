"""The catalogue of CareHQ's resources: what `catalogue.json` holds, as objects.

Each entry of the catalogue says where it is known from: `docs` (developer pages), `help` (the help article on API
keys, which names it as a permission), `sdk` (official clients), `integration` (published third-party code),
`inferred` (described, but its name was deduced), `ours` (our choice).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

# The proof level of each kind of source; what neither developer pages nor clients show is an assumption.
PROOF = {"docs": "docs", "sdk": "source"}
ACTIONS = {  # action -> method, whether the path names a record, permission
    "list": ("GET", False, "read"),
    "retrieve": ("GET", True, "read"),
    "create": ("PUT", False, "create"),
    "update": ("PATCH", True, "update"),
    "delete": ("DELETE", True, "delete"),
}
WRITES = ("create", "update", "delete")
LIST_FILTERS = ("ids", "options")


class Attribute(NamedTuple):
    """One attribute of a record. `kind` is id, ref, string, text, email, phone, integer, pence, number, boolean, date,
    datetime, enum or hash; `many` makes it a list of those."""

    name: str
    kind: str
    source: str
    many: bool = False
    null: bool = False
    read_only: bool = False
    unique: bool = False
    to: str | None = None  # the resource that a reference points to, or whose ids are the members of a hash
    group_type: str | None = None  # that the group pointed to must have
    of: tuple[str, ...] = ()  # options of an enum
    members: tuple[str, ...] = ()  # of a hash
    about: str = ""

    @property
    def empty(self) -> Any:
        """The value of an attribute that was not given, None if its kind has none."""
        if self.many:
            return []
        return False if self.kind == "boolean" and not self.null else None


class Filter(NamedTuple):
    """One filter of a list, named without its `filters-`."""

    name: str
    kind: str  # ids, options, tristate, keyword, date or datetime
    source: str
    attribute: str | None = None
    op: str = ""  # gt, gte, lt or lte
    fields: tuple[str, ...] = ()  # that a keyword is looked for in
    default: str | None = None
    open_ended: bool = False  # null means no end yet, so it is later than any date
    equals: Any = ...  # the value that counts as yes, where that is not simply "true or not null"


class Argument(NamedTuple):
    """One argument of a create or update, beyond what its attribute says."""

    name: str
    source: str = "ours"
    required: bool = False
    default: Any = None
    kind: str | None = None  # for arguments that are no attribute
    max_length: int | None = None
    min: int | None = None
    max: int | None = None
    not_future: bool = False
    not_archived: bool = False
    offered_by_location: bool = False


@dataclass(frozen=True, eq=False)
class Resource:
    """One resource of the API."""

    slug: str
    title: str
    summary: str
    documented: bool
    known: str
    methods: dict[str, str]  # action -> source
    attributes: dict[str, Attribute]
    filters: dict[str, Filter]
    sort_by: tuple[str, ...]
    sort_source: str
    create: dict[str, Argument] = field(default_factory=dict)
    update: tuple[str, ...] = ()
    ignored: dict[str, str] = field(default_factory=dict)  # no attributes, but clients ask for them -> source

    @property
    def table(self) -> str:
        return f"carehq.{self.slug}"

    @property
    def writable(self) -> bool:
        return "create" in self.methods

    @cached_property
    def references(self) -> tuple[Attribute, ...]:
        """The attributes that name records of other resources."""
        return tuple(a for a in self.attributes.values() if a.to)

    @cached_property
    def unique(self) -> tuple[Attribute, ...]:
        return tuple(a for a in self.attributes.values() if a.unique)

    def arguments(self, action: str) -> dict[str, Argument]:
        """What create or update takes; for resources whose writes are not documented, all that is not read-only."""
        if not self.writable:
            return {a.name: Argument(a.name, required=action == "create" and not a.null and a.empty is None)
                    for a in self.attributes.values() if not a.read_only}
        if action == "create":
            return self.create
        return {name: self.create.get(name, Argument(name)) for name in self.update}


def load(path: Path) -> dict[str, Resource]:
    """The resources by slug, in the order of the catalogue."""
    return {slug: parse(slug, entry) for slug, entry in json.loads(path.read_bytes()).items()}


def parse(slug: str, entry: dict[str, Any]) -> Resource:
    parts = dict(entry)
    parts["attributes"] = {name: Attribute(name, **frozen(a)) for name, a in parts["attributes"].items()}
    parts["filters"] = {name: Filter(name, **frozen(f)) for name, f in parts["filters"].items()}
    parts["create"] = {name: Argument(name, **a) for name, a in parts.get("create", {}).items()}
    return Resource(slug, **frozen(parts))


def frozen(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


RESOURCES = load(Path(__file__).with_name("catalogue.json"))


def referrers(slug: str) -> Iterator[tuple[Resource, Attribute]]:
    """The attributes of all resources that may point to records of this one."""
    for resource in RESOURCES.values():
        for attribute in resource.references:
            if attribute.to == slug:
                yield resource, attribute
